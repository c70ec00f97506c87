import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Admission, Backplane, Envelope, Seat } from '../../../src/backplane/backplane.ts';
import { createLocalBackplane } from '../../../src/backplane/local.ts';
import { backplaneSuite } from '../../suites/backplane.ts';

const epoch = Date.UTC(2026, 0, 1);
const ann = { id: '1', username: 'Ann' };
const bob = { id: '2', username: 'Bob' };

backplaneSuite('local', (options) => createLocalBackplane({ epoch, ...options }));

const seatOf = (admission: Admission): Seat => {
  if ('refusal' in admission) throw new Error(`refused: ${admission.refusal}`);
  return admission.seat;
};

const listen = async (backplane: Backplane): Promise<Envelope[]> => {
  const heard: Envelope[] = [];
  await backplane.start({ deliver: (envelope) => heard.push(envelope) });
  return heard;
};

describe('local backplane, over time', () => {
  it('lets a user reconnect unnoticed after its last connection broke, and announces user_left once when it doesn’t', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const backplane = createLocalBackplane({ epoch, maxSessionsPerUser: 1, presenceGraceMs: 1_000 });
    const heard = await listen(backplane);
    const types = () => heard.map(({ frame }) => frame.type);
    const first = seatOf(await backplane.admit(ann));
    await first.release('lost');
    await vi.advanceTimersByTimeAsync(999);
    expect(await backplane.refusalOf({ id: '9', username: 'ANN' })).toBe('name_in_use');
    const back = seatOf(await backplane.admit(ann));
    expect(back.roster).toEqual([ann]);
    await vi.advanceTimersByTimeAsync(5_000);
    await back.release('lost');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(types()).toEqual(['user_joined', 'user_left']);
    await seatOf(await backplane.admit(ann)).release('left');
    await vi.advanceTimersByTimeAsync(5_000);
    expect(types()).toEqual(['user_joined', 'user_left', 'user_joined', 'user_left']);
  });

  it('stops all timers when it is closed', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const backplane = createLocalBackplane({ epoch, presenceGraceMs: 1_000 });
    const heard = await listen(backplane);
    await seatOf(await backplane.admit(ann)).release('lost');
    await backplane.close();
    expect(vi.getTimerCount()).toBe(0);
    expect(heard).toHaveLength(1);
  });

  it('starts at its epoch’s first id, in ids of one width', async () => {
    const backplane = createLocalBackplane({ epoch: 5, now: () => 7 });
    const heard = await listen(backplane);
    const { id } = seatOf(await backplane.admit(ann));
    expect([id, heard[0]?.id]).toEqual(['0000000000000005-0000000000000000', '0000000000000005-0000000000000001']);
  });

  it('gives ids that rise across restarts, also to an epoch with one digit more', async () => {
    const lastIds: string[] = [];
    for (const epoch of [9, 10, 999_999_999_999, 1_000_000_000_000, Number.MAX_SAFE_INTEGER]) {
      const backplane = createLocalBackplane({ epoch: Math.min(epoch, 8.64e15), now: () => 0 });
      const heard = await listen(backplane);
      const seat = seatOf(await backplane.admit(ann));
      for (let n = 0; n < 11; n += 1) await seat.publish({ text: 'x' });
      lastIds.push(heard[0]!.id, heard.at(-1)!.id);
    }
    expect(lastIds).toEqual([...new Set(lastIds)].sort());
  });

  it('stops its time while the clock is behind, and starts at the clock if that is before the epoch', async () => {
    const clock = [epoch - 5_000, epoch + 10, epoch + 3, epoch - 60_000, epoch + 11];
    let now = epoch - 5_000;
    const backplane = createLocalBackplane({ epoch, now: () => now });
    const heard = await listen(backplane);
    const seat = seatOf(await backplane.admit(ann));
    for (const at of clock) {
      now = at;
      await seat.publish({ text: 'x' });
    }
    const times = [seat, ...heard].map(({ sentAt }) => Date.parse(sentAt) - epoch);
    expect(times).toEqual([-5_000, -5_000, -5_000, 10, 10, 10, 11]);
  });

  it('remembers nonces by a monotonic clock, those of past messages too', async () => {
    let [now, elapsed] = [epoch, 1_000_000];
    const past = (nonce: string, atMs: number): Envelope => ({
      id: `0-${nonce}`,
      sentAt: new Date(atMs).toISOString(),
      userId: ann.id,
      frame: { type: 'chat_message', msg: { from_user: ann.username, text: 'x', nonce } },
    });
    const pastMessages = [past('older', epoch - 400_000), past('old', epoch - 200_000), past('last', epoch - 100_000)];
    const backplane = createLocalBackplane({ epoch, now: () => now, elapsed: () => elapsed, pastMessages });
    await listen(backplane);
    const seat = seatOf(await backplane.admit(ann));
    const publish = (nonce: string) => seat.publish({ text: 'x', nonce });
    expect(await publish('new')).toBe('accepted');
    now += 86_400_000;
    for (const nonce of ['old', 'last', 'new']) expect(await publish(nonce)).toMatchObject({ repeats: {} });
    expect(await publish('older')).toBe('accepted');
    elapsed += 150_000;
    expect(await publish('old')).toBe('accepted');
    expect(await publish('last')).toMatchObject({ repeats: {} });
    elapsed += 150_000;
    for (const nonce of ['last', 'new']) expect(await publish(nonce)).toBe('accepted');
  });

  it.each([
    ['counts a pause between two runs', 250_000, 'accepted'],
    ['forgets no nonce for a clock that is 60 days ahead', 60 * 86_400_000, { repeats: {} }],
    ['forgets no nonce for a clock that is behind', -86_400_000, { repeats: {} }],
  ])('%s', async (_, pauseMs, answer) => {
    const msg = { from_user: ann.username, text: 'x', nonce: 'n' };
    const past = (id: string, atMs: number, frame: Envelope['frame']): Envelope => ({
      id,
      sentAt: new Date(atMs).toISOString(),
      userId: ann.id,
      frame,
    });
    const pastMessages = [
      past('0-1', epoch - 100_000, { type: 'chat_message', msg }),
      past('0-2', epoch, { type: 'chat_message', msg: { from_user: ann.username, text: 'x' } }),
    ];
    const backplane = createLocalBackplane({ epoch, now: () => epoch + pauseMs, pastMessages });
    await listen(backplane);
    const published = await seatOf(await backplane.admit(ann)).publish({ text: 'x', nonce: 'n' });
    if (answer === 'accepted') expect(published).toBe(answer);
    else expect(published).toMatchObject(answer as object);
  });
});

