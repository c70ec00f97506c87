import fc from 'fast-check';
import { NotTried } from '../errors.ts';
import { type Schema, unknownKeyword } from '../specs/schema.ts';
import { codePoints } from './schema-cases.ts';

/** Values that a flat schema allows, of any shape, as fast-check makes and shrinks them. */
export function arbitraryOf(schema: Schema): fc.Arbitrary<unknown> {
  const unknown = unknownKeyword(schema);
  if (unknown !== undefined) throw new NotTried(`the kit can't make values for the keyword ${unknown}`);
  if (Array.isArray(schema.type))
    return fc.oneof(...schema.type.map((type: string) => arbitraryOf({ ...schema, type })));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'string':
      return textOf(schema);
    case 'integer':
      return fc.integer({ min: Math.ceil(schema.minimum ?? -1_000), max: Math.floor(schema.maximum ?? 1_000) });
    case 'number':
      return fc.double({ min: schema.minimum ?? -1e6, max: schema.maximum ?? 1e6, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(arbitraryOf(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: schema.maxItems ?? 5,
      });
    case 'object':
      return objectOf(schema);
    default:
      return schema.properties ? objectOf(schema) : fc.jsonValue({ maxDepth: 2 });
  }
}

function objectOf({ properties = {}, required = [] }: Schema): fc.Arbitrary<object> {
  const members = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, arbitraryOf(schema)]));
  return fc.record(members, { requiredKeys: required.filter((name) => name in properties) });
}

/** Short ones mostly, of which people make sense when one is shown; the bounds have cases of their own. */
const usualMost = 40;

/** Any, but for surrogates. fast-check's own `binary` takes seconds to begin: it looks at all of Unicode first. */
const anyCodePoint = fc
  .integer({ min: 0, max: 0x10_ffff })
  .filter((codePoint) => codePoint < 0xd800 || codePoint > 0xdfff)
  .map((codePoint) => String.fromCodePoint(codePoint));

function textOf({ minLength = 0, maxLength = 1_000, pattern }: Schema): fc.Arbitrary<string> {
  const fits = (text: string): boolean => codePoints(text) >= minLength && codePoints(text) <= maxLength;
  const most = Math.min(maxLength, Math.max(usualMost, minLength));
  const units = ['grapheme-ascii', 'grapheme', anyCodePoint] as const;
  const free = fc.oneof(...units.map((unit) => fc.string({ unit, minLength, maxLength: most }))).filter(fits);
  if (pattern === undefined) return free;
  const regExp = new RegExp(pattern, 'u');
  // A pattern that excludes little is met by chance, and its values shrink better so.
  const byChance = fc.sample(free, { numRuns: 40, seed: 1 }).filter((text) => regExp.test(text)).length;
  return byChance > 10 ? free.filter((text) => regExp.test(text)) : fc.stringMatching(regExp).filter(fits);
}
