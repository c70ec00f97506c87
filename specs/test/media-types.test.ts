import { describe, expect, it } from 'vitest';
import { emitHttp } from '../emit/http.ts';
import type { Json } from '../emit/schema.ts';
import { emitSdk } from '../emit/sdk.ts';

const asyncapi: Json = { asyncapi: '3.0.0', components: { schemas: {} }, operations: {}, channels: {} };

/** Returns a spec with one operation and this response. */
const answering = (content: Json | undefined): Json => ({
  openapi: '3.1.0',
  info: { title: 'One operation', version: '1' },
  paths: {
    '/read': {
      get: {
        operationId: 'read',
        responses: {
          '200': { description: 'It.', ...(content && { content }) },
          '304': { description: 'You have it.' },
        },
      },
    },
  },
  components: {
    schemas: { Problem: { type: 'object', required: ['code'], properties: { code: { type: 'string' } } } },
  },
});

describe('the response of an operation, in the server’s route and the SDK’s method', () => {
  const cases: [name: string, given: Json | undefined, route: string, method: string | undefined][] = [
    [
      'JSON',
      { 'application/json': { schema: { enum: ['a', 'b'] } } },
      "content: { 'application/json': { schema: z.enum(['a', 'b']) } }",
      "output: 'a' | 'b';",
    ],
    [
      'HTML',
      { 'text/html': { schema: { type: 'string' } } },
      "content: { 'text/html': { schema: z.string() } }",
      undefined,
    ],
    [
      'YAML',
      { 'application/yaml': { schema: { type: 'string' } } },
      "content: { 'application/yaml': { schema: z.string() } }",
      undefined,
    ],
    ['nothing', undefined, '200: {\n      description: "It.",\n    }', 'output: void;'],
  ];

  it.each(cases)('%s', async (_, given, route, method) => {
    const document = answering(given);
    expect((await emitHttp(document))['routes.ts']).toContain(route);
    const operations = emitSdk(document, asyncapi)['operations.ts'];
    if (method === undefined) expect(operations).not.toMatch(/\bread\b/);
    else expect(operations).toContain(method);
  });

  it.each([
    ['a media type that it does not know', { 'image/png': { schema: { type: 'string' } } }, /\/content: .*only one of/],
    ['two at once', { 'text/html': { schema: {} }, 'application/json': { schema: {} } }, /\/content: .*only one of/],
    [
      'a text that is no string',
      { 'text/html': { schema: { type: 'object' } } },
      /content\/text~1html\/schema: a text is a string/,
    ],
  ] as const)('the generator stops at %s', async (_, content, wrong) => {
    await expect(emitHttp(answering(content))).rejects.toThrow(wrong);
  });
});
