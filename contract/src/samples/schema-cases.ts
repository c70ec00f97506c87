/** Makes values from a schema: such as just fit, and such as break one keyword. */
import { type Schema, unknownKeyword } from '../specs/schema.ts';

/** A whole body or frame in which the value at `pointer` is another than in the example it was made from. */
export interface Sample {
  readonly pointer: string;
  readonly keyword: string;
  /** A short description of the value. */
  readonly name: string;
  readonly value: unknown;
}

/** One code point, two UTF-16 units, four bytes. */
const astral = '😀';

export const codePoints = (text: string): number => [...text].length;

const fits = ({ minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern = '' }: Schema, text: string): boolean => {
  const length = codePoints(text);
  return length >= minLength && length <= maxLength && new RegExp(pattern, 'u').test(text);
};

/** Texts of this many code points, in and beyond the plane of two bytes, in the shapes that patterns may ask for. */
const texts = (length: number): string[] =>
  ['x', astral].flatMap((char) => [char.repeat(length), ...(length > 2 ? [`a@${char.repeat(length - 2)}`] : [])]);

/** Texts that a pattern may refuse, none of them for its length. */
const oddTexts = [
  'ann@example.com\ud83d',
  '\ude00ann@example.com',
  'ann\ude00\ud83d@example.com',
  ' ann@example.com',
  'ann@example.com\u3000',
  'ann@example.com\n',
  'ann\u0000@example.com',
  'ann\u200b@example.com',
  'ann\u{e0041}@example.com',
  'ann.example.com',
  'ann@@example.com',
  '@example.com',
  'ann@example@',
];

const oneOfEach: readonly unknown[] = [null, true, 7.5, 'x', [], {}];

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

const hasType = (value: unknown, type: NonNullable<Schema['type']>): boolean =>
  [type].flat().some((each) => (each === 'integer' ? Number.isInteger(value) : typeOf(value) === each));

/** Values that break one keyword of this schema and no other, as far as one alone can be broken. */
function broken(schema: Schema): [keyword: string, value: unknown][] {
  const { type, enum: some, minLength = 0, maxLength, pattern, minimum, maximum } = schema;
  if (schema.const !== undefined)
    return oneOfEach.filter((value) => value !== schema.const).map((value) => ['const', value]);
  if (some !== undefined) return oneOfEach.filter((value) => !some.includes(value)).map((value) => ['enum', value]);
  const all: [string, unknown][] =
    type === undefined ? [] : oneOfEach.filter((value) => !hasType(value, type)).map((value) => ['type', value]);
  if (minLength > 0) for (const text of new Set(texts(minLength - 1))) all.push(['minLength', text]);
  if (maxLength !== undefined)
    for (const text of texts(maxLength + 1))
      if (pattern === undefined || new RegExp(pattern, 'u').test(text)) all.push(['maxLength', text]);
  if (pattern !== undefined)
    for (const text of oddTexts) if (!new RegExp(pattern, 'u').test(text)) all.push(['pattern', text]);
  if (minimum !== undefined) all.push(['minimum', minimum - 1]);
  if (maximum !== undefined) all.push(['maximum', maximum + 1]);
  return all;
}

/** Texts as short and as long, and numbers as small and as large, as this schema allows. */
function edges(schema: Schema): [keyword: string, value: string | number][] {
  if (unknownKeyword(schema) !== undefined) return [];
  const ofText = (['minLength', 'maxLength'] as const).flatMap((keyword) => {
    const length = schema[keyword];
    if (length === undefined) return [];
    return texts(length)
      .filter((text) => fits(schema, text))
      .map((text): [string, string] => [keyword, text]);
  });
  const ofNumbers = (['minimum', 'maximum'] as const).flatMap((keyword): [string, number][] => {
    const bound = schema[keyword];
    return bound === undefined ? [] : [[keyword, bound]];
  });
  return [...ofText, ...ofNumbers];
}

/** A copy in which the value at `path` is another, or absent where none is given. */
export function changed(value: unknown, [key, ...rest]: readonly string[], change: { readonly to?: unknown }): unknown {
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

/** A flat schema and all within it that is reached by names alone. */
const places = (schema: Schema, path: readonly string[] = [], required = false): Place[] => [
  { schema, path, required },
  ...Object.entries(schema.properties ?? {}).flatMap(([key, inner]) =>
    places(inner, [...path, key], schema.required?.includes(key)),
  ),
];

const pointerOf = (path: readonly string[]): string => path.map((key) => `/${key}`).join('');
const inShort = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > 30 ? `${text.slice(0, 29)}…` : text;
};

/** The example with each keyword broken, one at a time. */
export const brokenSamples = (schema: Schema, example: unknown): Sample[] =>
  places(schema).flatMap(({ schema: at, path, required }) => {
    const pointer = pointerOf(path);
    return [
      ...broken(at).map(([keyword, to]) => ({
        pointer,
        keyword,
        name: inShort(to),
        value: changed(example, path, { to }),
      })),
      ...(required ? [{ pointer, keyword: 'required', name: 'nothing', value: changed(example, path, {}) }] : []),
    ];
  });

/** The example with each text as short and as long, and each number as small and as large, as it may be. */
export const edgeSamples = (schema: Schema, example: unknown): Sample[] =>
  places(schema).flatMap(({ schema: at, path }) =>
    edges(at).map(([keyword, to]) => ({
      pointer: pointerOf(path),
      keyword,
      name: inShort(to),
      value: changed(example, path, { to }),
    })),
  );

/** Samples by what they break: `/msg/text maxLength` → all that do. */
export function byKeyword(samples: readonly Sample[]): Map<string, Sample[]> {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const id = [...sample.pointer.split('/').filter(Boolean), sample.keyword].join('.');
    groups.set(id, [...(groups.get(id) ?? []), sample]);
  }
  return groups;
}
