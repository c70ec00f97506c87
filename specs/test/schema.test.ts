import { describe, expect, it } from 'vitest';
import { type Json, ordered, typeOf, zodOf } from '../emit/schema.ts';

const flat = (text: string): string => text.replace(/\s+/g, ' ');

describe('a schema becomes a type and a validator', () => {
  const cases: [name: string, given: Json, type: string, zod: string][] = [
    ['a string', { type: 'string' }, 'string', 'z.string()'],
    ['bounds of a string', { type: 'string', minLength: 1, maxLength: 9 }, 'string', 'z.string().min(1).max(9)'],
    ['a pattern', { type: 'string', pattern: '^a/b$' }, 'string', 'z.string().regex(/^a\\/b$/u)'],
    [
      'a pattern with its error in words',
      { type: 'string', pattern: 'a', 'x-pattern-error': "mustn't" },
      'string',
      "z.string().regex(/a/u, { error: 'mustn\\'t' })",
    ],
    [
      'a pattern beyond ASCII',
      { type: 'string', pattern: '[\u{e0001}é]' },
      'string',
      'z.string().regex(/[\\u{e0001}\\u{e9}]/u)',
    ],
    ['an enum', { enum: ['a', 'b'] }, "'a' | 'b'", "z.enum(['a', 'b'])"],
    ['a constant', { const: 'a' }, "'a'", "z.literal('a')"],
    ['a number that is constant', { const: 409 }, '409', 'z.literal(409)'],
    ['an integer', { type: 'integer', minimum: 0, maximum: 5 }, 'number', 'z.number().int().min(0).max(5)'],
    ['a number', { type: 'number', minimum: 0.5 }, 'number', 'z.number().min(0.5)'],
    ['a boolean', { type: 'boolean' }, 'boolean', 'z.boolean()'],
    ['a list', { type: 'array', items: { type: 'string' }, minItems: 1 }, 'string[]', 'z.array(z.string()).min(1)'],
    [
      'a list of choices',
      { type: 'array', items: { enum: ['a', 'b'] } },
      "('a' | 'b')[]",
      "z.array(z.enum(['a', 'b']))",
    ],
    ['a reference', { $ref: '#/components/schemas/UserId' }, 'UserId', 'userIdSchema'],
    [
      'an open object',
      { type: 'object', required: ['a'], properties: { a: { type: 'string' }, 'b-c': { type: 'number' } } },
      "{ a: string; 'b-c'?: number; }",
      "z.object({ a: z.string(), 'b-c': z.number().optional(), })",
    ],
    [
      'a closed object',
      { type: 'object', additionalProperties: false, properties: { a: { type: 'boolean' } } },
      '{ a?: boolean; }',
      'z.strictObject({ a: z.boolean().optional(), })',
    ],
    [
      'a narrowed component',
      {
        allOf: [
          { $ref: '#/components/schemas/Problem' },
          { type: 'object', required: ['code'], properties: { code: { const: 'x' } } },
        ],
      },
      "Problem & { code: 'x'; }",
      "problemSchema.extend({ code: z.literal('x'), })",
    ],
  ];
  it.each(cases)('%s', (_, given, type, zod) => {
    expect([flat(typeOf(given, '')), flat(zodOf(given, ''))]).toEqual([type, zod]);
  });
});

describe('the generator stops at an unsupported schema and names the place', () => {
  const cases: [name: string, given: Json, message: RegExp][] = [
    ['a keyword', { type: 'string', format: 'email' }, /^#\/format: .*'format'/],
    ['a keyword of another type', { type: 'string', minimum: 1 }, /^#\/minimum/],
    [
      'a keyword deep inside',
      { type: 'object', properties: { 'a/b': { type: 'string', contentEncoding: 'x' } } },
      /^#\/properties\/a~1b\/contentEncoding/,
    ],
    [
      'a keyword in a list',
      { type: 'array', items: { type: 'array', items: { type: 'string' }, uniqueItems: true } },
      /^#\/items\/uniqueItems/,
    ],
    ['two types', { type: ['string', 'null'] }, /^#: .*\["string","null"\]/],
    ['no type', { description: 'anything' }, /^#/],
    ['a choice of schemas', { oneOf: [{ type: 'string' }] }, /^#: .*oneOf/],
    ['a reference elsewhere', { $ref: 'other.yaml#/A' }, /^#: .*other\.yaml/],
    [
      'words beside a reference that change its meaning',
      { $ref: '#/components/schemas/A', minLength: 3 },
      /^#\/minLength/,
    ],
    [
      'a schema for additional properties',
      { type: 'object', additionalProperties: { type: 'string' } },
      /^#\/additionalProperties/,
    ],
    ['a required property that is not there', { type: 'object', required: ['b'], properties: {} }, /^#\/required: 'b'/],
    [
      'a narrowing that closes',
      { allOf: [{ $ref: '#/components/schemas/A' }, { type: 'object', additionalProperties: false }] },
      /^#\/allOf/,
    ],
    ['an invalid pattern', { type: 'string', pattern: '(' }, /^#\/pattern/],
  ];
  it.each(cases)('%s', (_, given, message) => {
    expect(() => typeOf(given, '#') + zodOf(given, '#')).toThrow(message);
  });

  it('a cycle', () => {
    const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });
    expect(() => ordered({ A: ref('B'), B: ref('A') }, '#')).toThrow(/cycles \(A → B → A\)/);
  });
});
