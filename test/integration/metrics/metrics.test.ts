/** Reads the metrics of a real server before and after a chat. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createLocalBackplane } from '../../../src/backplane/local.ts';
import { StoreUnavailable } from '../../../src/database/database.ts';
import { openSqlite } from '../../../src/database/sqlite.ts';
import { sqliteMessageStore } from '../../../src/history/sqlite.ts';
import { createPasswords } from '../../../src/users/passwords.ts';
import { scryptHere } from '../../../src/users/scrypt.ts';
import { type Chat, connect } from '../../harness/chat.ts';
import { head, untilClosed } from '../../harness/conversation.ts';
import { within } from '../../harness/deadline.ts';
import { temporaryFolder } from '../../harness/folder.ts';
import { frame, opcodes } from '../../harness/frame.ts';
import { request, signUp } from '../../harness/http.ts';
import { type Scrape, scrape } from '../../harness/metrics.ts';
import { joinRaw } from '../../harness/raw-session.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { mint } from '../../harness/tokens.ts';

const metered = (options: Parameters<typeof startTestServer>[0] = {}): Promise<TestServer> =>
  startTestServer({ ...options, env: { METRICS_PORT: '0', ...options.env } });
const join = async (server: TestServer, username: string): Promise<Chat> =>
  connect(server, { token: await mint({ id: `id of ${username}`, username }) });

/** Returns the increase of a metric since then. */
const since =
  (before: Scrape, after: Scrape) =>
  (name: string, labels: Record<string, string> = {}): number =>
    after.sum(`palaver_${name}`, labels) - before.sum(`palaver_${name}`, labels);

/** Resolves once this metric has this value. Ends on the other side show a moment later. */
const reaches = (server: TestServer, name: string, labels: Record<string, string>, value: number): Promise<void> =>
  expect
    .poll(async () => (await scrape(server)).sum(`palaver_${name}`, labels), { timeout: 20_000 })
    .toBe(value) as Promise<void>;

