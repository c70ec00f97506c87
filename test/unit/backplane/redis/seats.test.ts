import { describe, expect, it } from 'vitest';
import { idOf } from '../../../../src/backplane/ids.ts';
import { createReplica } from '../../../../src/backplane/redis/replica.ts';
import { createSeats, type Departure } from '../../../../src/backplane/redis/seats.ts';

const epoch = 7;
const ann = { id: '1', username: 'Ann' };

/** Seats over a replica at offset 0 with Ann in the room. `join` delivers the join of a user. */
function setUp() {
  const replica = createReplica();
  replica.begin({ epoch, offset: 0, timeMs: 0, roster: [ann] });
  const seats = createSeats(replica);
  const advance = (...fields: [string, string][]): void => {
    replica.advance({ epoch, offset: replica.offset + 1, fields: new Map([['t', '0'], ...fields]) });
  };
  return {
    seats,
    say: () => advance(['k', 'said'], ['m', '{}']),
    join: (session: string, name: string) => {
      seats.seatBeforeJoin(session);
      advance(['k', 'joined'], ['n', name], ['s', session]);
    },
  };
}

/** The outcome of a promise if it has settled by now. */
const now = <T>(promise: Promise<T>): Promise<T | 'pending'> =>
  Promise.race([promise, new Promise<'pending'>((resolve) => setImmediate(resolve, 'pending'))]);

describe('arrivals', () => {
  it('seats a first session right before its own join, which may arrive before the answer', async () => {
    const { seats, join } = setUp();
    const seated = seats.arrive('n/1/bob', undefined);
    join('n/1/bob', 'Bob');
    seats.entered('n/1/bob', 1);
    expect(await now(seated)).toMatchObject({ id: idOf(epoch, 0), roster: [ann] });
  });

  it('seats a further session when this node has reached the offset of the answer', async () => {
    const { seats, say } = setUp();
    const seated = seats.arrive('n/1/ann', undefined);
    say();
    seats.entered('n/1/ann', 2);
    expect(await now(seated)).toBe('pending');
    say();
    seats.seatReached();
    expect(await now(seated)).toMatchObject({ id: idOf(epoch, 2), roster: [ann] });
  });

  it('seats a further session at once if this node has already reached it', async () => {
    const { seats } = setUp();
    const seated = seats.arrive('n/1/ann', undefined);
    seats.entered('n/1/ann', 0);
    expect(await now(seated)).toMatchObject({ id: idOf(epoch, 0) });
  });

  it('does not seat a session before Redis has answered, whatever this node reaches', async () => {
    const { seats, say } = setUp();
    const seated = seats.arrive('n/1/bob', undefined);
    say();
    seats.seatReached();
    expect(await now(seated)).toBe('pending');
  });

  it('lets newcomers of one batch share a position', async () => {
    const { seats, join } = setUp();
    const since = idOf(epoch, 0);
    const [bob, cleo] = [seats.arrive('n/1/bob', since), seats.arrive('n/2/cleo', since)];
    join('n/1/bob', 'Bob');
    join('n/2/cleo', 'Cleo');
    expect(await cleo).toBe(await bob);
  });

  it('ends the wait of every arrival without a position when the link ends', async () => {
    const { seats } = setUp();
    const arrivals = [seats.arrive('n/1/bob', undefined), seats.arrive('n/2/ann', undefined)];
    seats.interrupt();
    expect(await Promise.all(arrivals)).toEqual([undefined, undefined]);
  });

  it('ignores the join and the answer of a session that was abandoned', async () => {
    const { seats, join } = setUp();
    const seated = seats.arrive('n/1/bob', undefined);
    seats.abandon('n/1/bob');
    join('n/1/bob', 'Bob');
    seats.entered('n/1/bob', 1);
    expect(await now(seated)).toBe('pending');
    expect(seats.holds('n/1/bob')).toBe(false);
  });
});

describe('departures', () => {
  const setUpHeld = (...sessions: string[]) => {
    const { seats } = setUp();
    for (const session of sessions) void seats.arrive(session, undefined);
    return seats;
  };

  it('gives a session up once', () => {
    const seats = setUpHeld('n/1/ann');
    expect(seats.holds('n/1/ann')).toBe(true);
    expect([seats.release('n/1/ann', 'left'), seats.release('n/1/ann', 'lost')]).toEqual([true, false]);
    expect(seats.holds('n/1/ann')).toBe(false);
    expect(seats.reconcile(['n/1/ann'])).toEqual([['n/1/ann', 'left']]);
  });

  const cases: [behaviour: string, known: string[], want: (readonly [string, Departure])[]][] = [
    ['leaves a session alone that both have', ['n/1/held'], []],
    ['forgets a departure that Redis already knows of', [], []],
    [
      'owes each departure in the way it was made',
      ['n/2/left', 'n/3/lost'],
      [
        ['n/2/left', 'left'],
        ['n/3/lost', 'lost'],
      ],
    ],
    ['closes a session that only Redis has', ['n/9/unknown'], [['n/9/unknown', 'left']]],
  ];
  it.each(cases)('%s', (_, known, want) => {
    const seats = setUpHeld('n/1/held', 'n/2/left', 'n/3/lost');
    seats.release('n/2/left', 'left');
    seats.release('n/3/lost', 'lost');
    expect(seats.reconcile(known)).toEqual(want);
  });

  it('owes a departure until it is confirmed, over several links', () => {
    const seats = setUpHeld('n/1/ann');
    seats.release('n/1/ann', 'lost');
    expect(seats.reconcile(['n/1/ann'])).toEqual([['n/1/ann', 'lost']]);
    expect(seats.reconcile(['n/1/ann'])).toEqual([['n/1/ann', 'lost']]);
    seats.confirmDeparture('n/1/ann');
    expect(seats.reconcile([])).toEqual([]);
  });

  it('gives all sessions up as lost when the stream starts over', () => {
    const seats = setUpHeld('n/1/ann', 'n/2/bob');
    seats.releaseAll();
    expect([seats.holds('n/1/ann'), seats.holds('n/2/bob')]).toEqual([false, false]);
    expect(seats.reconcile(['n/1/ann'])).toEqual([['n/1/ann', 'lost']]);
  });
});
