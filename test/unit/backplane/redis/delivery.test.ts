import { beforeEach, describe, expect, it, vi } from 'vitest';
import { idOf } from '../../../../src/backplane/ids.ts';
import { createDelivery, type Delivery } from '../../../../src/backplane/redis/delivery.ts';
import type { Greeting } from '../../../../src/backplane/redis/lease.ts';
import type { StreamEntry } from '../../../../src/backplane/redis/link.ts';
import { createReplica } from '../../../../src/backplane/redis/replica.ts';
import { createSeats, type Seats } from '../../../../src/backplane/redis/seats.ts';

const epoch = 7;
const entry = (offset: number, fields: Readonly<Record<string, string>>, at = epoch): StreamEntry => ({
  epoch: at,
  offset,
  fields: new Map(Object.entries({ t: '0', ...fields })),
});
const message = (offset: number, at = epoch): StreamEntry => entry(offset, { k: 'said', u: '1', m: '{"text":""}' }, at);
const greeting = (given: Partial<Greeting> = {}): Greeting => ({
  epoch,
  offset: 0,
  timeMs: 0,
  isKnown: true,
  stored: '',
  roster: [],
  sessions: [],
  ...given,
});

describe('delivery', () => {
  let seats: Seats;
  let delivery: Delivery;
  const listener = { deliver: vi.fn(), begin: vi.fn(), accessChanged: vi.fn(), crowded: vi.fn() };
  const delivered = (): string[] => listener.deliver.mock.calls.map(([{ id }]) => id);
  const beginning = () => listener.begin.mock.calls.at(-1)![0];

  beforeEach(() => {
    vi.resetAllMocks();
    const replica = createReplica();
    seats = createSeats(replica);
    delivery = createDelivery({ node: 'here', replica, seats });
    delivery.listen(listener);
  });

  it('continues a stream that it began, as long as Redis knows the node and the epoch', () => {
    expect(delivery.continues(greeting())).toBe(false);
    delivery.begin(greeting(), []);
    expect(delivery.continues(greeting({ offset: 9 }))).toBe(true);
    expect(delivery.continues(greeting({ isKnown: false }))).toBe(false);
    expect(delivery.continues(greeting({ epoch: epoch + 1 }))).toBe(false);
  });

  it('delivers entries in order, and starts over at a gap', () => {
    delivery.begin(greeting(), []);
    delivery.deliver([message(1), message(2)]);
    expect(() => delivery.deliver([message(3), message(5), message(6)])).toThrow('The stream has a gap');
    expect(delivered()).toEqual([1, 2, 3].map((offset) => idOf(epoch, offset)));
    expect(delivery.continues(greeting())).toBe(false);
  });

  const internal: [name: string, fields: Record<string, string>, changed: number, crowded: string[]][] = [
    ['a change of access', { k: 'access' }, 1, []],
    ['a crowded user of another node', { k: 'access', by: 'there', p: 'ann' }, 0, ['ann']],
    ['a crowded user of its own', { k: 'access', by: 'here', p: 'ann' }, 0, []],
    ['a kind that it does not know', { k: 'new' }, 1, []],
  ];
  it.each(internal)('tells the node, and no session, of %s', (_, fields, changed, crowded) => {
    delivery.begin(greeting(), []);
    delivery.deliver([entry(1, fields)]);
    expect(listener.deliver).not.toHaveBeenCalled();
    expect(listener.accessChanged).toHaveBeenCalledTimes(changed);
    expect(listener.crowded.mock.calls.flat()).toEqual(crowded);
  });

  it('gives all sessions up as lost when it starts over', async () => {
    delivery.begin(greeting(), []);
    const arriving = seats.arrive('here/1/ann', undefined);
    delivery.begin(greeting({ epoch: epoch + 1 }), []);
    expect(await arriving).toBeUndefined();
    expect(seats.reconcile(['here/1/ann'])).toEqual([['here/1/ann', 'lost']]);
  });

  it('resolves a wait for an offset once it has delivered it, and in vain if the link has ended', async () => {
    delivery.begin(greeting(), []);
    const [first, third] = [delivery.reached(epoch, 1), delivery.reached(epoch, 3)];
    delivery.deliver([message(1)]);
    expect([await first, await delivery.reached(epoch, 1)]).toEqual([true, true]);
    delivery.interrupt();
    expect(await third).toBe(false);
  });

  it('does not wait for an offset of another epoch', async () => {
    delivery.begin(greeting(), []);
    expect(await delivery.reached(epoch - 1, 9)).toBe(true);
  });

  describe('a beginning', () => {
    it('has the messages of its epoch, from the point where they are complete', () => {
      delivery.begin(greeting({ offset: 5 }), [message(9, epoch - 1), entry(4, { k: 'access' }), message(5)]);
      expect(beginning()).toMatchObject({ id: idOf(epoch, 5), completeFrom: idOf(epoch, 3) });
      expect(beginning().messages.map(({ id }: { id: string }) => id)).toEqual([idOf(epoch, 5)]);
    });

    it('is complete from its own position if nothing of its epoch is remembered', () => {
      delivery.begin(greeting({ offset: 5 }), [message(9, epoch - 1)]);
      expect(beginning()).toMatchObject({ messages: [], completeFrom: idOf(epoch, 5) });
    });

    const gap = idOf(epoch, 4);
    const stored: [behaviour: string, stored: string, unstored: number[], gap: string | undefined][] = [
      ['all messages and a gap before them, where nothing is stored', '', [4, 5], gap],
      ['a gap, where the last stored message is forgotten', idOf(epoch, 2), [4, 5], gap],
      ['no gap, where all before the first message is stored', idOf(epoch, 3), [4, 5], undefined],
      ['the messages behind the last stored one', idOf(epoch, 4), [5], undefined],
      ['nothing, where all is stored', idOf(epoch, 5), [], undefined],
    ];
    it.each(stored)('names as unstored %s', (_, last, unstored, gap) => {
      delivery.begin(greeting({ offset: 5, stored: last }), [message(4), message(5)]);
      const { messages, gap: found } = beginning().unstored;
      expect(messages.map(({ id }: { id: string }) => id)).toEqual(unstored.map((offset) => idOf(epoch, offset)));
      expect(found).toBe(gap);
    });
  });
});
