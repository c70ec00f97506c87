import type { Slice, StoredMessage } from './message-store.ts';

/** A page of the history, oldest first. */
export interface Page {
  readonly messages: readonly StoredMessage[];
  readonly gaps: string[];
  /** End of the page before this one. Absent if nothing comes before, neither messages nor gaps. */
  readonly before?: string;
  /** Start of the page after this one, for a page after a position. Absent if nothing comes after. */
  readonly after?: string;
}

/** Messages and gaps that wait to be stored. */
type Waiting = Pick<Slice, 'messages' | 'gaps'>;

/** Makes a page of stored messages and those waiting to be stored: at most `limit` messages, and as many gaps. */
export function pageBefore(slice: Slice, waiting: Waiting, before: string | undefined, limit: number): Page {
  const all = messagesIn(slice, waiting, (id) => before === undefined || id < before);
  const messages = all.slice(-limit);
  const more = slice.more || all.length > messages.length;
  const from = more ? messages[0]!.id : '';
  const gaps = gapsIn(slice, waiting, messages, (gap) => gap > from && (before === undefined || gap <= before));
  if (more) return { messages, gaps, before: from };
  if (gaps.length <= limit) return { messages, gaps };
  // `limit` messages can have one gap more around them. It goes to the page before, which then has no message.
  const [{ id: first }] = messages as [StoredMessage];
  return { messages, gaps: gaps.filter((gap) => gap > first), before: first };
}

/** A part of the stream: from a position on, without it, up to another one. */
interface Range {
  readonly after: string;
  readonly upTo: string;
}

/**
 * Makes a page of the first messages of a range, as `pageBefore` does of the last ones. The slice must be of `limit` + 1
 * messages: the last one tells whether the page is all.
 */
export function pageAfter(slice: Slice, waiting: Waiting, { after, upTo }: Range, limit: number): Page {
  const all = messagesIn(slice, waiting, (id) => id > after && id <= upTo);
  const messages = all.slice(0, limit);
  const more = all.length > limit;
  const to = more ? messages.at(-1)!.id : upTo;
  const gaps = gapsIn(slice, waiting, messages, (gap) => gap > after && gap <= to);
  if (more) return { messages, gaps, after: to };
  if (gaps.length <= limit) return { messages, gaps };
  // The gap after `limit` messages goes to the page after, which then has no message.
  const { id: last } = messages.at(-1)!;
  return { messages, gaps: gaps.filter((gap) => gap <= last), after: last };
}

/** Returns the messages, stored and waiting, whose ids are on the page, oldest first. */
function messagesIn(slice: Slice, waiting: Waiting, isHere: (id: string) => boolean): StoredMessage[] {
  const known = new Map([...slice.messages, ...waiting.messages].map((message) => [message.id, message]));
  return [...known.values()].filter(({ id }) => isHere(id)).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Returns the gaps that are on the page, merged: the last one stays of those with no message between them. */
function gapsIn(
  slice: Slice,
  waiting: Waiting,
  messages: readonly StoredMessage[],
  isHere: (gap: string) => boolean,
): string[] {
  const gaps = [...new Set([...slice.gaps, ...waiting.gaps])].filter(isHere).sort();
  return gaps.filter((gap, at) => {
    const next = gaps[at + 1];
    return next === undefined || messages.some(({ id }) => id >= gap && id < next);
  });
}