describe('metrics move with', () => {
  it('messages, and the members who receive them', async () => {
    await using server = await metered();
    const before = await scrape(server);
    const ann = await join(server, 'Ann');
    await ann.next('user_joined');
    const bob = await join(server, 'Bob');
    await bob.next('user_joined');
    for (const text of ['one', 'two', 'three']) {
      ann.say(text);
      await bob.next('chat_message');
    }
    ann.sendRaw('no JSON');
    await ann.next('error');
    ann.send({ type: 'chat_message', msg: { text: '' } });
    await ann.next('error');
    ann.send({ type: 'token_refresh', msg: { token: await mint({ id: 'id of Ann', username: 'Ann' }) } });
    await ann.next('token_refreshed');

    const moved = since(before, await scrape(server));
    expect([moved('sessions'), moved('members')]).toEqual([2, 2]);
    expect(moved('frames_received_total', { type: 'chat_message' })).toBe(3);
    expect(moved('frames_received_total', { type: 'token_refresh' })).toBe(1);
    expect(moved('frames_received_total', { type: 'invalid' })).toBe(2);
    const sent = ['users_online', 'user_joined', 'chat_message', 'error', 'token_refreshed', 'user_left'] as const;
    expect(sent.map((type) => moved('frames_sent_total', { type }))).toEqual([2, 3, 6, 2, 1, 0]);
    const payloads = [...ann.frames, ...bob.frames].map((frame) => Buffer.byteLength(JSON.stringify(frame)));
    // Two or four bytes of header.
    const bytes = payloads.reduce((sum, length) => sum + length + (length < 126 ? 2 : 4), 0);
    expect(moved('sent_bytes_total')).toBe(bytes);
    expect(moved('received_bytes_total')).toBeGreaterThan('no JSON'.length);
    expect(moved('frames_refused_total', { code: 'malformed_json' })).toBe(1);
    expect(moved('frames_refused_total', { code: 'invalid_message' })).toBe(1);
    expect(moved('frames_refused_total')).toBe(2);
    // Two joins and three messages, in any number of batches.
    expect(moved('flush_frames_sum')).toBe(5);
    expect(moved('flush_duration_seconds_count')).toBeGreaterThanOrEqual(moved('flush_frames_count'));
    expect(moved('http_request_duration_seconds_count', { operation: 'join', status: '101' })).toBe(2);

    await bob.close();
    ann.sendRaw('bytes', true);
    expect(await ann.closed()).toBe(1003);
    await reaches(server, 'sessions_closed_total', { by: 'client', code: '1005' }, 1);
    await reaches(server, 'sessions_closed_total', { by: 'server', code: '1003' }, 1);
    await reaches(server, 'sessions_closed_total', {}, 2);
    await reaches(server, 'sessions', {}, 0);
    await reaches(server, 'members', {}, 0);
  });

  it('a stream of events, beside a WebSocket and messages over HTTP', async () => {
    await using server = await metered();
    const before = await scrape(server);
    const ann = await join(server, 'Ann');
    const headers = { Authorization: `Bearer ${await mint({ id: 'id of Bob', username: 'Bob' })}` };
    const leaving = new AbortController();
    const { body } = await fetch(`http://${server.host}:${server.port}/events`, { headers, signal: leaving.signal });
    const reader = body!.getReader();
    let received = '';
    /** Reads the stream up to this event. */
    const read = async (event: string): Promise<void> => {
      while (!received.includes(`event: ${event}\n`)) {
        const { value } = await within(reader.read(), event);
        received += Buffer.from(value!).toString();
      }
    };
    await read('user_joined');
    for (const status of [201, 200])
      expect((await request(server, 'POST', '/messages', { headers, json: { text: 'Hi', nonce: '1' } })).status).toBe(
        status,
      );
    await read('chat_message');
    await ann.next('chat_message');

    const moved = since(before, await scrape(server));
    const transports = ['websocket', 'events', 'joining'] as const;
    expect(transports.map((transport) => moved('sessions', { transport }))).toEqual([1, 1, 0]);
    const sent = (transport: string) =>
      ['users_online', 'user_joined', 'chat_message'].map((type) => moved('frames_sent_total', { transport, type }));
    expect([sent('websocket'), sent('events')]).toEqual([
      [1, 2, 1],
      [1, 1, 1],
    ]);
    expect(moved('sent_bytes_total', { transport: 'events' })).toBe(Buffer.byteLength(received));
    const requests = (operation: string, status: string): number =>
      moved('http_request_duration_seconds_count', { operation, status });
    expect([requests('events', '200'), requests('publish', '201'), requests('publish', '200')]).toEqual([1, 1, 1]);

    leaving.abort();
    await reaches(server, 'sessions_closed_total', { transport: 'events', by: 'client', code: '1006' }, 1);
    await reaches(server, 'sessions', { transport: 'events' }, 0);
    expect((await scrape(server)).sum('palaver_sessions_closed_total', { transport: 'websocket' })).toBe(0);
  });

  it('the ways in which a connection ends', async () => {
    await using server = await metered();
    const big = await join(server, 'Big');
    big.sendRaw('x'.repeat(70_000));
    expect(await big.closed()).toBe(1009);
    const garbled = await join(server, 'Garbled');
    garbled.sendRaw(Buffer.from([0xff]), false);
    expect(await garbled.closed()).toBe(1007);
    (await join(server, 'Dropped')).drop();
    await reaches(server, 'sessions_closed_total', { by: 'server', code: '1009' }, 1);
    await reaches(server, 'sessions_closed_total', { by: 'server', code: '1007' }, 1);
    await reaches(server, 'sessions_closed_total', { by: 'client', code: '1006' }, 1);
    await reaches(server, 'sessions_closed_total', {}, 3);
  });

  it('a slow consumer', async () => {
    await using server = await metered();
    const [talker, slow] = [await join(server, 'Ann'), await join(server, 'Slow')];
    slow.pause();
    const text = '€'.repeat(4_096);
    for (let said = 0; !talker.frames.some(({ type }) => type === 'user_left'); said += 1) {
      expect(said).toBeLessThan(4_000);
      talker.say(text);
      await talker.next('chat_message');
    }
    const { sum } = await scrape(server);
    expect(sum('palaver_slow_consumers_total')).toBe(1);
    slow.resume();
    expect(await slow.closed()).toBe(1013);
    await reaches(server, 'sessions_closed_total', { by: 'server', code: '1013' }, 1);
  });

  it('a user above the rate limit', async () => {
    await using server = await metered({ env: { RATE_LIMIT_FRAMES: '1' } });
    const ann = await join(server, 'Ann');
    for (let n = 0; n < 8; n += 1) ann.say('flood');
    await ann.next('error');
    const { sum } = await scrape(server);
    expect(sum('palaver_frames_refused_total', { code: 'rate_limited' })).toBeGreaterThanOrEqual(1);
    expect(sum('palaver_frames_sent_total', { type: 'error' })).toBe(sum('palaver_frames_refused_total'));
  });

  it('a password, hashed by the server’s own process', { timeout: 120_000 }, async () => {
    await using server = await metered({ passwords: undefined });
    const before = await scrape(server);
    // That process has a low priority, so a busy machine may take long. Only the test's timeout counts.
    const { status } = await fetch(`http://${server.host}:${server.port}/createUser`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: 'ann@example.com', username: 'Ann', password: 'correct horse' }),
    });
    expect(status).toBe(201);
    const moved = since(before, await scrape(server));
    expect(moved('password_hash_duration_seconds_count')).toBe(1);
    expect(moved('password_hash_duration_seconds_sum')).toBeGreaterThan(0);
  });

  it('sign-ups, logins and refusals', async () => {
    await using server = await metered();
    const before = await scrape(server);
    const { email } = await signUp(server);
    expect((await request(server, 'POST', '/login', { json: { email, password: 'a wrong one' } })).status).toBe(401);
    expect((await request(server, 'GET', '/nothing')).status).toBe(404);
    expect((await request(server, 'GET', '/login')).status).toBe(405);
    await untilClosed(server, 'no HTTP at all\r\n\r\n');
    const moved = since(before, await scrape(server));
    const requests = (operation: string, status: string): number =>
      moved('http_request_duration_seconds_count', { operation, status });
    expect([requests('createUser', '201'), requests('login', '200'), requests('login', '401')]).toEqual([1, 1, 1]);
    expect([requests('none', '404'), requests('none', '405')]).toEqual([1, 1]);
    const codes = ['invalid_credentials', 'not_found', 'method_not_allowed', 'malformed_request'];
    expect(codes.map((code) => moved('http_problems_total', { code }))).toEqual([1, 1, 1, 1]);
    const calls = (store: string, operation: string): number =>
      moved('store_call_duration_seconds_count', { store, operation });
    expect([calls('users', 'insert'), calls('users', 'findByEmail')]).toEqual([1, 2]);
    expect(calls('database', 'ping')).toBe(1);
    expect(moved('store_call_failures_total')).toBe(0);
  });

  it('logins that wait for their hash', async () => {
    const gate = Promise.withResolvers<void>();
    const kdf: typeof scryptHere.kdf = async (...given) => {
      await gate.promise;
      return scryptHere.kdf(...given);
    };
    const passwords = createPasswords({ scrypt: { ...scryptHere, kdf }, params: { logN: 10, r: 8, p: 1 }, atOnce: 2 });
    await using server = await metered({ passwords });
    const asked = Array.from({ length: 5 }, (_, n) =>
      request(server, 'POST', '/createUser', {
        json: { email: `${n}@example.com`, username: `User ${n}`, password: 'correct horse' },
      }),
    );
    // Two are pending: one is made at the start, for unknown e-mails.
    await reaches(server, 'password_hashes_waiting', {}, 4);
    gate.resolve();
    await Promise.all(asked);
    await reaches(server, 'password_hashes_waiting', {}, 0);
  });

  it('an outage of the store: waiting, lost and failed', async () => {
    let away = false;
    const store = sqliteMessageStore(openSqlite(temporaryFolder()));
    const append: typeof store.append = (...given) =>
      away ? Promise.reject(new StoreUnavailable('planted')) : store.append(...given);
    await using server = await metered({ messages: { ...store, append } });
    const ann = await join(server, 'Ann');
    away = true;
    ann.say('kept for later');
    await ann.next('chat_message');
    await reaches(server, 'history_waiting', {}, 1);
    await expect
      .poll(async () => (await scrape(server)).sum('palaver_store_call_failures_total', { operation: 'append' }))
      .toBeGreaterThan(0);
    for (let n = 0; n < 10_003; n += 1) ann.say('x');
    await reaches(server, 'frames_received_total', { type: 'chat_message' }, 10_004);
    await reaches(server, 'history_lost_total', {}, 4);
    away = false;
    await reaches(server, 'history_waiting', {}, 0);
  });

  it('parts that are unavailable', async () => {
    let isReady = false;
    const backplane = { ...createLocalBackplane({ epoch: 0 }), isReady: () => isReady };
    await using server = await metered({ backplane });
    const parts = async (): Promise<number[]> => {
      const { sum } = await scrape(server);
      return ['server', 'room', 'store'].map((part) => sum('palaver_ready', { part }));
    };
    expect(await parts()).toEqual([1, 0, 1]);
    isReady = true;
    expect(await parts()).toEqual([1, 1, 1]);
  });
});

