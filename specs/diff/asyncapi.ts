import { diff } from '@asyncapi/diff';
import type { Json } from '../emit/schema.ts';
import { type Change, plain, withoutProse } from './change.ts';

/** Returns the part that matters to clients: channels and operations. Components count where channels refer to them. */
function contractOf(document: Json): Json {
  const { asyncapi, channels, operations } = document;
  return { asyncapi, channels: plain(document, channels, true), operations: withoutProse(operations) };
}

/** The edits between two bundled AsyncAPI documents that may break a client; what @asyncapi/diff can't classify counts. */
export function breakingAsyncapi(before: Json, after: Json): Change[] {
  const found = diff(contractOf(before), contractOf(after), { outputType: 'json' });
  const changes = [found.breaking(), found.unclassified()].flat() as Change[];
  // Sizes that are said for the first time were kept before.
  return changes.filter(({ action, path }) => action !== 'add' || !path.endsWith('/x-max-frame-bytes'));
}
