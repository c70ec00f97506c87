import { describe, expect, it } from 'vitest';
import asyncapi from '../../../generated/chat/asyncapi.json' with { type: 'json' };
import openapi from '../../../generated/http/openapi.json' with { type: 'json' };

const rowOf = (code: string | number): RegExp => new RegExp(`^\\|(.*\\|)? \`?${code}\`? \\|.*\\w.* \\|$`, 'm');

describe('the introduction of each half has a remedy for', () => {
  it.each(openapi.components.schemas.ProblemCode.enum)('%s', (code) =>
    expect(openapi.info.description).toMatch(rowOf(code)),
  );
  it.each([...asyncapi.components.schemas.ErrorCode.enum, ...Object.keys(asyncapi.channels.room['x-close-codes'])])(
    '%s',
    (code) => expect(asyncapi.info.description).toMatch(rowOf(code)),
  );
});
