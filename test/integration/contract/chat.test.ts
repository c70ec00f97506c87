import { describe, expect, it } from 'vitest';
import type { Backplane } from '../../../src/backplane/backplane.ts';
import { createLocalBackplane } from '../../../src/backplane/local.ts';
import { type Chat, connect } from '../../harness/chat.ts';
import { request } from '../../harness/http.ts';
import { seen } from '../../harness/recorder.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { asyncapi, closeCodes, component, errorCodes, serverFrames } from '../../harness/spec.ts';
import { mint, nowS, testAdminToken } from '../../harness/tokens.ts';

const join = async (server: TestServer, username = 'Ann', claims = {}): Promise<Chat> =>
  connect(server, { token: await mint({ id: `id of ${username}`, username, ...claims }) });

const local = (): Backplane => createLocalBackplane({ epoch: Date.now() });

/** A session on a server of its own. */
async function onChat<T>(
  use: (ann: Chat, server: TestServer) => Promise<T>,
  backplane = local(),
  env: Record<string, string> = {},
): Promise<T> {
  await using server = await startTestServer({ backplane, env });
  return await use(await join(server), server);
}

/** Provokes each frame that the server sends. */
const frames: Record<string, () => Promise<unknown>> = {
  users_online: () => onChat((ann) => ann.next('users_online')),
  user_joined: () => onChat((ann) => ann.next('user_joined')),
  user_left: () =>
    onChat(async (ann, server) => {
      await (await join(server, 'Bob')).close();
      return ann.next('user_left');
    }),
  chat_message: () =>
    onChat((ann) => {
      ann.say('Hello!');
      return ann.next('chat_message');
    }),
  error: () =>
    onChat((ann) => {
      ann.sendRaw('{');
      return ann.next('error');
    }),
  token_refreshed: () =>
    onChat(async (ann) => {
      ann.send({ type: 'token_refresh', msg: { token: await mint({ id: 'id of Ann', username: 'Ann' }) } });
      return ann.next('token_refreshed');
    }),
};

/** Provokes each error. The server answers, and the connection stays open. */
const errors: Record<string, () => Promise<string>> = {
  malformed_json: () => errorOf((ann) => ann.sendRaw('Hello!')),
  unknown_type: () => errorOf((ann) => ann.send({ type: 'user_left', msg: { username: 'Ann' } })),
  invalid_message: () => errorOf((ann) => ann.send({ type: 'chat_message', msg: {} })),
  unavailable: () => {
    const backplane = local();
    return errorOf(async (ann) => {
      await backplane.close();
      ann.say('Hello!', 'm-1');
    }, backplane);
  },
  invalid_token: () => errorOf((ann) => ann.send({ type: 'token_refresh', msg: { token: 'a.b.c' } })),
  rate_limited: () =>
    errorOf(
      (ann) => {
        for (let n = 0; n < 3; n += 1) ann.say('Hello!', `m-${n}`);
      },
      local(),
      { RATE_LIMIT_FRAMES: '1' },
    ),
};

const errorOf = (
  provoke: (ann: Chat) => void | Promise<void>,
  backplane?: Backplane,
  env?: Record<string, string>,
): Promise<string> =>
  onChat(
    async (ann) => {
      await provoke(ann);
      return (await ann.next('error')).msg.code;
    },
    backplane,
    env,
  );

/** A room where every message fails. */
const failing = (): Backplane => {
  const inner = local();
  const publish = async (): Promise<never> => {
    throw new Error('planted');
  };
  const admit: Backplane['admit'] = async (member) => {
    const admission = await inner.admit(member);
    return 'seat' in admission ? { seat: { ...admission.seat, publish } } : admission;
  };
  return { ...inner, admit };
};

/** A stream that starts over at the first message. */
const forgetting = (): Backplane => {
  const inner = local();
  let begin = (): void => {};
  const publish = async () => {
    begin();
    return 'accepted' as const;
  };
  return {
    ...inner,
    start: (listener) => {
      begin = () => {
        const epoch = '0009999999999999';
        const id = `${epoch}-${'0'.repeat(16)}`;
        listener.begin?.({ id, epoch, messages: [], completeFrom: id, unstored: { messages: [] } });
      };
      return inner.start(listener);
    },
    admit: async (member) => {
      const admission = await inner.admit(member);
      return 'seat' in admission ? { seat: { ...admission.seat, publish } } : admission;
    },
  };
};

