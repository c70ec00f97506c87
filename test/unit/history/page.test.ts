import { describe, expect, it } from 'vitest';
import type { StoredMessage } from '../../../src/history/message-store.ts';
import { pageOf } from '../../../src/history/page.ts';

const message = (id: string): StoredMessage => ({
  id,
  sentAt: new Date(0).toISOString(),
  userId: 'ann',
  msg: { from_user: 'Ann', text: id },
});
const nothing = { messages: [], gaps: [] };
/** Returns a page of the ids and gaps of a whole history. */
function page(ids: readonly string[], gaps: readonly string[], limit: number, before?: string) {
  const found = ids.filter((id) => before === undefined || id < before);
  const messages = found.slice(-limit).map(message);
  const more = found.length > limit;
  const from = more ? messages[0]!.id : '';
  const here = gaps.filter((gap) => gap > from && (before === undefined || gap <= before));
  const { messages: some, ...rest } = pageOf({ messages, gaps: here, more }, nothing, before, limit);
  return { ids: some.map(({ id }) => id), ...rest };
}

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
    expect(pageOf(slice, waiting, undefined, 5).gaps).toEqual(['b', 'd']);
  });

  it('has at most `limit` gaps, and the pages together have each once', () => {
    const ids = ['b', 'd', 'f', 'h'];
    const gaps = ['a', 'c', 'e', 'g', 'i'];
    for (const limit of [1, 2, 3, 4, 5]) {
      const pages = [page(ids, gaps, limit)];
      while (pages[0]!.before !== undefined) pages.unshift(page(ids, gaps, limit, pages[0]!.before));
      expect(pages.flatMap((one) => one.ids)).toEqual(ids);
      expect(pages.flatMap((one) => one.gaps)).toEqual(gaps);
      for (const one of pages) expect(one.gaps.length).toBeLessThanOrEqual(limit);
      expect(pages.length).toBe(limit === 5 ? 1 : Math.ceil(4 / limit) + (4 % limit === 0 ? 1 : 0));
    }
  });
});
