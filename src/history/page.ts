import type { Slice, StoredMessage } from './message-store.ts';

/** A page of the history, oldest first. */
export interface Page {
  readonly messages: readonly StoredMessage[];
  readonly gaps: string[];
  /** End of the page before this one. Absent if nothing comes before, neither messages nor gaps. */
  readonly before?: string;
}

/** Makes a page of stored messages and those waiting to be stored: at most `limit` messages, and as many gaps. */
export function pageOf(
  slice: Slice,
  waiting: Pick<Slice, 'messages' | 'gaps'>,
  before: string | undefined,
  limit: number,
): Page {
  const isBefore = (id: string): boolean => before === undefined || id < before;
  const known = new Map([...slice.messages, ...waiting.messages].map((message) => [message.id, message]));
  const all = [...known.values()].filter(({ id }) => isBefore(id)).sort((a, b) => (a.id < b.id ? -1 : 1));
  const messages = all.slice(-limit);
  const more = slice.more || all.length > messages.length;
  const from = more ? messages[0]!.id : '';
  const isHere = (gap: string): boolean => gap > from && (before === undefined || gap <= before);
  const gaps = mergedGaps([...new Set([...slice.gaps, ...waiting.gaps])].filter(isHere).sort(), messages);
  if (more) return { messages, gaps, before: from };
  if (gaps.length <= limit) return { messages, gaps };
  // `limit` messages can have one gap more around them. It goes to the page before, which then has no message.
  const [{ id: first }] = messages as [StoredMessage];
  return { messages, gaps: gaps.filter((gap) => gap > first), before: first };
}

/** Merges gaps with no message between them: the last one stays. */
const mergedGaps = (gaps: readonly string[], messages: readonly { readonly id: string }[]): string[] =>
  gaps.filter((gap, at) => {
    const next = gaps[at + 1];
    return next === undefined || messages.some(({ id }) => id >= gap && id < next);
  });
