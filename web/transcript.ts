import type { ChatMessage, MessagePage } from '@palaver/sdk';

/** Users who joined or left. */
export interface Notice {
  readonly what: 'joined' | 'left';
  readonly names: readonly string[];
}

/** A place where messages may exist that are not loaded: between two messages, or before all of them. */
export interface Hole {
  readonly state: 'open' | 'loading' | 'failed';
  /** Why it could not be loaded. */
  readonly why?: string;
}

/** `isNews`: added since the user joined. `gap`: messages may be missing that the server does not have. */
export type Entry = { readonly key: string; readonly isNews: boolean } & (
  | { readonly message: ChatMessage }
  | { readonly notice: Notice }
  | { readonly gap: true }
  | { readonly hole: Hole }
);
export type HoleEntry = Extract<Entry, { hole: unknown }>;

/** A part of the conversation, in order. Holes and gaps mark the places where messages may be missing. */
export interface Transcript {
  readonly entries: readonly Entry[];
  /** Whether the end was dropped, because the reader has scrolled far up. */
  readonly isCut: boolean;
}

/** Maximum number of entries. */
export const maxEntries = 1_000;

let keys = 0;
const newKey = (kind: string): string => {
  keys += 1;
  return `${kind}-${keys}`;
};
/** Creates a hole with a new key, so that a page that is being loaded for an old hole is dropped. */
const newHole = (isNews: boolean): HoleEntry => ({ key: newKey('hole'), isNews, hole: { state: 'open' } });
const entryOf = (message: ChatMessage, isNews: boolean): Entry => ({ key: message.id, isNews, message });

/** Returns a transcript of the latest messages, with a hole before them. */
export const begun = (latest: readonly ChatMessage[] = []): Transcript => ({
  entries: [newHole(false), ...latest.map((message) => entryOf(message, false))],
  isCut: false,
});

const idsOf = (entries: readonly Entry[]): string[] =>
  entries.flatMap((entry) => ('message' in entry ? [entry.message.id] : []));

export const holeOf = ({ entries }: Transcript, key: string | undefined): HoleEntry | undefined =>
  entries.find((entry): entry is HoleEntry => entry.key === key && 'hole' in entry);

/** Returns the hole at the top, or undefined if the transcript begins with the history. */
export const topHoleOf = (transcript: Transcript): HoleEntry | undefined =>
  holeOf(transcript, transcript.entries[0]?.key);

/** Returns the id before which a hole's page ends, or undefined for a page of the newest messages. */
export const endOf = ({ entries }: Transcript, key: string): string | undefined =>
  idsOf(entries.slice(entries.findIndex((entry) => entry.key === key)))[0];

const added = (transcript: Transcript, entries: readonly Entry[]): Transcript =>
  transcript.isCut || entries.length === 0
    ? transcript
    : { ...transcript, entries: [...transcript.entries, ...entries] };

/** Adds the messages that are newer than the last entry. Older ones are in the transcript already, or in a hole. */
export function withMessages(transcript: Transcript, messages: readonly ChatMessage[]): Transcript {
  const lastId = idsOf(transcript.entries).at(-1) ?? '';
  const news = messages.filter(({ id }) => id > lastId);
  return added(
    transcript,
    news.map((message) => entryOf(message, true)),
  );
}

export const withNotice = (transcript: Transcript, what: Notice['what'], names: readonly string[]): Transcript =>
  added(transcript, names.length === 0 ? [] : [{ key: newKey(what), isNews: true, notice: { what, names } }]);

/** Adds a hole at the end, because messages may have been missed. */
export function withHole(transcript: Transcript): { readonly transcript: Transcript; readonly key: string } {
  const { entries } = transcript;
  const last = entries.findLastIndex((entry) => !('notice' in entry));
  const at = entries[last];
  const hole = newHole(true);
  if (!at || !('hole' in at)) return { transcript: added(transcript, [hole]), key: hole.key };
  // One hole is enough, but the page that is being loaded for it may be too old now.
  return { transcript: { ...transcript, entries: entries.with(last, { ...hole, isNews: at.isNews }) }, key: hole.key };
}

export const withHoleAs = (transcript: Transcript, key: string, hole: Hole): Transcript => ({
  ...transcript,
  entries: transcript.entries.map((entry) => (entry.key === key ? { ...entry, hole } : entry)),
});

/** Puts a page in the place of a hole. The part that the page does not reach stays a hole. */
export function filled(transcript: Transcript, key: string, page: MessagePage): Transcript {
  const { entries } = transcript;
  const entry = holeOf(transcript, key);
  if (!entry) return transcript;
  const { isNews } = entry;
  const at = entries.indexOf(entry);
  const after = idsOf(entries.slice(0, at)).at(-1) ?? '';
  const [until] = idsOf(entries.slice(at));
  const { messages, gaps, before } = page;

  const isReached = messages.some(({ id }) => id <= after) || (before !== undefined && before <= after);
  // The server has nothing older, so it no longer has the message above, nor perhaps those after it.
  let isMissing = !isReached && before === undefined && after !== '';
  const filling: Entry[] = !isReached && before !== undefined ? [{ key, isNews, hole: { state: 'open' } }] : [];
  let from = after;
  const goTo = (id: string | undefined): void => {
    isMissing ||= gaps.some((gap) => gap > from && (id === undefined || gap <= id));
    if (isMissing) filling.push({ key: newKey('gap'), isNews, gap: true });
    isMissing = false;
    from = id ?? from;
  };
  for (const message of messages) {
    if (message.id <= after || (until !== undefined && message.id >= until)) continue;
    goTo(message.id);
    filling.push(entryOf(message, isNews));
  }
  goTo(until);
  return { ...transcript, entries: entries.toSpliced(at, 1, ...filling) };
}

/** Drops the entries above the maximum, at the end that the reader does not see. */
export function bounded(transcript: Transcript, isAtEnd: boolean, max = maxEntries): Transcript {
  const { entries } = transcript;
  if (entries.length <= max) return transcript;
  if (isAtEnd) {
    const kept = entries.slice(1 - max);
    const first = kept.findIndex((entry) => 'message' in entry);
    // One hole before the first message is enough.
    return {
      ...transcript,
      entries: [newHole(false), ...kept.filter((entry, index) => !('hole' in entry) || (first >= 0 && index > first))],
    };
  }
  const kept = entries.slice(0, max);
  return { entries: kept.slice(0, kept.findLastIndex((entry) => !('hole' in entry)) + 1), isCut: true };
}
