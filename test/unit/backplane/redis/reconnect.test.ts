import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Greeting, Lease } from '../../../../src/backplane/redis/lease.ts';
import type { StreamEntry } from '../../../../src/backplane/redis/link.ts';
import { createReconnect, type Reconnect } from '../../../../src/backplane/redis/reconnect.ts';

const leaseMs = 6_000;
const greeting = (sessions: string[] = []): Greeting => ({
  epoch: 1,
  offset: 0,
  timeMs: 0,
  isKnown: true,
  stored: '',
  roster: [],
  sessions,
});
const entry = (offset: number): StreamEntry => ({ epoch: 1, offset, fields: new Map() });

/** A lease that fails, lapses and reads on demand: a real Redis cannot. */
function scriptedLease() {
  const { promise: over, reject } = Promise.withResolvers<never>();
  over.catch(() => {});
  let read = Promise.withResolvers<StreamEntry[]>();
  // No reader may wait when it fails.
  read.promise.catch(() => {});
  const lease = {
    over,
    fail: vi.fn((error: Error) => {
      reject(error);
      read.reject(error);
    }),
    entriesAfter: vi.fn(() => read.promise),
    call: vi.fn<Lease['call']>(),
    renew: vi.fn<Lease['renew']>().mockResolvedValue(false),
    isSure: vi.fn(() => true),
  } satisfies Lease;
  return {
    ...lease,
    lease,
    /** Ends the pending read. */
    arrive: (...entries: StreamEntry[]): void => {
      const { resolve } = read;
      read = Promise.withResolvers();
      read.promise.catch(() => {});
      resolve(entries);
    },
  };
}

