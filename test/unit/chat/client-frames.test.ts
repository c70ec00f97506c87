/** The frames of one client over a real WebSocket, with the test as its session. */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { closeCodes } from '../../../generated/chat/index.ts';
import type { Published } from '../../../src/backplane/backplane.ts';
import { ClientFrames, type ClientFramesDeps } from '../../../src/chat/client-frames.ts';
import { createChatCounts } from '../../../src/chat/counts.ts';
import { within } from '../../harness/deadline.ts';
import { textsIn } from '../../harness/fan-out.ts';
import { openSocketPair } from '../../harness/socket-pair.ts';
import { until } from '../../harness/until.ts';

interface Given {
  readonly countFrame?: ClientFramesDeps['countFrame'];
  readonly publish?: ClientFramesDeps['roomSession']['publish'];
  readonly refresh?: () => Promise<void>;
}

async function start({ countFrame, publish = async () => 'accepted', refresh = async () => {} }: Given = {}) {
  const { client, webSocket } = await openSocketPair();
  const counts = createChatCounts();
  const calls: unknown[][] = [];
  let heard = 0;
  let isOver = false;
  const frames = new ClientFrames(webSocket, {
    roomSession: {
      publish: (draft) => {
        calls.push(['publish', draft.text, draft.nonce]);
        return publish(draft);
      },
    },
    userId: '1',
    countFrame,
    counts,
  });
  frames.read({
    heartbeat: { hear: () => (heard += 1) },
    replies: {
      send: (type, bytes) => void calls.push(['send', type, JSON.parse(textsIn(bytes)[0]!).msg]),
      sendError: ({ code, nonce }) => void calls.push(['error', code, nonce]),
      refuse: ({ code, nonce }) => void calls.push(['refuse', code, nonce]),
      slowDown: (retryAfterMs, nonce) => void calls.push(['slow down', retryAfterMs, nonce]),
    },
    access: {
      refresh: ({ token, nonce }) => {
        calls.push(['refresh', token, nonce]);
        return refresh();
      },
    },
    isOver: () => isOver,
    finish: (code) => void calls.push(['finish', code]),
    fail: (error) => void calls.push(['fail', (error as Error).message]),
  });
  const send = (frame: unknown): void => client.send(JSON.stringify(frame));
  return {
    client,
    webSocket,
    frames,
    counts,
    calls,
    heard: () => heard,
    endSession: () => (isOver = true),
    send,
    say: (text: string, nonce?: string): void => send({ type: 'chat_message', msg: { text, nonce } }),
    /** Resolves when all that the client has sent is taken, and answered if its answer is due. */
    taken: async (): Promise<void> => {
      const pong = once(client, 'pong');
      client.ping();
      await within(pong, 'the frames to come');
      await within(new Promise<void>((resolve) => frames.afterTaken(resolve)), 'the frames to be taken');
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('a frame of a client', () => {
  it('that is a message is published with its nonce, and gets no reply of its own', async () => {
    const { say, taken, calls } = await start();
    say('hi', 'n');
    say('ho');
    await taken();
    expect(calls).toEqual([
      ['publish', 'hi', 'n'],
      ['publish', 'ho', undefined],
    ]);
  });

  it('that repeats a nonce is answered with the first message', async () => {
    const msg = { from_user: 'Ann', from_user_id: '1', text: 'first', nonce: 'n' };
    const repeats = { id: '1', sentAt: '', frame: { type: 'chat_message', msg } } as const;
    const { say, taken, calls } = await start({ publish: async () => ({ repeats }) });
    say('again', 'n');
    await taken();
    expect(calls.at(-1)).toEqual(['send', 'chat_message', msg]);
  });

  it('that cannot be published is answered as unavailable, with its nonce', async () => {
    const { say, taken, calls } = await start({ publish: async () => 'refused' });
    say('hi', 'n');
    await taken();
    expect(calls.at(-1)).toEqual(['error', 'unavailable', 'n']);
  });

  it('with a new token refreshes the access', async () => {
    const { send, taken, calls } = await start();
    send({ type: 'token_refresh', msg: { token: 'a.b.c', nonce: 'n' } });
    await taken();
    expect(calls).toEqual([['refresh', 'a.b.c', 'n']]);
  });

  it('that is invalid is refused with its nonce, and not published', async () => {
    const { client, send, taken, calls } = await start();
    client.send('{');
    send({ type: 'chat_message', msg: { text: '', nonce: 'n' } });
    send({ type: 'typing', msg: { nonce: 'm' } });
    await taken();
    expect(calls).toEqual([
      ['refuse', 'malformed_json', undefined],
      ['refuse', 'invalid_message', 'n'],
      ['refuse', 'unknown_type', 'm'],
    ]);
  });

  it('that is binary ends the session', async () => {
    const { client, taken, calls } = await start();
    client.send(Buffer.from('{"type":"chat_message","msg":{"text":"hi"}}'), { binary: true });
    await taken();
    expect(calls).toEqual([['finish', closeCodes.binary_frame]]);
  });

  it('above the limit of its user is slowed down with its nonce; an invalid one is refused all the same', async () => {
    const asked: string[] = [];
    const countFrame = async (userId: string) => {
      asked.push(userId);
      return 500;
    };
    const { client, say, taken, calls } = await start({ countFrame });
    say('hi', 'n');
    client.send('{');
    await taken();
    expect(calls).toEqual([
      ['slow down', 500, 'n'],
      ['refuse', 'malformed_json', undefined],
    ]);
    expect(asked).toEqual(['1', '1']);
  });

  it('is not taken once the session is over, however long ago it came', async () => {
    const limit = Promise.withResolvers<undefined>();
    const { say, heard, endSession, frames, calls, counts } = await start({ countFrame: () => limit.promise });
    say('hi');
    await until(() => heard() === 1, 'the frame');
    endSession();
    limit.resolve(undefined);
    await within(new Promise<void>((resolve) => frames.afterTaken(resolve)), 'the frame to be taken');
    expect([calls, counts.received.chat_message, counts.receivedBytes]).toEqual([[], 0, 0]);
  });

  it('is counted by its type and its bytes, and is a sign of life', async () => {
    const { client, say, send, taken, counts, heard } = await start();
    say('hi');
    send({ type: 'token_refresh', msg: { token: 'a.b.c' } });
    client.send('{é');
    client.send(Buffer.from('xx'), { binary: true });
    await taken();
    expect(counts.received).toEqual({ chat_message: 1, token_refresh: 1, invalid: 2 });
    const texts = ['{"type":"chat_message","msg":{"text":"hi"}}', '{"type":"token_refresh","msg":{"token":"a.b.c"}}'];
    expect(counts.receivedBytes).toBe(texts.join('').length + '{..'.length + 'xx'.length);
    expect(heard()).toBe(4);
  });
});

describe('the frames of a client', () => {
  it('do not wait for the answers to the frames before them', async () => {
    const { promise, resolve } = Promise.withResolvers<Published>();
    const refreshed = Promise.withResolvers<void>();
    const { say, send, taken, calls } = await start({ publish: () => promise, refresh: () => refreshed.promise });
    say('one');
    send({ type: 'token_refresh', msg: { token: 'a.b.c' } });
    say('two');
    await taken();
    expect(calls.map(([call]) => call)).toEqual(['publish', 'refresh', 'publish']);
    resolve('accepted');
    refreshed.resolve();
  });

  it('wait while too many of them are not taken, keep their order, and are read again', async () => {
    const limit = Promise.withResolvers<undefined>();
    const { webSocket, say, frames, heard, calls } = await start({ countFrame: () => limit.promise });
    // Far more than may wait, in packets that hold few of them.
    const texts = Array.from({ length: 1_000 }, (_, n) => `${n} `.padEnd(4_000, '.'));
    for (const text of texts) say(text);
    await until(() => webSocket.isPaused, 'the pause');
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard()).toBeGreaterThanOrEqual(256);
    expect(heard()).toBeLessThan(400);
    expect(calls).toEqual([]);
    limit.resolve(undefined);
    await until(() => heard() === texts.length, 'the other frames');
    await within(new Promise<void>((resolve) => frames.afterTaken(resolve)), 'the frames to be taken');
    expect(calls.map(([, text]) => text)).toEqual(texts);
    expect(webSocket.isPaused).toBe(false);
  });

  it('end the session when one fails, by the limit, the room or the access', async () => {
    const fault = (message: string) => async (): Promise<never> => {
      throw new Error(message);
    };
    const cases: [Given, unknown[]][] = [
      [{ countFrame: fault('no limit') }, ['fail', 'no limit']],
      [{ publish: fault('no room') }, ['fail', 'no room']],
      [{ refresh: fault('no access') }, ['fail', 'no access']],
    ];
    for (const [given, want] of cases) {
      const { say, send, taken, calls } = await start(given);
      say('hi');
      send({ type: 'token_refresh', msg: { token: 'a.b.c' } });
      await taken();
      expect(calls.filter(([call]) => call === 'fail')).toContainEqual(want);
    }
  });

  it('call back once those before the call are taken', async () => {
    const limit = Promise.withResolvers<undefined>();
    const { say, heard, frames, calls } = await start({ countFrame: () => limit.promise });
    say('one');
    await until(() => heard() === 1, 'the frame');
    const taken = Promise.withResolvers<void>();
    frames.afterTaken(() => {
      calls.push(['after']);
      taken.resolve();
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toEqual([]);
    limit.resolve(undefined);
    await within(taken.promise, 'the call');
    expect(calls).toEqual([['publish', 'one', undefined], ['after']]);
  });
});
