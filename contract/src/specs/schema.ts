/** The part of JSON Schema (2020-12) that the kit makes values from; what is left is held to by Ajv all the same. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly allOf?: readonly Schema[];
}

/** Keywords that say nothing of which values are allowed. */
const annotations = /^(title|description|examples?|default|deprecated|readOnly|writeOnly|\$comment|x-.*)$/;
const known =
  /^(type|const|enum|(min|max)(Length|imum|Items)|pattern|items|required|properties|additionalProperties|allOf)$/;

/** A keyword of a flat schema, or of one within it, of which values can't be made; undefined if they can. */
export function unknownKeyword(schema: Schema): string | undefined {
  const own = Object.keys(schema).find((keyword) => !known.test(keyword) && !annotations.test(keyword));
  const inner = [...Object.values(schema.properties ?? {}), ...(schema.items ? [schema.items] : [])];
  return own ?? inner.map(unknownKeyword).find((keyword) => keyword !== undefined);
}

export type Document = Readonly<Record<string, unknown>>;

/** A member of an object, and undefined of anything else. */
export const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;

export const objectAt = (value: unknown, ...keys: readonly string[]): Readonly<Record<string, unknown>> => {
  const found = keys.reduce(member, value);
  return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
};

/** A key as a segment of a JSON pointer (RFC 6901), and back. */
export const segment = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
const key = (segmentText: string): string => segmentText.replaceAll('~1', '/').replaceAll('~0', '~');

/** Follows references to their end. Returns the part and its JSON pointer; `part` itself where it is no reference. */
export function resolve(document: Document, part: unknown, at: string, depth = 0): { part: unknown; at: string } {
  const ref = member(part, '$ref');
  if (typeof ref !== 'string' || depth > 20) return { part, at };
  const place = ref.slice(1);
  const found = place
    .split('/')
    .slice(1)
    .map(key)
    .reduce(member, document as unknown);
  return resolve(document, found, place, depth + 1);
}

/** A schema with its references replaced by what they name and its `allOf` taken together. */
export function flatten(document: Document, given: unknown, depth = 0): Schema {
  const schema = resolve(document, given, '').part as Schema;
  if (depth > 20 || typeof schema !== 'object' || schema === null) return {};
  const inner = (value: unknown): Schema => flatten(document, value, depth + 1);
  const own: Schema = {
    ...schema,
    ...(schema.properties && {
      properties: Object.fromEntries(Object.entries(schema.properties).map(([name, value]) => [name, inner(value)])),
    }),
    ...(schema.items && { items: inner(schema.items) }),
  };
  return (schema.allOf ?? []).map(inner).reduce(both, own);
}

/** Returns a schema that requires what both require, as far as samples need it. */
function both(one: Schema, other: Schema): Schema {
  const only = one.const ?? other.const;
  const some =
    one.enum && other.enum ? one.enum.filter((value) => other.enum?.includes(value)) : (one.enum ?? other.enum);
  const names = Object.keys({ ...one.properties, ...other.properties });
  return {
    ...one,
    ...other,
    ...(only !== undefined ? { const: only, enum: undefined } : { enum: some }),
    required: [...new Set([...(one.required ?? []), ...(other.required ?? [])])],
    properties: Object.fromEntries(
      names.map((name) => {
        const [mine, its] = [one.properties?.[name], other.properties?.[name]];
        return [name, mine && its ? both(mine, its) : (mine ?? its ?? {})];
      }),
    ),
  };
}
