/** The chat page shows a conversation in order, without duplicates, and marks every omission. */
import fc from 'fast-check';
import { it } from 'vitest';
import type { ChatMessage, MessagePage } from '../../sdk/typescript/src/index.ts';
import {
  begun,
  bounded,
  type Entry,
  endOf,
  filled,
  holeOf,
  type Transcript,
  withHole,
  withMessages,
  withNotice,
} from '../../web/transcript.ts';

const numRuns = Number(process.env.PROPERTY_RUNS ?? 300);
const timeoutMs = 600_000;
/** Small, so that it drops many messages. */
const maxShown = 12;
const pageSize = 3;

const idOf = (at: number): string => String(at).padStart(6, '0');
const message = (at: number): ChatMessage => ({
  type: 'chat_message',
  id: idOf(at),
  sent_at: '2026-11-25T10:00:00.000Z',
  msg: { from_user: 'Igor', text: String(at) },
});

/** Creates a plain model of a history: all messages, and which of them are stored. */
function createHistory() {
  const all: { readonly id: string; isStored: boolean; isPruned: boolean }[] = [];
  return {
    all,
    publish(isStored: boolean): ChatMessage {
      all.push({ id: idOf(all.length), isStored, isPruned: false });
      return message(all.length - 1);
    },
    prune(count: number): void {
      for (const each of all.slice(0, count)) each.isPruned = true;
    },
    page(before: string | undefined, limit: number): MessagePage {
      const earlier = all.filter(({ id }) => before === undefined || id < before);
      const stored = earlier.filter(({ isStored, isPruned }) => isStored && !isPruned);
      const messages = stored.slice(-limit);
      const first = messages[0]?.id;
      const hasMore = stored.length > messages.length;
      // A lost message leaves a place behind it.
      const gaps = earlier
        .filter(({ id, isStored, isPruned }) => !isStored && !isPruned && (!hasMore || id > first!))
        .map(({ id }) => idOf(Number(id) + 1));
      return {
        messages: messages.map(({ id }) => message(Number(id))),
        gaps,
        ...(hasMore && { before: first! }),
      };
    },
  };
}

const idIn = (entry: Entry | undefined): string | undefined =>
  entry && 'message' in entry ? entry.message.id : undefined;

/** Returns the faults in the shown conversation. */
function faultsOf({ entries, isCut }: Transcript, all: ReturnType<typeof createHistory>['all'], isHere: boolean) {
  const faults: string[] = [];
  let last: string | undefined;
  let isMarked = false;
  let isHole = false;
  const leavesOut = (from: string | undefined, to: string | undefined) =>
    all.some(
      ({ id, isPruned }) =>
        (from === undefined ? !isPruned : id > from) && (to === undefined || id < to) && id !== from,
    );
  if (new Set(entries.map(({ key }) => key)).size < entries.length) faults.push('one key twice');
  for (const entry of entries) {
    if ('hole' in entry && isHole) faults.push('a hole after a hole');
    if (!('notice' in entry)) isHole = 'hole' in entry;
    if (isHole || 'gap' in entry) isMarked = true;
    const id = idIn(entry);
    if (id === undefined) continue;
    if (last !== undefined && id <= last) faults.push(`${id} after ${last}`);
    if (!isMarked && leavesOut(last, id)) faults.push(`a hole before ${id}`);
    last = id;
    isMarked = false;
  }
  if (entries.length > maxShown) faults.push('too much');
  if (isHere && !isCut && !isMarked && leavesOut(last, undefined)) faults.push('a hole at the end');
  return faults;
}

type Step =
  | { readonly do: 'publish'; readonly isStored: boolean }
  | { readonly do: 'lose' | 'notice' | 'newest' | 'arrive' }
  | { readonly do: 'return'; readonly recovers: boolean }
  | { readonly do: 'ask'; readonly which: number }
  | { readonly do: 'prune'; readonly count: number }
  | { readonly do: 'look'; readonly atEnd: boolean };

const only = <What extends Step['do']>(what: What) => fc.constant({ do: what });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constant('publish' as const),
        isStored: fc.integer({ max: 7, min: 0 }).map((n) => n > 0),
      }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('ask' as const), which: fc.nat(3) }) },
    { weight: 6, arbitrary: only('arrive' as const) },
    { weight: 2, arbitrary: only('lose' as const) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('return' as const), recovers: fc.boolean() }) },
    { weight: 2, arbitrary: only('notice' as const) },
    { weight: 1, arbitrary: only('newest' as const) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('prune' as const), count: fc.nat(30) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('look' as const), atEnd: fc.boolean() }) },
  ),
  { maxLength: 80, size: 'max' },
);

it(
  'shows messages in order, none twice, and marks every omission',
  () => {
    fc.assert(
      fc.property(steps, fc.nat(12), (schedule, count) => {
        const history = createHistory();
        for (let n = 0; n < count; n += 1) history.publish(true);
        let shown = begun();
        let isHere = true;
        let atEnd = true;
        const missed: ChatMessage[] = [];
        const asked: { readonly key: string; readonly page: MessagePage }[] = [];
        for (const step of schedule) {
          if (step.do === 'publish') {
            const published = history.publish(step.isStored);
            if (isHere) shown = withMessages(shown, [published]);
            else missed.push(published);
          } else if (step.do === 'lose') isHere = false;
          else if (step.do === 'return' && !isHere) {
            isHere = true;
            shown = step.recovers ? withMessages(shown, missed) : withHole(shown).transcript;
            missed.length = 0;
          } else if (step.do === 'notice') shown = withNotice(shown, 'joined', ['Bob']);
          else if (step.do === 'newest') {
            shown = begun();
          } else if (step.do === 'prune') history.prune(step.count);
          else if (step.do === 'look') atEnd = step.atEnd && !shown.isCut;
          else if (step.do === 'ask') {
            const holes = shown.entries.flatMap(({ key }) => holeOf(shown, key) ?? []);
            const hole = holes[step.which % (holes.length || 1)];
            if (hole) asked.push({ key: hole.key, page: history.page(endOf(shown, hole.key), pageSize) });
          } else if (step.do === 'arrive') {
            const arrived = asked.shift();
            if (arrived) shown = filled(shown, arrived.key, arrived.page);
          }
          shown = bounded(shown, atEnd, maxShown);
          if (shown.isCut) atEnd = false;
          const faults = faultsOf(shown, history.all, isHere);
          if (faults.length > 0) throw new Error(`${faults}: ${JSON.stringify(shown.entries)}`);
        }
      }),
      { numRuns },
    );
  },
  timeoutMs,
);
