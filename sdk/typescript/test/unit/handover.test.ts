import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Connection, ConnectionOptions } from '../../src/connection.ts';
import { type Ended, endedBy } from '../../src/ended.ts';
import { createHandover } from '../../src/handover.ts';
import { PalaverError, type UsersOnline } from '../../src/index.ts';
import type { Session, SessionStart, Succession } from '../../src/session.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const online = (id: string, recovered?: boolean): UsersOnline => ({
  ...{ type: 'users_online', id, sent_at: '' },
  msg: { list: ['Me'], ...(recovered !== undefined && { recovered }) },
});

/** Returns something that ends when it is dropped. */
function endable() {
  let end = (_: Ended): void => {};
  const ended = new Promise<Ended>((resolve) => {
    end = resolve;
  });
  return { ended, drop: vi.fn((error: PalaverError) => end(endedBy(error))) };
}

/** A current session at a position, and a connection that may replace it. */
function start({ position }: { position: string | undefined } = { position: '5' }) {
  const current = endable();
  const successor = endable();
  const sessions: Succession = { current: current as unknown as Session, token: 'old' };
  const leaving = new AbortController();
  const [starts, frames] = [[] as SessionStart[], [] as string[]];
  let server!: ConnectionOptions;
  const handover = createHandover({
    ...{ sessions, position: { id: position }, timeoutMs: 1_000, leaving: leaving.signal },
  });
  const replace = (): Promise<boolean> =>
    handover.replace({
      token: 'new',
      connect: (options) => {
        server = options;
        return successor as unknown as Connection;
      },
      start: (how) => {
        starts.push(how);
        how.connect({ ...server, onFrame: (frame) => frames.push('id' in frame ? frame.id : frame.type) });
        return successor as unknown as Session;
      },
    });
  return { replace, sessions, current, successor, starts, frames, leaving, server: () => server };
}

describe('a handover', () => {
  it.each([
    ['a later roster, which the room learns', '6', false],
    ['the same roster', '5', true],
    ['an earlier roster', '4', true],
  ])('replaces the session once the next connection has resumed, with %s', async (_, id, hasRoster) => {
    const { replace, sessions, current, successor, starts, frames, server } = start();
    const replaced = replace();
    expect([server().token, server().lastId, current.drop.mock.calls.length]).toEqual(['new', '5', 0]);
    server().onFrame(online(id, true));
    expect(current.drop).toHaveBeenCalledOnce();
    server().onFrame(online('7'));
    expect([starts.length, starts[0]!.hasRoster, frames]).toEqual([1, hasRoster, [id, '7']]);
    expect([await replaced, sessions.token, sessions.current === (successor as unknown)]).toEqual([true, 'new', true]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ['has a gap', online('6', false)],
    ['could not ask for missed messages', online('6')],
  ])('keeps the session if the next connection %s', async (_, frame) => {
    const { replace, sessions, current, successor, starts, server } = start();
    const replaced = replace();
    server().onFrame(frame);
    expect([await replaced, successor.drop.mock.calls.length > 0, current.drop.mock.calls.length]).toEqual([
      false,
      true,
      0,
    ]);
    expect([starts, sessions.token, vi.getTimerCount()]).toEqual([[], 'old', 0]);
  });

  it.each([
    ['is never answered', () => pass(1_000)],
    ['connects when the room is left', (leaving: AbortController) => Promise.resolve(leaving.abort())],
  ])('gives the next connection up if it %s', async (_, act) => {
    const { replace, successor, leaving } = start();
    const replaced = replace();
    await act(leaving);
    expect([await replaced, successor.drop.mock.calls.length > 0, vi.getTimerCount()]).toEqual([false, true, 0]);
  });

  it('gives the next connection up if the session has ended meanwhile', async () => {
    const { replace, sessions, current, successor, starts } = start();
    const replaced = replace();
    sessions.current = undefined;
    current.drop(new PalaverError('connection_lost', 'It ended.'));
    expect(await replaced).toBe(false);
    expect([successor.drop.mock.calls.length, starts]).toEqual([1, []]);
  });

  it('tries one connection at a time, and none without a session or a position', async () => {
    const { replace, sessions, server } = start();
    const first = replace();
    expect(await replace()).toBe(false);
    server().onFrame(online('6', true));
    expect(await first).toBe(true);
    sessions.current = undefined;
    expect(await replace()).toBe(false);
    expect(await start({ position: undefined }).replace()).toBe(false);
  });
});
