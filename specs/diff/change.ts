import { lookUp } from '../emit/chat.ts';
import { type Json, segment } from '../emit/schema.ts';

/** One edit between two documents. */
export interface Change {
  readonly action: 'add' | 'remove' | 'edit';
  /** JSON pointer; a member of a list that is a set (`required`, `enum`) is named by its value. */
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** Members that people read and programs ignore. */
const prose = ['description', 'summary', 'title', 'example', 'examples', 'externalDocs', 'x-pattern-error'];

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Keywords whose members are named by us, and may be called like a keyword. */
const namesItsMembers = [
  'properties',
  'headers',
  'paths',
  'responses',
  'content',
  'messages',
  'channels',
  'operations',
];

/** A part as `of` has each part within, without prose; `named` says that its members are named by us. */
function rebuilt(part: unknown, of: (part: Json) => unknown, named = false, depth = 0): unknown {
  if (depth > 60) throw new Error('The document refers to itself');
  if (Array.isArray(part)) return part.map((item) => rebuilt(item, of, false, depth + 1));
  if (!isObject(part)) return part;
  const found = of(part);
  if (found !== part) return rebuilt(found, of, false, depth + 1);
  return Object.fromEntries(
    Object.entries(part)
      .filter(([key]) => named || !prose.includes(key))
      .map(([key, value]) => [key, rebuilt(value, of, !named && namesItsMembers.includes(key), depth + 1)]),
  );
}

/** A part of a document with its references replaced by what they name, and without prose. */
export const plain = (document: Json, part: unknown, named = false): unknown =>
  rebuilt(part, (each) => (typeof each.$ref === 'string' ? lookUp(document, each.$ref, '')[0] : each), named);

/** A part with its references as they are. */
export const withoutProse = (part: unknown): unknown => rebuilt(part, (each) => each);

/** A list as an object: a set by its values, parameters by their names, else by place. */
function keyed(list: readonly unknown[]): Json {
  const keyOf = (item: unknown, index: number): string => {
    if (!isObject(item)) return JSON.stringify(item);
    return typeof item.name === 'string' && typeof item.in === 'string' ? `${item.in} ${item.name}` : String(index);
  };
  return Object.fromEntries(list.map((item, index) => [keyOf(item, index), item]));
}

/** Every edit that makes `after` of `before`, at the smallest place that says it. */
export function changes(before: unknown, after: unknown, path = ''): Change[] {
  if (Array.isArray(before) && Array.isArray(after)) return changes(keyed(before), keyed(after), path);
  if (!isObject(before) || !isObject(after))
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ action: 'edit', path, before, after }];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key): Change[] => {
    const at = `${path}/${segment(key)}`;
    if (!(key in after)) return [{ action: 'remove', path: at, before: before[key] }];
    if (!(key in before)) return [{ action: 'add', path: at, after: after[key] }];
    return changes(before[key], after[key], at);
  });
}
