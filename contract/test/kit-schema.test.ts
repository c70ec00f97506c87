import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NotTried } from '../src/errors.ts';
import { arbitraryOf } from '../src/samples/arbitrary.ts';
import { brokenSamples, byKeyword, edgeSamples } from '../src/samples/schema-cases.ts';
import { readChat } from '../src/specs/chat.ts';
import { readHttp } from '../src/specs/http.ts';
import { statedBytes } from '../src/specs/index.ts';
import { flatten, type Schema } from '../src/specs/schema.ts';

const read = (file: string) => JSON.parse(readFileSync(join(import.meta.dirname, '../../generated', file), 'utf8'));
const http = readHttp(read('http/openapi.json'));
const chat = readChat(read('chat/asyncapi.json'));

const bodies = http.operations.flatMap(({ id, body }) => (body ? [[id, body.schema, body.examples[0]] as const] : []));
const frames = chat.client.map(({ type, schema, examples }) => [type, schema, examples.at(-1)?.payload] as const);
const claims = { id: '1', username: 'Igor', iss: 'palaver', exp: 1 };
const all: (readonly [string, Schema, unknown])[] = [...bodies, ...frames, ['claims', http.tokenClaims ?? {}, claims]];

const ajv = new Ajv2020({ allErrors: true, strict: false, unicodeRegExp: true });

describe.each(all)('%s', (_, schema, example) => {
  const validate = ajv.compile(schema);
  it('has an example that fits', () => {
    expect(validate(example)).toBe(true);
  });

  it('has samples that each break one keyword, at the place that they name', () => {
    const samples = brokenSamples(schema, example);
    expect(samples.length).toBeGreaterThan(10);
    for (const { pointer, keyword, name, value } of samples) {
      validate(value);
      const errors = validate.errors ?? [];
      const places = errors.map(({ instancePath, keyword: broken, params }) =>
        broken === 'required' ? `${instancePath}/${params.missingProperty} required` : `${instancePath} ${broken}`,
      );
      expect(places, `${pointer} ${keyword} ${name}`).toContain(`${pointer} ${keyword}`);
      expect(new Set(errors.map(({ instancePath }) => instancePath)).size, name).toBe(1);
    }
  });

  it('has every keyword of its schema broken', () => {
    const text = JSON.stringify(schema.properties);
    const broken = [...byKeyword(brokenSamples(schema, example)).keys()].map((place) => place.split('.').at(-1));
    for (const keyword of ['maxLength', 'minLength', 'pattern', 'const', 'required'])
      if (text.includes(`"${keyword}"`)) expect(broken).toContain(keyword);
  });

  it('has samples at its bounds that fit', () => {
    for (const { value, name } of edgeSamples(schema, example)) expect([validate(value), name]).toEqual([true, name]);
  });

  it('has random values that fit', () => {
    fc.assert(
      fc.property(arbitraryOf(schema), (value) => validate(JSON.parse(JSON.stringify(value)))),
      { numRuns: 50, seed: 7 },
    );
  });
});

it.each<object>([{ oneOf: [] }, { format: 'email' }, { properties: { a: { items: { multipleOf: 2 } } } }])(
  'makes no values for unknown keywords: %j',
  (schema) => {
    expect(() => arbitraryOf(schema as Schema)).toThrow(NotTried);
  },
);

it('makes values of any of several types', () => {
  const schema: Schema = { type: ['string', 'null'], maxLength: 2 };
  const validate = ajv.compile(schema);
  fc.assert(
    fc.property(arbitraryOf(schema), (value) => validate(value)),
    { numRuns: 50, seed: 7 },
  );
  expect(brokenSamples(schema, null).every(({ value }) => !validate(value))).toBe(true);
});

it('merges an allOf', () => {
  const document = {
    components: { A: { type: 'object', required: ['a'], properties: { a: { enum: ['x', 'y'] } } } },
  };
  const both = { allOf: [{ $ref: '#/components/A' }, { required: ['b'], properties: { a: { const: 'y' }, b: {} } }] };
  const { required, properties } = flatten(document, both);
  expect([required, properties?.a?.const, properties?.a?.enum]).toEqual([['a', 'b'], 'y', undefined]);
});

it.each([
  ['A body may have 16,384 bytes.', 16_384],
  ['A frame had more than 65,536 bytes.', 65_536],
  ['Too large.', undefined],
  [undefined, undefined],
])('reads the bound in "%s"', (description, want) => {
  expect(statedBytes(description)).toBe(want);
});
