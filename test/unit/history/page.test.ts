import { describe, expect, it } from 'vitest';
import type { Slice, StoredMessage } from '../../../src/history/message-store.ts';
import { type Page, pageAfter, pageBefore } from '../../../src/history/page.ts';

const message = (id: string): StoredMessage => ({
  id,
  sentAt: new Date(0).toISOString(),
  userId: 'ann',
  msg: { from_user: 'Ann', text: id },
});
const nothing = { messages: [], gaps: [] };
const idsOf = ({ messages, ...rest }: Page) => ({ ids: messages.map(({ id }) => id), ...rest });

/** Returns a page of the ids and gaps of a whole history. */
function page(ids: readonly string[], gaps: readonly string[], limit: number, before?: string) {
  const found = ids.filter((id) => before === undefined || id < before);
  const messages = found.slice(-limit).map(message);
  const more = found.length > limit;
  const from = more ? messages[0]!.id : '';
  const here = gaps.filter((gap) => gap > from && (before === undefined || gap <= before));
  return idsOf(pageBefore({ messages, gaps: here, more }, nothing, before, limit));
}

/** Returns the first `limit` messages, and one more, after a position in a whole history. */
function sliceAfter(ids: readonly string[], gaps: readonly string[], limit: number, after: string): Slice {
  const found = ids.filter((id) => id > after);
  const messages = found.slice(0, limit + 1).map(message);
  const more = found.length > messages.length;
  return { messages, more, gaps: gaps.filter((gap) => gap > after && (!more || gap <= messages.at(-1)!.id)) };
}

interface Forwards {
  readonly ids: readonly string[];
  readonly gaps?: readonly string[];
  readonly limit: number;
  readonly after?: string;
  readonly upTo?: string;
}
const forwards = ({ ids, gaps = [], limit, after = '0', upTo = '~' }: Forwards) =>
  idsOf(pageAfter(sliceAfter(ids, gaps, limit, after), nothing, { after, upTo }, limit));

describe('a page of the history', () => {
  it('names gaps with no message between them once, by the last of them', () => {
    expect(page(['b', 'd'], ['a', 'a1', 'c', 'c1', 'c2', 'e', 'e1'], 5)).toEqual({
      ids: ['b', 'd'],
      gaps: ['a1', 'c2', 'e1'],
    });
    // A gap at the position of a message lies before it.
    expect(page(['b', 'd'], ['b', 'c'], 5)).toEqual({ ids: ['b', 'd'], gaps: ['b', 'c'] });
    expect(page([], ['a', 'b'], 5)).toEqual({ ids: [], gaps: ['b'] });
  });

  it('does so as well if the message between them is not stored yet', () => {
    const waiting = { messages: [message('c')], gaps: ['d'] };
    const slice = { messages: [], gaps: ['a', 'b'], more: false };
    expect(pageBefore(slice, waiting, undefined, 5).gaps).toEqual(['b', 'd']);
    expect(pageAfter(slice, waiting, { after: '0', upTo: '~' }, 5).gaps).toEqual(['b', 'd']);
  });

  it('has at most `limit` gaps, and the pages together have each once', () => {
    const ids = ['b', 'd', 'f', 'h'];
    const gaps = ['a', 'c', 'e', 'g', 'i'];
    for (const limit of [1, 2, 3, 4, 5]) {
      const back = [page(ids, gaps, limit)];
      while (back[0]!.before !== undefined) back.unshift(page(ids, gaps, limit, back[0]!.before));
      const forth = [forwards({ ids, gaps, limit })];
      for (let after = forth[0]!.after; after !== undefined; after = forth.at(-1)!.after)
        forth.push(forwards({ ids, gaps, limit, after }));
      for (const pages of [back, forth]) {
        expect(pages.flatMap((one) => one.ids)).toEqual(ids);
        expect(pages.flatMap((one) => one.gaps)).toEqual(gaps);
        for (const one of pages) expect(one.gaps.length).toBeLessThanOrEqual(limit);
        expect(pages.length).toBe(limit === 5 ? 1 : Math.ceil(4 / limit) + (4 % limit === 0 ? 1 : 0));
      }
    }
  });
});

describe('a page after a position', () => {
  const ids = ['b', 'd', 'f', 'h'];

  it.each([
    { name: 'has the first messages after it', limit: 2, after: 'b', want: { ids: ['d', 'f'], after: 'f' } },
    { name: 'names no further page where nothing follows', limit: 3, after: 'b', want: { ids: ['d', 'f', 'h'] } },
    { name: 'is empty at the end', limit: 1, after: 'h', want: { ids: [] } },
    { name: 'has no message after the other position', limit: 3, upTo: 'e', want: { ids: ['b', 'd'] } },
    { name: 'has the message at the other position', limit: 3, upTo: 'd', want: { ids: ['b', 'd'] } },
    { name: 'names no further page where all that follows is cut off', limit: 2, upTo: 'd', want: { ids: ['b', 'd'] } },
    { name: 'is empty if it begins where it ends', limit: 2, after: 'd', upTo: 'd', want: { ids: [] } },
    { name: 'is empty if it begins after its end', limit: 2, after: 'f', upTo: 'd', want: { ids: [] } },
  ])('$name', ({ want, ...given }) => {
    expect(forwards({ ids, ...given })).toEqual({ gaps: [], ...want });
  });

  it.each([
    { name: 'leaves gaps after its end to the next page', upTo: 'd', want: ['a', 'c'] },
    { name: 'has a gap at its end', upTo: 'e', want: ['a', 'c', 'e'] },
    { name: 'has no gap at or before its start', after: 'c', want: ['e', 'g', 'i'] },
  ])('$name', ({ want, ...given }) => {
    expect(forwards({ ids, gaps: ['a', 'c', 'e', 'g', 'i'], limit: 9, ...given }).gaps).toEqual(want);
  });

  it('merges messages that are not stored yet, and has `limit` of them', () => {
    const waiting = { messages: ['a', 'c', 'd', 'i'].map(message), gaps: [] };
    const pageOf = (limit: number, after: string) =>
      idsOf(pageAfter(sliceAfter(ids, [], limit, after), waiting, { after, upTo: '~' }, limit));
    expect(pageOf(3, '0')).toEqual({ ids: ['a', 'b', 'c'], gaps: [], after: 'c' });
    expect(pageOf(3, 'c')).toEqual({ ids: ['d', 'f', 'h'], gaps: [], after: 'h' });
    expect(pageOf(3, 'h')).toEqual({ ids: ['i'], gaps: [] });
  });
});