/** Provokes each close code. */
const closes: Record<number, () => Promise<number>> = {
  1001: () =>
    onChat(async (ann, server) => {
      await server.stop();
      return ann.closed();
    }),
  1003: () => closeAfter((ann) => ann.sendRaw(JSON.stringify({ type: 'chat_message', msg: { text: 'a' } }), true)),
  1007: () => closeAfter((ann) => ann.sendRaw(Buffer.from([0x22, 0xc3, 0x28, 0x22]))),
  1008: () =>
    closeAfter((ann) => {
      for (let n = 0; n < 40; n += 1) ann.sendRaw('{');
    }),
  1009: () => closeAfter((ann) => ann.sendRaw('x'.repeat(65_537))),
  1011: () => closeAfter((ann) => ann.say('Hello!'), failing()),
  1012: () => closeAfter((ann) => ann.say('Hello!'), forgetting()),
  1013: () =>
    onChat(async (ann, server) => {
      const slow = await join(server, 'Slow');
      slow.pause();
      await floodUntilLeft(ann);
      slow.resume();
      return slow.closed();
    }),
  4001: async () => {
    await using server = await startTestServer();
    // The session ends 5 s after `exp`, the clock tolerance.
    return await (await join(server, 'Ann', { exp: nowS() - 3 })).closed();
  },
  4003: () =>
    onChat(async (ann, server) => {
      await request(server, 'POST', '/admin/users/id%20of%20Ann/disable', {
        headers: { Authorization: `Bearer ${testAdminToken}` },
      });
      return ann.closed();
    }),
};

const closeAfter = (provoke: (ann: Chat) => void, backplane?: Backplane): Promise<number> =>
  onChat((ann) => {
    provoke(ann);
    return ann.closed();
  }, backplane);

/** More than the buffers on both sides of a connection hold. */
const floodMax = 4_000;
const floodText = '€'.repeat(component(asyncapi, 'Text').maxLength!);

/** Sends messages until the slow consumer leaves. Each is awaited, so its sender stays fast. */
async function floodUntilLeft(ann: Chat): Promise<void> {
  const left = (): boolean => ann.frames.some(({ type }) => type === 'user_left');
  for (let n = 0; n < floodMax && !left(); n += 1) {
    ann.say(floodText);
    await ann.next('chat_message');
  }
  if (!left()) throw new Error(`Nobody left after ${floodMax} messages`);
}

const sorted = (given: readonly (string | number)[]): string[] => given.map(String).sort();

describe('every frame of the server', () => {
  it('has a provoker here, and every provoker its frame there', () => {
    expect(sorted(Object.keys(frames))).toEqual(sorted(serverFrames.map(({ type }) => type)));
  });
  it.each(Object.entries(frames))('%s', async (type, provoke) => {
    expect(await provoke()).toMatchObject({ type });
  });
});

describe('every error code', () => {
  it('has a provoker here, and every provoker its code there', () => {
    expect(sorted(Object.keys(errors))).toEqual(sorted(errorCodes));
  });
  it.each(Object.entries(errors))('%s', async (code, provoke) => {
    expect(await provoke()).toBe(code);
  });
});

describe('every close code', () => {
  it('has a provoker here, and every provoker its code there', () => {
    expect(sorted(Object.keys(closes))).toEqual(sorted(closeCodes));
  });
  it.each(Object.entries(closes))('%s', async (code, provoke) => {
    expect(await provoke()).toBe(Number(code));
  });
});

it('covers all frames, errors and close codes of the AsyncAPI spec', () => {
  expect(serverFrames.filter(({ type }) => !seen.frames.has(type))).toEqual([]);
  expect(errorCodes.filter((code) => !seen.errors.has(code))).toEqual([]);
  expect(closeCodes.filter((code) => !seen.closes.has(code))).toEqual([]);
});