describe('local backplane, among calls', () => {
  it('shares one frozen roster among the sessions that join between two changes of it', async () => {
    const backplane = createLocalBackplane({ epoch });
    await listen(backplane);
    await backplane.admit(ann);
    const [second, third] = [seatOf(await backplane.admit(ann)), seatOf(await backplane.admit(ann))];
    expect(third.roster).toBe(second.roster);
    expect(Object.isFrozen(second.roster)).toBe(true);
    const beforeBob = seatOf(await backplane.admit(bob));
    expect(beforeBob.roster).toBe(second.roster);
    expect(seatOf(await backplane.admit(bob)).roster).toEqual([ann, bob]);
    expect(second.roster).toEqual([ann]);
  });

  it('keeps the order of calls made from inside deliver, seats included', async () => {
    const backplane = createLocalBackplane({ epoch });
    const heard: string[] = [];
    const seats: Promise<Admission>[] = [];
    await backplane.start({
      deliver: ({ frame }) => {
        if (frame.type === 'user_joined' && frame.msg.username === 'Ann')
          seats.push(backplane.admit(bob), backplane.admit(bob));
        heard.push(`${frame.type} ${'username' in frame.msg ? frame.msg.username : ''}`);
      },
    });
    await backplane.admit(ann);
    const [first, second] = (await Promise.all(seats)).map(seatOf);
    expect(heard).toEqual(['user_joined Ann', 'user_joined Bob']);
    expect([first?.roster, second?.roster]).toEqual([[ann], [ann, bob]]);
  });

  it('drops undelivered frames when it is closed from inside deliver', async () => {
    const backplane = createLocalBackplane({ epoch });
    const heard: Envelope[] = [];
    await backplane.start({
      deliver: (envelope) => {
        heard.push(envelope);
        void backplane.admit(bob);
        void backplane.close();
      },
    });
    await backplane.admit(ann);
    expect(heard).toHaveLength(1);
  });
});
