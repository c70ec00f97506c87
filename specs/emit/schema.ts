/**
 * JSON Schema (2020-12) → TypeScript types and zod schemas. It knows the keywords of the table below and stops at any
 * other with its place in the spec, so that nothing a spec says is dropped silently.
 */

/** A part of a spec. */
export type Json = { readonly [key: string]: unknown };

/** The contract uses what the generator doesn't know. `at` is a JSON pointer into the spec. */
export class SpecError extends Error {
  override name = 'SpecError';
  constructor(at: string, message: string) {
    super(`${at}: ${message}`);
  }
}

const annotations = ['description', 'examples'];
const keywords: Record<string, readonly string[]> = {
  string: ['type', 'enum', 'const', 'minLength', 'maxLength', 'pattern', 'x-pattern-error'],
  integer: ['type', 'enum', 'minimum', 'maximum', 'const'],
  number: ['type', 'minimum', 'maximum'],
  boolean: ['type'],
  array: ['type', 'items', 'minItems', 'maxItems'],
  object: ['type', 'properties', 'required', 'additionalProperties'],
  $ref: ['$ref'],
  allOf: ['allOf'],
};

/** Stops at a member of `part` that is not in `known`. */
export function assertKnown(part: Json, known: readonly string[], at: string): void {
  for (const key of Object.keys(part)) {
    if (!known.includes(key)) throw new SpecError(`${at}/${key}`, `the generator does not know '${key}' here`);
  }
}

export const asObject = (value: unknown, at: string): Json => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new SpecError(at, 'not an object');
  return value as Json;
};

/** A JSON pointer's segment (RFC 6901). */
export const segment = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

const kindOf = (schema: Json, at: string): string => {
  const literal = schema.const ?? (Array.isArray(schema.enum) ? schema.enum[0] : undefined);
  const kind =
    '$ref' in schema
      ? '$ref'
      : 'allOf' in schema
        ? 'allOf'
        : (schema.type ?? (typeof literal === 'number' ? 'integer' : typeof literal));
  if (typeof kind !== 'string' || !(kind in keywords)) {
    throw new SpecError(
      at,
      `the generator does not know schemas of this kind (${JSON.stringify(schema.type ?? Object.keys(schema))})`,
    );
  }
  assertKnown(schema, [...keywords[kind]!, ...annotations], at);
  return kind;
};

/** `#/components/schemas/Name` → `Name`. */
export function refName(ref: unknown, at: string): string {
  const name = typeof ref === 'string' ? /^#\/components\/schemas\/([A-Za-z]\w*)$/.exec(ref)?.[1] : undefined;
  if (name === undefined) throw new SpecError(at, `the generator does not know references like ${JSON.stringify(ref)}`);
  return name;
}

/** The name of the zod schema of a component. */
const schemaName = (component: string): string => `${component[0]!.toLowerCase()}${component.slice(1)}Schema`;

