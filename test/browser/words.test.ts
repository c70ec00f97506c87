import { readFileSync } from 'node:fs';
import { PalaverError } from '@palaver/sdk';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { errorInWords, sentences } from '../../web/words.ts';

const spec = (name: string) => parse(readFileSync(new URL(`../../specs/${name}.yaml`, import.meta.url), 'utf8'));
const openapi = spec('openapi');
const asyncapi = spec('asyncapi');

/** Returns all values of a key, at any depth. */
function valuesOf(node: unknown, key: string): unknown[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) => [...(name === key ? [value] : []), ...valuesOf(value, key)]);
}

const closeCodes: { name: string }[] = valuesOf(asyncapi, 'x-close-codes').flatMap((codes) =>
  Object.values(codes as Record<string, { name: string }>),
);
const codes: string[] = [
  ...openapi.components.schemas.ProblemCode.enum,
  ...asyncapi.components.schemas.ErrorCode.enum,
  ...closeCodes.map(({ name }) => name),
];

it.each(codes)('the page has a sentence for %s', (code) => {
  expect(sentences[code as keyof typeof sentences]).toMatch(/^[A-Z].*\.$/);
});

it('names the field that the server refused', () => {
  const problem = (errors: { pointer: string; detail: string }[]) =>
    new PalaverError('invalid_body', '', {
      problem: { type: 'x', title: 'x', status: 400, code: 'invalid_body', errors },
    });
  expect(errorInWords(problem([{ pointer: '/invite', detail: 'is required' }]))).toBe(
    'The server did not accept the form: invite is required.',
  );
  expect(errorInWords(new PalaverError('invalid_message', '/msg/text: must not be empty'))).toBe(
    'The server did not accept this message: text must not be empty.',
  );
  expect(errorInWords(new PalaverError('invalid_message', 'The text is too long.'))).toBe(
    'The server did not accept this message: The text is too long.',
  );
});
