/** Makes values from a schema: some at its bounds, and some that break one keyword. */
import type { Schema } from './spec.ts';

/** A whole body or frame. `pointer` is the place where it differs from the example, and `name` the difference. */
export interface Sample {
  readonly name: string;
  readonly pointer: string;
  readonly value: unknown;
}

/** One code point, two UTF-16 units, four bytes. */
const astral = '😀';

const fits = ({ minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern = '' }: Schema, text: string): boolean => {
  const length = [...text].length;
  return length >= minLength && length <= maxLength && new RegExp(pattern, 'u').test(text);
};

/** Texts of this many code points, in and beyond the plane of two bytes, in the shapes that patterns may ask for. */
const texts = (length: number): string[] =>
  ['x', astral].flatMap((char) => [char.repeat(length), ...(length > 2 ? [`a@${char.repeat(length - 2)}`] : [])]);

/** Texts that a pattern may refuse, none because of its length. */
const oddTexts = [
  ['ends with half a pair', 'ann@example.com\ud83d'],
  ['begins with the other half', '\ude00ann@example.com'],
  ['has halves in the wrong order', 'ann\ude00\ud83d@example.com'],
  ['white space first', ' ann@example.com'],
  ['white space last', 'ann@example.com\u3000'],
  ['a line feed last', 'ann@example.com\n'],
  ['a NUL', 'ann\u0000@example.com'],
  ['a format character', 'ann\u200b@example.com'],
  ['a format character beyond the BMP', 'ann\u{e0041}@example.com'],
  ['no @', 'ann.example.com'],
  ['two @', 'ann@@example.com'],
  ['nothing before the @', '@example.com'],
  ['nothing after the @', 'ann@example@'],
] as const;

const oneOfEach: readonly unknown[] = [null, true, 7, 'x', [], {}, ['x'], { a: 1 }];
const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

/** Returns values that break a keyword of this schema. */
function broken(schema: Schema): [name: string, value: unknown][] {
  const { type, minLength = 0, maxLength, pattern } = schema;
  const named = (keyword: string, value: unknown): [string, unknown] => [
    `${keyword} (${JSON.stringify(value)})`,
    value,
  ];
  if (schema.const !== undefined) return oneOfEach.map((value) => named('const', value));
  const all = oneOfEach.filter((value) => typeOf(value) !== type).map((value) => named('type', value));
  if (minLength > 0) for (const text of texts(minLength - 1)) all.push([`minLength (${text})`, text]);
  if (maxLength !== undefined)
    for (const text of texts(maxLength + 1)) all.push([`maxLength (${text.slice(0, 4)}…)`, text]);
  if (pattern !== undefined) {
    const odd = oddTexts.filter(([, text]) => !new RegExp(pattern, 'u').test(text));
    if (odd.length === 0) throw new Error(`No text here breaks ${pattern}`);
    for (const [name, text] of odd) all.push([`pattern (${name})`, text]);
  }
  return all;
}

/** Returns texts of the minimum and maximum length of this schema. */
function edges(schema: Schema): [name: string, value: string][] {
  return (['minLength', 'maxLength'] as const).flatMap((keyword) => {
    const length = schema[keyword];
    if (length === undefined) return [];
    const fitting = texts(length).filter((text) => fits(schema, text));
    if (fitting.length < 2) throw new Error(`Too few texts here fit ${keyword} ${length}`);
    return fitting.map((text): [string, string] => [`${keyword} (${text.slice(0, 4)}…)`, text]);
  });
}

/** Returns a copy with another value at `path`, or none. */
function changed(value: unknown, [key, ...rest]: readonly string[], change: { readonly to?: unknown }): unknown {
  if (key === undefined) return change.to;
  const { [key]: inner, ...others } = value as Record<string, unknown>;
  if (rest.length === 0 && !('to' in change)) return others;
  return { ...others, [key]: changed(inner, rest, change) };
}

interface Place {
  readonly schema: Schema;
  readonly path: readonly string[];
  readonly required: boolean;
}

/** Returns a schema without references, and all its subschemas. */
const places = (schema: Schema, path: readonly string[] = [], required = false): Place[] => [
  { schema, path, required },
  ...Object.entries(schema.properties ?? {}).flatMap(([key, inner]) =>
    places(inner, [...path, key], schema.required?.includes(key)),
  ),
];

const pointerOf = (path: readonly string[]): string => path.map((key) => `/${key}`).join('');
const nameOf = (path: readonly string[], name: string): string => `${pointerOf(path) || 'the whole'}: ${name}`;

/** Returns the example with each keyword broken, one at a time. */
export const brokenSamples = (schema: Schema, example: unknown): Sample[] =>
  places(schema).flatMap(({ schema, path, required }) => [
    ...broken(schema).map(([name, to]) => ({
      name: nameOf(path, name),
      pointer: pointerOf(path),
      value: changed(example, path, { to }),
    })),
    ...(required
      ? [{ name: nameOf(path, 'required'), pointer: pointerOf(path), value: changed(example, path, {}) }]
      : []),
  ]);

/** Returns the example with each text at its minimum and maximum length. */
export const edgeSamples = (schema: Schema, example: unknown): Sample[] =>
  places(schema).flatMap(({ schema, path }) =>
    edges(schema).map(([name, to]) => ({
      name: nameOf(path, name),
      pointer: pointerOf(path),
      value: changed(example, path, { to }),
    })),
  );