describe('labels are bounded and contain no names', () => {
  const odd = ['"', '\\', '\n', '{}', 'palaver_x 1', '٣', '𝕬'];

  /** Sends requests, names and texts that strangers can choose, new ones each time. Returns them. */
  async function hostile(server: TestServer): Promise<string[]> {
    const said: string[] = [];
    for (const text of odd.map((characters) => `${characters}${randomUUID()}`)) {
      const path = encodeURIComponent(text);
      for (const method of ['GET', 'POST', 'DELETE', 'PROPFIND'])
        await request(server, method, `/${path}`, { headers: { 'User-Agent': path, 'X-Forwarded-For': path } });
      await request(server, 'GET', `/healthz?${path}`);
      await untilClosed(server, head(`GET /docs/${path}`, 'Connection: close'));
      await untilClosed(server, head(`${randomUUID().slice(0, 8).toUpperCase()} /login`, 'Connection: close'));
      const email = `${path}@example.com`.slice(-200);
      const username = `n${text}`.replaceAll('\n', '');
      await request(server, 'POST', '/createUser', { json: { email, username, password: 'correct horse' } });
      await request(server, 'POST', '/login', { json: { email, password: 'a wrong one' } });
      const id = `i${text}`;
      const chat = await connect(server, { token: await mint({ id, username }) });
      chat.send({ type: text, msg: { text } });
      await chat.next('error');
      chat.say(text, text.slice(0, 64));
      await chat.next('chat_message');
      await chat.close();
      said.push(text, path, email, username, id);
    }
    return said;
  }
  const series = ({ samples }: Scrape): string[] =>
    samples
      .filter(({ name }) => name.startsWith('palaver_'))
      .map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
      .sort();

  it('add no series when clients send the same garbage again', async () => {
    await using server = await metered();
    // A scrape adds series of its own, and so does the first reading of the disabled users, which a timer begins.
    const readings = { store: 'revocations', operation: 'disabledUsers' };
    const readBefore = async () => (await scrape(server)).sum('palaver_store_call_duration_seconds_count', readings);
    await expect.poll(readBefore, { timeout: 20_000 }).toBeGreaterThan(0);
    const said = await hostile(server);
    const first = await scrape(server);
    const more = await hostile(server);
    const twice = await scrape(server);
    expect(series(twice)).toEqual(series(first));
    for (const text of [...said, ...more, '@example', '127.0.0.1']) expect(twice.text).not.toContain(text);
    const { samples } = twice;
    const values = samples.flatMap(({ name, labels }) =>
      name.startsWith('palaver_') ? Object.entries(labels).filter(([label]) => label !== 'le') : [],
    );
    for (const [label, value] of values) expect([label, value]).toEqual([label, expect.stringMatching(/^\w+$/)]);
  });

  it('count an invented close code as `other`', async () => {
    await using server = await metered();
    const before = series(await scrape(server));
    for (const code of [3_000, 4_321, 4_999]) {
      const socket = await joinRaw(server, await mint({ id: `${code}`, username: `Closer ${code}` }));
      socket.write(frame(opcodes.close, Buffer.from([code >> 8, code & 0xff])));
      await within(once(socket.resume(), 'close'), 'the end of the connection');
    }
    await reaches(server, 'sessions_closed_total', { by: 'client', code: 'other' }, 3);
    const closes = (all: string[]): string[] => all.filter((name) => name.includes('sessions_closed'));
    expect(closes(series(await scrape(server)))).toEqual(closes(before));
  });
});
