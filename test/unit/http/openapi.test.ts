import { describe, expect, it } from 'vitest';
import openapi from '../../../generated/http/openapi.json' with { type: 'json' };
import { withoutOperations, withStreamsByReference } from '../../../src/http/openapi.ts';

interface Item {
  readonly $ref?: string;
  readonly get?: { readonly responses: Readonly<Record<string, object>> };
}

const served = withStreamsByReference(withoutOperations(openapi, [])) as typeof openapi & {
  components: { pathItems: Record<string, Item> };
};
const paths = Object.entries(served.paths as unknown as Record<string, Item>);

const streams = ({ get }: Item): boolean => 'text/event-stream' in Object(Object(get?.responses[200]).content);

describe('the OpenAPI document as it is served', () => {
  // Version 0.1 of the contract kit calls every operation that it reads here, and waits for the end of the answer.
  it('has streams behind references only', () => {
    expect(paths.filter(([, item]) => streams(item))).toEqual([]);
    const referred = paths.filter(([, { $ref }]) => $ref !== undefined);
    expect(referred).toEqual([['/events', { $ref: '#/components/pathItems/events' }]]);
    expect(served.components.pathItems.events).toEqual(openapi.paths['/events']);
    expect(streams(served.components.pathItems.events!)).toBe(true);
  });

  it('has every other path as it is, in the same order', () => {
    expect(paths.map(([path]) => path)).toEqual(Object.keys(openapi.paths));
    expect(Object.fromEntries(paths.filter(([, { $ref }]) => $ref === undefined))).toEqual(
      Object.fromEntries(Object.entries(openapi.paths).filter(([path]) => path !== '/events')),
    );
  });
});
