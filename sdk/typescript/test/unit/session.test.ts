import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectWebSocket, type WebSocketOptions } from '../../src/connection.ts';
import type { ChatMessageFromClient, ServerMessage, TokenRefresh, WebSocketLike } from '../../src/index.ts';
import { PalaverError } from '../../src/index.ts';
import type { UnknownFrame } from '../../src/read-frame.ts';
import { startSession } from '../../src/session.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const tokenOf = (claims: object): string => `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`;
const token = tokenOf({ username: 'Me', exp: 100 });
const sentAt = new Date(0).toISOString();

/** The server's end of a WebSocket, which the test plays. */
class FakeSocket implements WebSocketLike {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly sent: (ChatMessageFromClient | TokenRefresh)[] = [];
  terminate = vi.fn();
  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }
  close(): void {
    this.onclose?.({ code: 1000, reason: '' } as never);
  }
  open(): void {
    this.onopen?.({} as never);
  }
  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify({ sent_at: sentAt, ...frame }) } as never);
  }
}

const online = (list: string[], more: object = {}) => ({ type: 'users_online', id: '1', msg: { list, ...more } });

interface Scene {
  readonly lastId?: string;
  readonly hasGap?: boolean;
  readonly hasUnsettled?: boolean;
  readonly renew?: () => Promise<string>;
  readonly heartbeatIntervalMs?: number;
}

/** A session over a fake socket, and a list of its effects on the room, in order. */
async function start({ lastId, hasGap = false, hasUnsettled = false, renew, heartbeatIntervalMs = 1_000 }: Scene = {}) {
  const socket = new FakeSocket();
  const log: string[] = [];
  const frames: (ServerMessage | UnknownFrame)[] = [];
  const urls: string[] = [];
  const [leaving, giveUp] = [new AbortController(), new AbortController()];
  const webSocket: WebSocketOptions = {
    url: 'ws://host/join',
    dial: (url) => {
      urls.push(url);
      return socket;
    },
    whyRefused: async (_, id) => new PalaverError('invalid_parameter', `asked with ${id}`, { status: 400 }),
  };
  const session = startSession(
    {
      options: {
        timeoutMs: 900,
        heartbeatIntervalMs,
      },
      inbox: { receive: (frame) => frames.push(frame) },
      outbox: {
        open: (transmit) => {
          log.push('outbox open');
          transmit({ type: 'chat_message', msg: { text: 'queued', nonce: 'n' } });
        },
        settle: () => {},
        suspend: () => log.push('outbox suspended'),
        hasInFlight: () => false,
        hasUnsettled: () => hasUnsettled,
      },
      leaving: leaving.signal,
      renew,
      onAnswered: () => log.push('answered'),
      onOpen: (own) => log.push(`open as ${own}`),
    },
    { connect: (to) => connectWebSocket(webSocket, to), token, lastId, hasGap, giveUp: giveUp.signal },
  );
  await pass(0);
  socket.open();
  return { session, socket, log, frames, urls, leaving, giveUp };
}

describe('a session', () => {
  it.each([
    [undefined, 'ws://host/join'],
    ['2+/?', 'ws://host/join?last_event_id=2%2B%2F%3F'],
  ])('resumes after the frame %s', async (lastId, url) => {
    const { urls } = await start(lastId === undefined ? {} : { lastId });
    expect(urls).toEqual([url]);
  });

  it('opens, and then its outbox, once the own user is in the roster', async () => {
    const { socket, log } = await start();
    socket.say(online(['You']));
    expect(log).toEqual(['answered']);
    socket.say({ type: 'user_joined', id: '2', msg: { username: 'Me' } });
    expect(log).toEqual(['answered', 'open as Me', 'outbox open']);
    expect(socket.sent).toMatchObject([{ msg: { text: 'queued' } }]);
  });

  it('opens its outbox after the missed messages if some sends are unsettled', async () => {
    const { socket, log, frames } = await start({ hasUnsettled: true, lastId: '1' });
    socket.say(online(['Me'], { recovered: true }));
    expect([log.at(-1), socket.sent]).toMatchObject(['open as Me', [{ msg: { text: '' } }]]);
    const [{ msg }] = socket.sent as [ChatMessageFromClient];
    socket.say({ type: 'error', msg: { code: 'invalid_message', detail: 'empty', nonce: msg.nonce } });
    expect(log.at(-1)).toBe('outbox open');
    // Nobody else sees the answer to the probe.
    expect(frames.map(({ type }) => type)).toEqual(['users_online']);
  });

  it.each([
    [true, false],
    [false, true],
  ])('reports a gap if it could not resume: %s', async (hasGap, recovered) => {
    const { socket, frames } = await start({ hasGap });
    socket.say(online(['Me'], { recovered: true }));
    expect(frames).toMatchObject([{ msg: { recovered } }]);
  });

  it('passes on the refusal of a message', async () => {
    const { socket, frames } = await start();
    socket.say(online(['Me']));
    socket.say({ type: 'error', msg: { code: 'invalid_message', detail: 'no', nonce: 'n' } });
    expect(frames.map(({ type }) => type)).toEqual(['users_online', 'error']);
  });

  it('renews its token, and hides the answer from the app', async () => {
    const { socket, frames } = await start({ renew: async () => 'a.b.c', heartbeatIntervalMs: 1_000_000 });
    socket.say(online(['Me']));
    await pass(81_000);
    const refreshes = socket.sent.filter(({ type }) => type === 'token_refresh');
    expect(refreshes).toMatchObject([{ msg: { token: 'a.b.c' } }]);
    const { nonce } = refreshes[0]!.msg;
    socket.say({ type: 'token_refreshed', msg: { nonce, expires_at: new Date(100_000).toISOString() } });
    expect(frames.some(({ type }) => type === 'token_refreshed')).toBe(false);
  });
});

describe('a session ends', () => {
  it('with timeout if the server never sends the roster', async () => {
    const { session, socket } = await start();
    await pass(900);
    expect(await session.ended).toMatchObject({ code: 'timeout', next: 'reconnect' });
    expect(socket.terminate).toHaveBeenCalled();
  });

  it('with connection_lost if the server falls silent', async () => {
    const { session, socket } = await start();
    socket.say(online(['Me']));
    await pass(1_300);
    expect(await session.ended).toMatchObject({ code: 'connection_lost', next: 'reconnect' });
  });

  it('with connection_lost in favour of a better attempt', async () => {
    const { session, giveUp } = await start();
    giveUp.abort();
    expect(await session.ended).toMatchObject({ code: 'connection_lost' });
  });

  it('and suspends its outbox, and leaves no timer behind', async () => {
    const { session, socket, log } = await start({ renew: async () => 'a.b.c' });
    socket.say(online(['Me']));
    session.close();
    await session.ended;
    session.check();
    expect([log.at(-1), vi.getTimerCount()]).toEqual(['outbox suspended', 0]);
  });
});

it('ignores every frame after the app has left the room', async () => {
  const { socket, log, frames, leaving } = await start();
  leaving.abort();
  socket.say(online(['Me']));
  expect([log, frames]).toEqual([[], []]);
});
