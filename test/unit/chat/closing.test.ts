import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { type CloseCode, closeCodes } from '../../../generated/chat/index.ts';
import { Closing } from '../../../src/chat/closing.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function startClosing({ isBehind = false } = {}) {
  const calls: unknown[][] = [];
  const webSocket = Object.assign(new EventEmitter(), {
    close: (code: number, reason: string) => void calls.push(['close', code, reason]),
    terminate: () => void calls.push(['terminate']),
  });
  const socket = new EventEmitter();
  let empty: (() => void) | undefined;
  const queue = {
    isBehind,
    drop: () => void calls.push(['drop']),
    close: (onEmpty: () => void) => {
      empty = onEmpty;
    },
  };
  const closing = new Closing(webSocket as unknown as WebSocket, socket as Socket, {
    queue,
    onProtocolError: () => void calls.push(['protocol error']),
    onClosed: (...args) => void calls.push(['closed', ...args]),
  });
  return { closing, webSocket, socket, calls, empty: () => empty?.() };
}

describe('the server’s close', () => {
  it('is sent after the queue, with the name of its code', () => {
    const { closing, calls, empty } = startClosing();
    closing.begin(closeCodes.service_restart);
    expect(calls).toEqual([]);
    empty();
    expect(calls).toEqual([['close', closeCodes.service_restart, 'service_restart']]);
  });

  it.each([
    ['too_slow', true],
    ['access_revoked', true],
    ['token_expired', false],
    ['going_away', false],
  ] as const)('with %s drops waiting frames: %s', (name, drops) => {
    const { closing, calls } = startClosing();
    closing.begin(closeCodes[name]);
    expect(calls).toEqual(drops ? [['drop']] : []);
  });

  it.each<[name: string, code: CloseCode, isBehind: boolean, ms: number]>([
    ['that has read all', closeCodes.policy, false, 2_000],
    ['that still reads', closeCodes.policy, true, 8_000],
    ['that still reads while the server stops', closeCodes.going_away, true, 5_000],
  ])('cuts a client %s, and doesn’t answer', (_, code, isBehind, ms) => {
    const { closing, calls } = startClosing({ isBehind });
    closing.begin(code);
    vi.advanceTimersByTime(ms - 1);
    expect(calls).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(calls).toEqual([['terminate']]);
  });

  it('cuts a client that keeps its end of the connection open 2 s after both closed', () => {
    const { closing, socket, calls, empty } = startClosing({ isBehind: true });
    closing.begin(closeCodes.token_expired);
    empty();
    socket.emit('finish');
    vi.advanceTimersByTime(2_000);
    expect(calls.slice(1)).toEqual([['terminate']]);
  });
});

describe('a closed connection', () => {
  it.each<[name: string, act: (closing: Closing, webSocket: EventEmitter) => void, code: number, want: unknown[]]>([
    ['the client closed', () => {}, 1000, ['client', 1000, false]],
    ['broke', () => {}, 1006, ['client', 1006, true]],
    ['the server closed', (closing) => closing.begin(closeCodes.policy), 1008, ['server', 1008, false]],
    ['the server closed, and that broke', (closing) => closing.begin(closeCodes.policy), 1006, ['server', 1008, true]],
    [
      'ws closed because of a frame that is too big',
      (_, webSocket) => webSocket.emit('error', { code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' }),
      1006,
      ['server', closeCodes.frame_too_big, false],
    ],
    [
      'ws closed because of text that is not UTF-8',
      (_, webSocket) => webSocket.emit('error', { code: 'WS_ERR_INVALID_UTF8' }),
      1006,
      ['server', closeCodes.not_utf8, false],
    ],
    [
      'ws closed because of another error of the protocol',
      (_, webSocket) => webSocket.emit('error', { code: 'WS_ERR_INVALID_OPCODE' }),
      1006,
      ['server', 1002, false],
    ],
  ])('that %s reports its side and code, and whether it was lost', (_, act, code, want) => {
    const { closing, webSocket, calls } = startClosing();
    act(closing, webSocket);
    webSocket.emit('close', code);
    expect(calls.at(-1)).toEqual(['closed', ...want]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