const literal = (value: unknown): string =>
  typeof value === 'string'
    ? `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
    : JSON.stringify(value);
const property = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : literal(key));
const indent = (text: string): string => text.replaceAll('\n', '\n  ');

/** Names of components a schema refers to, in order of appearance. */
export function refsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(refsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === '$ref' ? [refName(inner, '')] : refsIn(inner)));
}

/** The members of an object schema, `[name, schema, required, place]`. */
function members(schema: Json, at: string): [string, Json, boolean, string][] {
  const properties = asObject(schema.properties ?? {}, at);
  const required = (schema.required ?? []) as string[];
  for (const name of required) {
    if (!(name in properties)) throw new SpecError(`${at}/required`, `'${name}' is required but no property`);
  }
  return Object.entries(properties).map(([name, inner]) => {
    const place = `${at}/properties/${segment(name)}`;
    return [name, asObject(inner, place), required.includes(name), place];
  });
}

const closed = (schema: Json, at: string): boolean => {
  if (typeof (schema.additionalProperties ?? true) !== 'boolean') {
    throw new SpecError(`${at}/additionalProperties`, 'the generator knows only true and false here');
  }
  return schema.additionalProperties === false;
};

/** `allOf` of a component and a part that narrows its properties: `[the component's name, the part]`. */
function narrowing(schema: Json, at: string): [string, Json, string] {
  const [base, part, ...more] = schema.allOf as Json[];
  const place = `${at}/allOf/1`;
  if (
    !base ||
    !part ||
    more.length > 0 ||
    kindOf(base, `${at}/allOf/0`) !== '$ref' ||
    kindOf(part, place) !== 'object' ||
    closed(part, place)
  ) {
    throw new SpecError(`${at}/allOf`, 'the generator knows only a $ref and an open object that narrows it');
  }
  return [refName(base.$ref, `${at}/allOf/0`), part, place];
}

/** Returns a schema's description and bounds, for the doc comment of its type. */
export function docOf(schema: Json): string {
  const { minLength, maxLength, minimum, maximum, minItems, maxItems } = schema;
  const range = (least: unknown, most: unknown, unit: string): string[] =>
    least === undefined && most === undefined ? [] : [`${[least ?? '', most ?? ''].join('..')} ${unit}`.trim()];
  const bounds = [
    ...range(minLength, maxLength, 'code points'),
    ...range(minItems, maxItems, 'items'),
    ...range(minimum, maximum, ''),
  ].map((bound) => `(${bound})`);
  const text = [String(schema.description ?? '').trim(), ...bounds].filter(Boolean).join(' ').replaceAll('*/', '*\\/');
  if (!text) return '';
  return text.includes('\n') ? `/**\n * ${text.replaceAll('\n', '\n * ')}\n */\n` : `/** ${text} */\n`;
}

/** A schema as a TypeScript type. */
export function typeOf(schema: Json, at: string): string {
  switch (kindOf(schema, at)) {
    case '$ref':
      return refName(schema.$ref, at);
    case 'allOf': {
      const [base, part, place] = narrowing(schema, at);
      return `${base} & ${typeOf(part, place)}`;
    }
    case 'string':
    case 'integer':
    case 'number':
      if (schema.const !== undefined) return literal(schema.const);
      if (Array.isArray(schema.enum)) return schema.enum.map(literal).join(' | ');
      return schema.type === 'string' ? 'string' : 'number';
    case 'boolean':
      return 'boolean';
    case 'array': {
      const items = typeOf(asObject(schema.items, `${at}/items`), `${at}/items`);
      return /^\w+$/.test(items) ? `${items}[]` : `(${items})[]`;
    }
    default: {
      closed(schema, at);
      const lines = members(schema, at).map(
        ([name, inner, required, place]) =>
          `${docOf(inner)}${property(name)}${required ? '' : '?'}: ${typeOf(inner, place)};`,
      );
      return `{\n  ${lines.map(indent).join('\n  ')}\n}`;
    }
  }
}

/**
 * A schema as the shape that a light check at run time needs: the kinds of its members, and which may be absent. Bounds,
 * patterns and values are left out, so that a contract which grows in them is read by clients of today.
 */
export function lightShapeOf(schema: Json, components: Json, at: string): string {
  switch (kindOf(schema, at)) {
    case '$ref': {
      const name = refName(schema.$ref, at);
      return lightShapeOf(asObject(components[name], at), components, `/components/schemas/${name}`);
    }
    case 'allOf': {
      // The part narrows members that the base has; their kinds stay.
      const [base] = narrowing(schema, at);
      return lightShapeOf(asObject(components[base], at), components, `/components/schemas/${base}`);
    }
    case 'string':
      return "'string'";
    case 'boolean':
      return "'boolean'";
    case 'array':
      return `[${lightShapeOf(asObject(schema.items, `${at}/items`), components, `${at}/items`)}]`;
    case 'object':
      return `{ ${members(schema, at)
        .map(
          ([name, inner, required, place]) =>
            `${property(required ? name : `${name}?`)}: ${lightShapeOf(inner, components, place)}`,
        )
        .join(', ')} }`.replace('{  }', '{}');
    default:
      return "'number'";
  }
}

/** A regular expression literal that reads the same wherever it is shown: beyond ASCII, code points are escaped. */
const regex = (pattern: string, at: string): string => {
  try {
    const { source } = new RegExp(pattern, 'u');
    return `/${source.replace(/[^\x20-\x7e]/gu, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)}/u`;
  } catch (error) {
    throw new SpecError(`${at}/pattern`, (error as Error).message);
  }
};

const bounds = (schema: Json, least: string, most: string): string =>
  (schema[least] === undefined ? '' : `.min(${schema[least]})`) +
  (schema[most] === undefined ? '' : `.max(${schema[most]})`);

/** `x-pattern-error` says in words what the pattern asks for. */
const patternCheck = (schema: Json, at: string): string => {
  if (schema.pattern === undefined) return '';
  const error = schema['x-pattern-error'];
  return `.regex(${regex(String(schema.pattern), at)}${error === undefined ? '' : `, { error: ${literal(error)} }`})`;
};

/** A schema as a zod 4 schema. zod counts code points, as JSON Schema does. */
export function zodOf(schema: Json, at: string): string {
  switch (kindOf(schema, at)) {
    case '$ref':
      return schemaName(refName(schema.$ref, at));
    case 'allOf': {
      const [base, part, place] = narrowing(schema, at);
      return `${schemaName(base)}.extend(${shape(part, place)})`;
    }
    case 'string':
      if (schema.const !== undefined) return `z.literal(${literal(schema.const)})`;
      if (Array.isArray(schema.enum)) return `z.enum([${schema.enum.map(literal).join(', ')}])`;
      return `z.string()${bounds(schema, 'minLength', 'maxLength')}${patternCheck(schema, at)}`;
    case 'integer':
      if (schema.const !== undefined) return `z.literal(${literal(schema.const)})`;
      if (Array.isArray(schema.enum)) return `z.literal([${schema.enum.map(literal).join(', ')}])`;
      return `z.number().int()${bounds(schema, 'minimum', 'maximum')}`;
    case 'number':
      return `z.number()${bounds(schema, 'minimum', 'maximum')}`;
    case 'boolean':
      return 'z.boolean()';
    case 'array':
      return `z.array(${zodOf(asObject(schema.items, `${at}/items`), `${at}/items`)})${bounds(schema, 'minItems', 'maxItems')}`;
    default:
      return `z.${closed(schema, at) ? 'strictObject' : 'object'}(${shape(schema, at)})`;
  }
}

function shape(schema: Json, at: string): string {
  const lines = members(schema, at).map(
    ([name, inner, required, place]) => `${property(name)}: ${zodOf(inner, place)}${required ? '' : '.optional()'},`,
  );
  return `{\n  ${lines.map(indent).join('\n  ')}\n}`;
}

/** Components in an order in which each stands after those it refers to. */
export function ordered(components: Json, at: string): [name: string, schema: Json, at: string][] {
  const done = new Map<string, [string, Json, string]>();
  const visit = (name: string, path: readonly string[]): void => {
    if (done.has(name)) return;
    const place = `${at}/${name}`;
    if (path.includes(name))
      throw new SpecError(place, `the generator does not know cycles (${[...path, name].join(' → ')})`);
    if (!(name in components)) throw new SpecError(place, 'is referred to but not there');
    const schema = asObject(components[name], place);
    for (const inner of refsIn(schema)) visit(inner, [...path, name]);
    done.set(name, [name, schema, place]);
  };
  for (const name of Object.keys(components)) visit(name, []);
  return [...done.values()];
}

/** The first line of every generated file. */
export const banner = (source: string): string => `// Generated from ${source} by \`npm run generate\`. Do not edit.\n`;

/** Components as exported TypeScript types. */
export const typesOf = (components: Json, at: string): string =>
  ordered(components, at)
    .map(([name, schema, place]) => `${docOf(schema)}export type ${name} = ${typeOf(schema, place)};\n`)
    .join('\n');

/** Components as exported zod schemas, each held to its type of the same name in `types`. */
export const zodsOf = (components: Json, at: string): string =>
  ordered(components, at)
    .map(
      ([name, schema, place]) =>
        `export const ${schemaName(name)} = ${zodOf(schema, place)} satisfies z.ZodType<types.${name}>;\n`,
    )
    .join('\n');
