import type { ChatMessage, MessagePage } from '@palaver/sdk';

/** Who came and went while one was here. */
export interface Notice {
  readonly what: 'joined' | 'left';
  readonly names: readonly string[];
}

/** Where something may have been said that is not loaded: between the messages around it, or before all of them. */
export interface Hole {
  readonly state: 'open' | 'loading' | 'failed';
  /** Why it could not be loaded. */
  readonly why?: string;
}

/** `isNews`: not of the history that was there when one came. `gap`: something may be missing that is kept nowhere. */
export type Entry = { readonly key: string; readonly isNews: boolean } & (
  | { readonly message: ChatMessage }
  | { readonly notice: Notice }
  | { readonly gap: true }
  | { readonly hole: Hole }
);
export type HoleEntry = Extract<Entry, { hole: unknown }>;

/** A stretch of the conversation, in its order. Where it leaves something out there is an entry that says so. */
export interface Transcript {
  readonly entries: readonly Entry[];
  /** It ends before the newest: the reader is far up, and not everything is kept. */
  readonly isCut: boolean;
}

/** How many entries are kept, whoever reads how far. */
export const maxEntries = 1_000;

let keys = 0;
const newKey = (what: string): string => {
  keys += 1;
  return `${what}-${keys}`;
};
/** A new key each time: what is loaded for an old one finds its place no more. */
const newHole = (isNews: boolean): HoleEntry => ({ key: newKey('hole'), isNews, hole: { state: 'open' } });
const entryOf = (message: ChatMessage, isNews: boolean): Entry => ({ key: message.id, isNews, message });

/** All that is known is what was said last; what came before it can be loaded. */
export const begun = (latest: readonly ChatMessage[] = []): Transcript => ({
  entries: [newHole(false), ...latest.map((message) => entryOf(message, false))],
  isCut: false,
});

const idsOf = (entries: readonly Entry[]): string[] =>
  entries.flatMap((entry) => ('message' in entry ? [entry.message.id] : []));

export const holeOf = ({ entries }: Transcript, key: string | undefined): HoleEntry | undefined =>
  entries.find((entry): entry is HoleEntry => entry.key === key && 'hole' in entry);

/** The one before all else; none where the history begins. */
export const topHoleOf = (transcript: Transcript): HoleEntry | undefined =>
  holeOf(transcript, transcript.entries[0]?.key);

/** Where the page ends that a hole waits for; undefined: at the newest message. */
export const endOf = ({ entries }: Transcript, key: string): string | undefined =>
  idsOf(entries.slice(entries.findIndex((entry) => entry.key === key)))[0];

const added = (transcript: Transcript, entries: readonly Entry[]): Transcript =>
  transcript.isCut || entries.length === 0
    ? transcript
    : { ...transcript, entries: [...transcript.entries, ...entries] };

/** What comes after all that is there. Anything else is there already, or where a hole says so. */
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

/** From here on something may have been missed. */
export function withHole(transcript: Transcript): { readonly transcript: Transcript; readonly key: string } {
  const { entries } = transcript;
  const last = entries.findLastIndex((entry) => !('notice' in entry));
  const at = entries[last];
  const hole = newHole(true);
  if (!at || !('hole' in at)) return { transcript: added(transcript, [hole]), key: hole.key };
  // One hole there is enough. But what is being loaded for it may be too old now.
  return { transcript: { ...transcript, entries: entries.with(last, { ...hole, isNews: at.isNews }) }, key: hole.key };
}

export const withHoleAs = (transcript: Transcript, key: string, hole: Hole): Transcript => ({
  ...transcript,
  entries: transcript.entries.map((entry) => (entry.key === key ? { ...entry, hole } : entry)),
});

/** Puts a page where a hole is; what the page doesn't reach stays a hole. */
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
  // Not reached, and nothing older is kept: neither is the message above, nor perhaps what followed it.
  let isMissing = !isReached && before === undefined && after !== '';
  const told: Entry[] = !isReached && before !== undefined ? [{ key, isNews, hole: { state: 'open' } }] : [];
  let from = after;
  const goTo = (id: string | undefined): void => {
    isMissing ||= gaps.some((gap) => gap > from && (id === undefined || gap <= id));
    if (isMissing) told.push({ key: newKey('gap'), isNews, gap: true });
    isMissing = false;
    from = id ?? from;
  };
  for (const message of messages) {
    if (message.id <= after || (until !== undefined && message.id >= until)) continue;
    goTo(message.id);
    told.push(entryOf(message, isNews));
  }
  goTo(until);
  return { ...transcript, entries: entries.toSpliced(at, 1, ...told) };
}

/** Lets go of what is too much, at the end from which the reader is away. */
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
