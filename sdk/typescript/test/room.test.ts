import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { connect } from '../../../test/harness/chat.ts';
import { within } from '../../../test/harness/deadline.ts';
import { type SdkWorld, startSdkWorld } from '../../../test/harness/sdk-world.ts';
import { startTestServer } from '../../../test/harness/server.ts';
import { mint, nowS } from '../../../test/harness/tokens.ts';
import { until } from '../../../test/harness/until.ts';
import { Palaver, PalaverError, type PalaverOptions, type Room, type StateChange } from '../src/index.ts';

let world: SdkWorld;
beforeAll(async () => {
  world = await startSdkWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const rooms: Room[] = [];
afterEach(async () => {
  world.proxy.delay(0);
  world.proxy.resume();
  await Promise.all(rooms.splice(0).map((room) => room.close()));
});

let people = 0;
const person = () => ({ id: `${++people}`, username: `Person ${people}` });

type Joining = Partial<PalaverOptions> & { token?: string; getToken?: () => string | Promise<string> };

/** Joins. Returns the room, with a list of its later states. */
async function join({ token, getToken, ...options }: Joining = {}): Promise<Room & { changes: StateChange[] }> {
  const palaver = new Palaver({ url: world.url, ...options });
  const room = await palaver.join(getToken ? { getToken } : { token: token ?? (await mint(person())) });
  rooms.push(room);
  const changes: StateChange[] = [];
  room.on('state', (change) => changes.push(change));
  return Object.defineProperties({ changes }, Object.getOwnPropertyDescriptors(room)) as Room & {
    changes: StateChange[];
  };
}
const codes = ({ changes }: { changes: readonly StateChange[] }): string[] =>
  changes.map(({ state, reason }) => (reason ? `${state} ${reason.code}` : state));

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  within(promise, 'a rejection').then(
    () => 'nothing',
    (error: unknown) => {
      expect(error).toBeInstanceOf(PalaverError);
      return (error as PalaverError).code;
    },
  );
const open = (room: Room): Promise<void> => until(() => room.state === 'open', 'the room to be open');
const closed = (room: Room): Promise<void> => until(() => room.state === 'closed', 'the room to be closed');
/** Returns a list that grows with each message. */
function texts(room: Room): string[] {
  const heard: string[] = [];
  room.on('chat_message', ({ msg }) => heard.push(msg.text));
  return heard;
}

describe('over a network that fails', () => {
  it('works slowly where everything is slow', async () => {
    world.proxy.delay(150);
    const [room, other] = [await join(), await join()];
    const heard = texts(other);
    await Promise.all([room.send('one'), room.send('two')]);
    await until(() => heard.length === 2, 'both');
    expect(heard).toEqual(['one', 'two']);
    expect(room.roster).toEqual(other.roster);
  });

  it('loses nothing to a stall that ends in time', async () => {
    const [room, other] = [await join(), await join()];
    const heard = texts(other);
    world.proxy.stall();
    const sent = room.send('held');
    world.proxy.resume();
    expect((await sent).msg.text).toBe('held');
    await until(() => heard.length > 0, 'it');
    expect([heard, codes(room)]).toEqual([['held'], []]);
  });

  it('detects a dead connection by its heartbeat, and reconnects to the current roster', async () => {
    const room = await join({ timeoutMs: 900, heartbeatIntervalMs: 100 });
    const gone = await join();
    world.proxy.stall();
    await until(() => room.state === 'reconnecting', 'the room to notice');
    const late = await connect(world.server, { token: await mint({ id: 'late', username: 'Late' }) });
    world.proxy.cut();
    world.proxy.resume();
    await open(room);
    await until(() => room.roster.includes('Late'), 'who came meanwhile');
    await gone.close();
    await late.close();
    await until(() => !room.roster.includes('Late'), 'who went');
    expect(codes(room)[0]).toBe('reconnecting connection_lost');
  });

  it('keeps trying while a proxy answers in place of the server', async () => {
    const asked: string[] = [];
    const room = await join({
      fetch: async (url) => {
        asked.push(String(url));
        return new Response('Nothing here', { status: 404 });
      },
    });
    await world.proxy.down();
    await until(() => asked.length > 1, 'the room to ask why');
    expect(room.state).toBe('reconnecting');
    await world.proxy.up();
    await open(room);
    expect(codes(room)).toContain('reconnecting connection_failed');
  });

  it('hides its heartbeat from the application', async () => {
    const room = await join({ heartbeatIntervalMs: 100, timeoutMs: 900 });
    const [errors, others] = [[] as string[], texts(await join())];
    room.on('error', ({ msg }) => errors.push(msg.code));
    expect(await codeOf(room.send(''))).toBe('invalid_message');
    await until(() => errors.length > 0, 'the refusal of what was said');
    for (let n = 0; n < 3; n += 1) await room.send(`${n}`);
    // Longer than the time for an answer.
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect([errors, others, codes(room)]).toEqual([['invalid_message'], ['0', '1', '2'], []]);
  });

  it('delivers each message once and in order, however often the connection is cut', async () => {
    const witness = await connect(world.server, { token: await mint({ id: 'witness', username: 'Witness' }) });
    const room = await join();
    const own = texts(room);
    const said = Array.from({ length: 120 }, (_, n) => `m${n}`);
    const sending: Promise<unknown>[] = [];
    for (const [n, text] of said.entries()) {
      sending.push(room.send(text));
      if (n % 30 === 15) {
        world.proxy.cut();
        await until(() => room.state !== 'open', 'the cut to show');
      } else if (n % 30 === 29) await open(room);
      else await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await within(Promise.all(sending), 'every message to be settled');
    await room.send('the end');
    const heard = (): string[] =>
      witness.frames.flatMap((frame) => (frame.type === 'chat_message' ? [frame.msg.text] : []));
    await until(() => heard().includes('the end'), 'the end');
    expect(heard()).toEqual([...said, 'the end']);
    expect(own).toEqual([...said, 'the end']);
    expect(room.roster).toEqual(['Witness', room.roster.at(-1)]);
    await witness.close();
  });
});

describe('messages sent while offline', () => {
  it('wait, a hundred at most, and go out in order at the server’s pace', {
    timeout: 60_000,
  }, async () => {
    await using strict = await startSdkWorld({ RATE_LIMIT_FRAMES: '10' });
    const room = await join({ url: strict.url });
    const witness = await connect(strict.server, { token: await mint({ id: 'w', username: 'W' }) });
    await strict.proxy.down();
    await until(() => room.state === 'reconnecting', 'the cut');
    const sent = Array.from({ length: 40 }, (_, n) => room.send(`${n}`));
    const waiting = Array.from({ length: 60 }, () => codeOf(room.send('more')));
    expect(await codeOf(room.send('too much'))).toBe('offline_queue_full');
    await strict.proxy.up();
    await Promise.all(sent);
    const heard = witness.frames.flatMap((frame) => (frame.type === 'chat_message' ? [frame.msg.text] : []));
    expect(heard.slice(0, 40)).toEqual(Array.from({ length: 40 }, (_, n) => `${n}`));
    await room.close();
    expect((await Promise.all(waiting)).filter((code) => code !== 'closed' && code !== 'nothing')).toEqual([]);
    await witness.close();
  });

  it('go out complete and in order if sent all at once, at the limit of the contract', {
    timeout: 60_000,
  }, async () => {
    await using usual = await startSdkWorld({ RATE_LIMIT_FRAMES: '20' });
    const room = await join({ url: usual.url });
    const heard = texts(room);
    const said = Array.from({ length: 150 }, (_, n) => `${n}`);
    await Promise.all(said.map((text) => room.send(text)));
    expect([heard, codes(room)]).toEqual([said, []]);
  });

  it('are rejected when the room closes', async () => {
    const room = await join();
    await world.proxy.down();
    await until(() => room.state === 'reconnecting', 'the cut');
    const waiting = codeOf(room.send('never'));
    await room.close();
    expect([await waiting, await codeOf(room.send('later')), room.state]).toEqual(['closed', 'closed', 'closed']);
    expect(await room.messages().next()).toEqual({ done: true, value: undefined });
    await world.proxy.up();
  });
});

describe('tokens', () => {
  const expiring = (claims: object): Promise<string> => mint({ ...claims, exp: nowS() - 3 });

  it.each([
    ['there is only one', (token: string) => ({ token })],
    ['getToken gives the same one again', (token: string) => ({ getToken: () => token })],
  ])('close the room when one has expired and %s', async (_, credentials) => {
    const room = await join(credentials(await expiring(person())));
    await closed(room);
    expect(codes(room).at(-1)).toBe('closed token_expired');
  });

  it('close the room for good when access is revoked', async () => {
    const token = await mint(person());
    const room = await join({ getToken: () => token });
    const palaver = new Palaver({ url: world.url });
    await palaver.logout({ token });
    await closed(room);
    expect(codes(room)).toEqual(['closed access_revoked']);
    expect(await codeOf(palaver.logout({ token }))).toBe('invalid_token');
  });

  it('are requested once more after a refusal, and not for ever', async () => {
    const good = await mint(person());
    const given = ['bad.token.1', good];
    const room = await join({ getToken: () => given.shift()! });
    expect([room.state, given]).toEqual(['open', []]);
    let asked = 0;
    expect(await codeOf(join({ getToken: () => `bad.token.${++asked}` }))).toBe('invalid_token');
    expect(asked).toBe(2);
  });

  it('are requested again while getToken fails, and not after a final refusal', async () => {
    const claims = person();
    const answers: (() => Promise<string>)[] = [
      () => mint(claims),
      () => Promise.reject(new TypeError('the network is down')),
      () => mint(claims),
      () =>
        Promise.reject(new PalaverError('invalid_credentials', 'The password is another one now.', { status: 401 })),
    ];
    const room = await join({ getToken: () => answers.shift()!() });
    world.proxy.cut();
    await until(() => codes(room).at(-1) === 'open', 'the room to be back');
    expect(codes(room)).toEqual(['reconnecting connection_lost', 'reconnecting connection_failed', 'open']);
    world.proxy.cut();
    await closed(room);
    expect(codes(room).at(-1)).toBe('closed invalid_credentials');
  });

  it('close the room if somebody else has taken the name meanwhile', async () => {
    const { username } = person();
    const room = await join({ token: await mint({ id: 'one', username }) });
    await world.proxy.down();
    await until(() => room.state === 'reconnecting', 'the cut');
    const other = await connect(world.server, { token: await mint({ id: 'two', username }) });
    await world.proxy.up();
    await closed(room);
    expect(codes(room).at(-1)).toBe('closed name_in_use');
    await other.close();
  });

  it('identify the own user by any claim, and the join does not wait for ever for its user_joined', async () => {
    const own = await mint({ id: 'nick', username: 'Nick' });
    const room = await join({ token: own });
    expect(room.roster).toContain('Nick');
    // A further session of the same user is in the room under the first one's name.
    const renamed = await join({ token: await mint({ id: 'nick', username: 'Nicholas' }) });
    expect([renamed.state, renamed.roster.filter((name) => name.startsWith('Nic'))]).toEqual(['open', ['Nick']]);
    const shouted = await join({ token: await mint({ id: 'nick', username: 'NICK' }) });
    expect([room, renamed, shouted].map(({ username }) => username)).toEqual(['Nick', undefined, 'Nick']);
  });
});

describe('the end of a connection', () => {
  /** A server that admits each client, closes with this code, and counts the connections. */
  async function closingWith(code: number) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    const handshakes: { url?: string; authorization?: string; protocol?: string }[] = [];
    server.on('connection', (socket, { url, headers }) => {
      const { authorization, 'sec-websocket-protocol': protocol } = headers;
      handshakes.push({ ...(url && { url }), ...(authorization && { authorization }), ...(protocol && { protocol }) });
      socket.send(JSON.stringify({ type: 'users_online', id: '1', sent_at: '', msg: { list: ['Me'] } }));
      socket.send(JSON.stringify({ type: 'a_type_of_tomorrow', msg: null }));
      if (handshakes.length === 1) setTimeout(() => socket.close(code, 'why'), 20);
    });
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    return {
      url: `http://127.0.0.1:${port}`,
      handshakes,
      [Symbol.dispose]: () => {
        for (const client of server.clients) client.terminate();
        server.close();
      },
    };
  }

  it.each([
    [1000, 'connection_lost'],
    [1001, 'going_away'],
    [1011, 'internal_error'],
    [1012, 'service_restart'],
    [1013, 'too_slow'],
  ])('reconnects after %i', async (code, reason) => {
    using server = await closingWith(code);
    const room = await join({ url: server.url, token: await mint({ id: 'me', username: 'Me' }) });
    await until(() => room.changes.length === 2, 'the room to be back');
    expect(codes(room)).toEqual([`reconnecting ${reason}`, 'open']);
    await room.close();
  });

  it.each([
    [1003, 'binary_frame'],
    [1007, 'not_utf8'],
    [1008, 'policy'],
    [1009, 'frame_too_big'],
    [4001, 'token_expired'],
    [4003, 'access_revoked'],
    [4999, 'closed'],
  ])('closes the room for good after %i', async (code, reason) => {
    using server = await closingWith(code);
    const room = await join({ url: server.url, token: await mint({ id: 'me', username: 'Me' }) });
    const stream = room.messages();
    const lost = codeOf(room.send('on its way'));
    await closed(room);
    expect([codes(room), await lost, (await stream.next()).done]).toEqual([
      [`closed ${reason}`],
      'connection_lost',
      true,
    ]);
    expect(server.handshakes.length).toBe(1);
  });

  it('shows the token in a header where possible, in a subprotocol with a given WebSocket, and never in a URL', async () => {
    const token = await mint({ id: 'me', username: 'Me' });
    using server = await closingWith(4003);
    await closed(await join({ url: `${server.url}/chat/`, token }));
    await closed(await join({ url: server.url, token, WebSocket }).then((room) => room.close().then(() => room)));
    expect(server.handshakes).toEqual([
      { url: '/chat/join', authorization: `Bearer ${token}` },
      { url: '/join', protocol: `palaver.v1,bearer.${token}` },
    ]);
  });
});

/** A server that sends this to everyone, and answers messages with nothing else. */
async function saying(welcome: readonly object[], whenSpokenTo: readonly object[] = []) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket) => {
    for (const frame of welcome) socket.send(JSON.stringify(frame));
    socket.on('message', () => whenSpokenTo.forEach((frame) => void socket.send(JSON.stringify(frame))));
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.dispose]: () => {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}
const usersOnline = (...list: string[]) => ({ type: 'users_online', id: '1', sent_at: '', msg: { list } });
const userJoined = (username: string) => ({ type: 'user_joined', id: '2', sent_at: '', msg: { username } });

it('counts a server as lost that stops answering, even if it sends other frames', async () => {
  using server = await saying([usersOnline('Me')], [userJoined('You')]);
  const token = await mint({ id: 'me', username: 'Me' });
  const room = await join({ url: server.url, token, timeoutMs: 3_000 });
  const rosters: (readonly string[])[] = [];
  room.on('roster', (roster) => rosters.push(roster));
  expect(await codeOf(room.send('Hello?'))).toBe('connection_lost');
  expect(rosters).toEqual([['Me', 'You'], ['Me']]);
});

it.each([
  ['a frame without its list', { type: 'users_online', msg: {} }],
  ['no JSON object', null],
])('ignores %s, and joins once a valid roster arrives', async (_, frame) => {
  using server = await saying([frame as object]);
  const palaver = new Palaver({ url: server.url, maxRetries: 0, timeoutMs: 200 });
  expect(await codeOf(palaver.join({ token: 'a' }))).toBe('timeout');
  using other = await saying([frame as object, usersOnline('Me')]);
  const room = await join({ url: other.url, token: await mint({ id: 'me', username: 'Me' }) });
  expect(room.roster).toEqual(['Me']);
});

describe('listening', () => {
  it('stops on request, and a throwing listener does not affect another', async () => {
    const uncaught: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => uncaught.push(error));
    try {
      const room = await join();
      const fault = new Error('a fault in a listener');
      const before: string[] = [];
      const stop = room.on('chat_message', ({ msg }) => before.push(msg.text));
      room.on('chat_message', () => {
        throw fault;
      });
      const after = texts(room);
      await room.send('one');
      stop();
      await room.send('two');
      expect([before, after, uncaught]).toEqual([['one'], ['one', 'two'], [fault, fault]]);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
  });

  it('ends a stream that is read too slowly with an error, after its buffered messages', async () => {
    const room = await join();
    const stream = room.messages();
    const others = room.messages();
    for (let n = 0; n < 1_001; n += 100)
      await Promise.all(Array.from({ length: 100 }, (_, k) => room.send(`${n + k}`)));
    const read: string[] = [];
    const reading = async (): Promise<void> => {
      for await (const { msg } of stream) read.push(msg.text);
    };
    expect([await codeOf(reading()), read.length, read.at(-1)]).toEqual(['too_slow', 1_000, '999']);
    expect((await others.return?.())?.done).toBe(true);
  });

  it('misses nothing that arrives with the roster', async () => {
    const said = { type: 'chat_message', id: '3', sent_at: '', msg: { from_user: 'You', text: 'Welcome!' } };
    using server = await saying([usersOnline(), userJoined('Me'), said]);
    const token = await mint({ id: 'me', username: 'Me' });
    // This WebSocket delivers everything that arrived in one turn.
    const room = await join({ url: server.url, token, WebSocket });
    const heard = texts(room);
    await until(() => heard.length > 0, 'the welcome');
    expect([room.roster, heard]).toEqual([['Me'], ['Welcome!']]);
  });
});

describe('joining', () => {
  it('is aborted by its signal, also between two attempts', async () => {
    const gone = new AbortController();
    const joining = new Palaver({ url: 'http://127.0.0.1:2', maxRetries: 100 }).join({
      token: 'a',
      signal: gone.signal,
    });
    const code = codeOf(joining);
    setTimeout(() => gone.abort(), 50);
    expect([
      await code,
      await codeOf(new Palaver({ url: world.url }).join({ token: 'a', signal: gone.signal })),
    ]).toEqual(['aborted', 'aborted']);
  });

  it('fails after some attempts if nobody answers', async () => {
    const silent = await startSdkWorld();
    silent.proxy.stall();
    const palaver = new Palaver({ url: silent.url, timeoutMs: 100, maxRetries: 1 });
    let asked = 0;
    const getToken = (): Promise<string> => {
      asked += 1;
      return mint(person());
    };
    expect([await codeOf(palaver.join({ getToken })), asked]).toEqual(['timeout', 2]);
    await silent[Symbol.asyncDispose]();
  });

  it('may go on for ever, and calls getToken without arguments', async () => {
    const given: unknown[] = [];
    const token = await mint(person());
    const getToken = (...args: unknown[]): string => {
      given.push(...args);
      return token;
    };
    const forEver = Number.POSITIVE_INFINITY;
    const room = await join({ getToken, timeoutMs: forEver, heartbeatIntervalMs: forEver });
    expect([(await room.send('Hello!')).msg.text, codes(room), given]).toEqual(['Hello!', [], []]);
  });

  it('leaves nothing running that would keep a process alive', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const room = await join();
    await room.send('Hello!');
    await room.close();
    expect(await codeOf(join({ token: 'no.token.' }))).toBe('invalid_token');
    // Without a timer of its own.
    for (let turns = 0; timers() > before && turns < 1_000; turns += 1) await new Promise(setImmediate);
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('rejects if the server is full, and says how long to wait', async () => {
    await using server = await startTestServer({ env: { MAX_SESSIONS: '1' } });
    const chat = await connect(server, { token: await mint(person()) });
    const palaver = new Palaver({ url: `http://${server.host}:${server.port}`, maxRetries: 0 });
    const error = await palaver.join({ token: await mint(person()) }).catch((reason) => reason);
    expect([error.code, error.status, error.retryAfterMs > 0]).toEqual(['server_full', 503, true]);
    await chat.close();
  });

  it.each([
    ['answers like another server', () => new Response('Not here', { status: 404 })],
    ['wants other credentials, as a proxy may', () => new Response('Who are you?', { status: 401 })],
    ['has something else at /join', () => Response.json({ hello: 'there' })],
    [
      'has problems of its own',
      () =>
        new Response('{"title":"Bad gateway"}', {
          status: 502,
          headers: { 'Content-Type': 'application/problem+json' },
        }),
    ],
  ])('rejects with connection_failed if another server %s', async (_, answer) => {
    const palaver = new Palaver({ url: 'http://127.0.0.1:2', maxRetries: 0, fetch: async () => answer() });
    expect(await codeOf(palaver.join({ token: 'a' }))).toBe('connection_failed');
  });

  it('accepts an http or https URL only', () => {
    for (const url of ['ws://127.0.0.1', 'nowhere', 'http://['])
      expect(() => new Palaver({ url })).toThrow(new TypeError(`url: must be an http or https URL, not ${url}`));
  });
});
