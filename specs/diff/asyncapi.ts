import { diff } from '@asyncapi/diff';
import type { Json } from '../emit/schema.ts';
import { type Change, plain, withoutProse } from './change.ts';

/** Returns the operations with their messages in one order: the list is a set. */
const withSortedMessages = (operations: unknown): Json =>
  Object.fromEntries(
    Object.entries(operations as Record<string, Json & { messages: readonly { $ref: string }[] }>).map(
      ([name, operation]) => [
        name,
        { ...operation, messages: operation.messages.toSorted((a, b) => a.$ref.localeCompare(b.$ref)) },
      ],
    ),
  );

/** Returns the part that matters to clients: channels and operations. Components count where channels refer to them. */
function contractOf(document: Json): Json {
  const { asyncapi, channels, operations } = document;
  return {
    asyncapi,
    channels: plain(document, channels, true),
    operations: withoutProse(withSortedMessages(operations)),
  };
}

/** Returns the edits between two bundled AsyncAPI documents that may break a client. Unclassified edits of @asyncapi/diff count. */
export function breakingAsyncapi(before: Json, after: Json): Change[] {
  const found = diff(contractOf(before), contractOf(after), { outputType: 'json' });
  const changes = [found.breaking(), found.unclassified()].flat() as Change[];
  // A server kept these sizes before its document named them.
  return changes.filter(({ action, path }) => action !== 'add' || !path.endsWith('/x-max-frame-bytes'));
}