describe('a connection to Redis', () => {
  let reconnect: Reconnect;
  let leases: ReturnType<typeof scriptedLease>[];
  const connect = vi.fn();
  const onConnected = vi.fn();
  const onDisconnected = vi.fn();
  const deliver = vi.fn();
  const event = vi.fn();
  const events = (): string[] => event.mock.calls.map(([name]) => name);

  beforeEach(() => {
    vi.useFakeTimers();
    vi.resetAllMocks();
    // The longest pause of each range.
    vi.spyOn(Math, 'random').mockReturnValue(1);
    leases = [];
    connect.mockImplementation(async () => {
      const own = scriptedLease();
      leases.push(own);
      return { lease: own.lease, greeting: greeting() };
    });
    const replica = { epoch: 1, offset: 0 };
    reconnect = createReconnect({ connect, onConnected, onDisconnected, deliver, replica, leaseMs, log: { event } });
  });
  afterEach(async () => {
    await reconnect.close();
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
  const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

  it('rejects its start if the first attempt fails, and does not try again', async () => {
    connect.mockRejectedValue(new Error('refused'));
    await expect(reconnect.start()).rejects.toThrow('refused');
    await pass(60_000);
    expect(connect).toHaveBeenCalledTimes(1);
    expect(reconnect.lease()).toBeUndefined();
  });

  it('has its lease when it reports the connection', async () => {
    onConnected.mockImplementation(() => expect(reconnect.lease()).toBe(leases[0]!.lease));
    await reconnect.start();
    expect(onConnected).toHaveBeenCalledExactlyOnceWith(greeting());
  });

  it('renews its lease within a third of it, and at once while more is to be done', async () => {
    await reconnect.start();
    await pass(0);
    const { renew } = leases[0]!;
    expect(renew).toHaveBeenCalledTimes(1);
    await pass(leaseMs / 3);
    expect(renew).toHaveBeenCalledTimes(2);
    renew.mockResolvedValueOnce(true).mockResolvedValueOnce(true);
    await pass(leaseMs / 3 + 10);
    expect(renew).toHaveBeenCalledTimes(5);
  });

  it('delivers the entries that it reads', async () => {
    await reconnect.start();
    leases[0]!.arrive(entry(1), entry(2));
    await pass(0);
    expect(deliver).toHaveBeenCalledExactlyOnceWith([entry(1), entry(2)]);
  });

  it('checks with Redis before it delivers if its lease may have lapsed', async () => {
    await reconnect.start();
    await pass(0);
    const { renew, isSure, arrive } = leases[0]!;
    isSure.mockReturnValue(false);
    const asked = Promise.withResolvers<boolean>();
    renew.mockReturnValue(asked.promise);
    arrive(entry(1));
    await pass(0);
    expect(deliver).not.toHaveBeenCalled();
    asked.resolve(false);
    await pass(0);
    expect(deliver).toHaveBeenCalledTimes(1);
  });

  it('delivers nothing more after its lease has lapsed, and connects again', async () => {
    await reconnect.start();
    await pass(0);
    const { renew, isSure, arrive, fail } = leases[0]!;
    isSure.mockReturnValue(false);
    renew.mockRejectedValue(new Error('The lease has lapsed'));
    arrive(entry(1));
    await pass(0);
    expect(deliver).not.toHaveBeenCalled();
    expect(fail).toHaveBeenCalledWith(new Error('The lease has lapsed'));
    await pass(100);
    expect(reconnect.lease()).toBe(leases[1]!.lease);
  });

  const ends: [name: string, end: (own: ReturnType<typeof scriptedLease>) => void][] = [
    ['its link is over', ({ fail }) => fail(new Error('ended'))],
    ['a renewal fails', ({ renew }) => renew.mockRejectedValue(new Error('ended'))],
    [
      'the stream has a gap',
      ({ arrive }) => {
        deliver.mockImplementationOnce(() => {
          throw new Error('ended');
        });
        arrive(entry(5));
      },
    ],
  ];
  it.each(ends)('ends the link, reports it once and connects again when %s', async (_, end) => {
    await reconnect.start();
    const [first] = leases;
    end(first!);
    await pass(leaseMs / 3);
    expect(first!.fail).toHaveBeenCalled();
    expect(onDisconnected).toHaveBeenCalledTimes(1);
    await pass(100);
    expect(reconnect.lease()).toBe(leases[1]!.lease);
    expect(events()).toEqual(['redis_lost', 'redis_back']);
  });

  it('waits longer after each failure, up to 2 s, and logs the loss and the return once', async () => {
    await reconnect.start();
    const downMs = performance.now();
    const attemptsMs: number[] = [];
    const works = connect.getMockImplementation()!;
    connect.mockImplementation(async () => {
      attemptsMs.push(performance.now() - downMs);
      throw new Error('refused');
    });
    leases[0]!.fail(new Error('ended'));
    await pass(9_999);
    const pauses = attemptsMs.map((ms, at) => ms - (attemptsMs[at - 1] ?? 0));
    expect(pauses).toEqual([50, 100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000]);
    expect(reconnect.lease()).toBeUndefined();
    connect.mockImplementation(works);
    await pass(2_000);
    expect(reconnect.lease()).toBe(leases[1]!.lease);
    expect(events()).toEqual(['redis_lost', 'redis_back']);
  });

  it('ignores reads of an earlier connection', async () => {
    await reconnect.start();
    const { fail, arrive, entriesAfter } = leases[0]!;
    entriesAfter.mockImplementation(() => new Promise(() => {}));
    fail(new Error('ended'));
    await pass(100);
    arrive(entry(1));
    await pass(0);
    expect(deliver).not.toHaveBeenCalled();
  });

  it('renews once more when it is closed, and then ends its link for good', async () => {
    await reconnect.start();
    await pass(0);
    const [{ renew, fail }] = leases as [ReturnType<typeof scriptedLease>];
    const before = renew.mock.calls.length;
    await reconnect.close();
    expect(renew).toHaveBeenCalledTimes(before + 1);
    expect(fail).toHaveBeenCalledWith(new Error('Closed'));
    await pass(60_000);
    expect([reconnect.lease(), connect.mock.calls.length]).toEqual([undefined, 1]);
    expect(events()).toEqual([]);
  });

  it('ends a link that is being made when it is closed', async () => {
    await reconnect.start();
    const opened = scriptedLease();
    const connecting = Promise.withResolvers<unknown>();
    connect.mockReturnValue(connecting.promise);
    leases[0]!.fail(new Error('ended'));
    await pass(100);
    await reconnect.close();
    connecting.resolve({ lease: opened.lease, greeting: greeting() });
    await pass(0);
    expect(opened.fail).toHaveBeenCalledWith(new Error('Closed'));
    expect(onConnected).toHaveBeenCalledTimes(1);
  });
});
