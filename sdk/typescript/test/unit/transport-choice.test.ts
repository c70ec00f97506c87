import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Ended, endedBy } from '../../src/ended.ts';
import { PalaverError, type PalaverErrorCode, type Problem, type Transport } from '../../src/index.ts';
import { createTransportChoice } from '../../src/transport-choice.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const minuteMs = 60_000;
const failed = (code: PalaverErrorCode, details: object = {}): Ended =>
  endedBy(new PalaverError(code, 'It failed.', details));
/** A WebSocket that could not be opened, while the server answers over HTTP. */
const blocked = failed('connection_failed', { cause: new PalaverError('upgrade_required', 'No handshake.') });
const down = failed('connection_failed');
const noSuchPath = (code: string): Ended =>
  failed(code as PalaverErrorCode, { problem: { status: 404, code } as unknown as Problem });

function start(wanted: Transport | 'auto' = 'auto', outcomes: boolean[] = []) {
  const returns = vi.fn(async () => outcomes.shift() ?? false);
  return { choice: createTransportChoice({ wanted, returnToWebSocket: returns }), returns };
}

/** Returns a choice that has gone over to HTTP. */
function overHttp(outcomes: boolean[] = []) {
  const started = start('auto', outcomes);
  started.choice.after(blocked);
  started.choice.after(blocked);
  started.choice.answered('http');
  return started;
}

describe('the choice of a transport', () => {
  it('goes over to HTTP after two blocked handshakes, each tried at once', () => {
    const { choice } = start();
    expect([choice.next, choice.after(blocked), choice.next]).toEqual(['websocket', undefined, 'websocket']);
    expect([choice.after(blocked), choice.next]).toEqual([undefined, 'http']);
  });

  it.each(['timeout', 'connection_lost'] as const)('goes over after two attempts that end with %s', (code) => {
    const { choice } = start();
    const ended = failed(code);
    expect([choice.after(ended), choice.next]).toEqual([ended, 'websocket']);
    expect([choice.after(ended), choice.next]).toEqual([ended, 'http']);
  });

  it('stays with the WebSocket while the server is down, and where it refuses the user', () => {
    const { choice } = start();
    const refused = failed('name_in_use', { status: 409 });
    for (const ended of [down, refused, down, refused]) expect(choice.after(ended)).toBe(ended);
    expect(choice.next).toBe('websocket');
  });

  it('counts from the beginning after a WebSocket that was answered', () => {
    const { choice } = start();
    choice.after(blocked);
    choice.answered('websocket');
    choice.after(blocked);
    expect(choice.next).toBe('websocket');
  });

  it('returns to the WebSocket for one try after HTTP has failed', () => {
    const { choice } = overHttp();
    expect([choice.after(down), choice.next]).toEqual([down, 'websocket']);
    expect([choice.after(blocked), choice.next]).toEqual([undefined, 'http']);
  });

  it.each([
    ['a problem', noSuchPath('not_found')],
    ['no problem', failed('connection_failed', { status: 404 })],
  ])('stays with the WebSocket and its error if the server has no stream, with %s', (_, ended) => {
    const { choice } = start();
    choice.after(blocked);
    choice.after(blocked);
    expect([choice.after(ended), choice.next]).toEqual([blocked, 'websocket']);
    expect([choice.after(blocked), choice.after(blocked), choice.next]).toEqual([blocked, blocked, 'websocket']);
  });

  it('takes a missing room for the answer of a server with a stream', () => {
    const { choice } = start();
    choice.after(blocked);
    choice.after(blocked);
    const ended = noSuchPath('room_not_found');
    expect(choice.after(ended)).toBe(ended);
  });

  it.each(['websocket', 'http'] as const)('never leaves %s where that is wanted', async (wanted) => {
    const { choice, returns } = start(wanted);
    for (let n = 0; n < 3; n += 1) expect(choice.after(blocked)).toBe(blocked);
    choice.answered(wanted);
    await pass(60 * minuteMs);
    expect([choice.next, returns.mock.calls.length]).toEqual([wanted, 0]);
  });
});

describe('over HTTP, the choice', () => {
  it('tries the WebSocket again after one minute, two, four, and so on, up to ten', async () => {
    const { returns } = overHttp();
    const counts: number[] = [];
    for (const minutes of [1, 2, 4, 8, 10, 10]) {
      await pass(minutes * minuteMs - 1);
      counts.push(returns.mock.calls.length);
      await pass(1);
    }
    expect(counts).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('tries no more once a WebSocket was answered, or the room is left', async () => {
    const { choice, returns } = overHttp([true]);
    returns.mockImplementationOnce(async () => {
      choice.answered('websocket');
      return true;
    });
    await pass(60 * minuteMs);
    expect([choice.next, returns.mock.calls.length]).toEqual(['websocket', 1]);
    const left = overHttp();
    left.choice.stop();
    await pass(60 * minuteMs);
    expect(left.returns).not.toHaveBeenCalled();
  });

  it('tries soon after the network has returned, and then from the beginning', async () => {
    const { choice, returns } = overHttp();
    await pass(3 * minuteMs);
    choice.online();
    await pass(2_000);
    expect(returns).toHaveBeenCalledTimes(3);
    await pass(2 * minuteMs);
    expect(returns).toHaveBeenCalledTimes(4);
  });
});
