import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { startTcpProxy } from '../../../test/harness/tcp-proxy.ts';
import { Palaver, PalaverError, type PublishRequest } from '../src/index.ts';

type Reply = (request: IncomingMessage, response: ServerResponse) => void;

/** Starts a server that answers each request with the next reply, repeats the last one, and keeps the requests. */
async function answering(...replies: Reply[]) {
  const asked: string[] = [];
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    const reply = replies[Math.min(asked.length, replies.length - 1)]!;
    asked.push(`${request.method} ${request.url}`);
    bodies.push(await text(request));
    reply(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    bodies,
    port,
    palaver: (options: object = {}) => new Palaver({ url: `http://127.0.0.1:${port}`, ...options }),
    [Symbol.dispose]: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

const problem =
  (status: number, code: string, headers: Record<string, string> = {}): Reply =>
  (_, response) => {
    response.writeHead(status, { 'Content-Type': 'application/problem+json', ...headers });
    response.end(JSON.stringify({ type: `urn:palaver:problem:${code}`, title: 'It went wrong', status, code }));
  };
const well: Reply = (_, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.end('{"status":"ok","id":"1","username":"A","token":"a.b.c"}');
};
const plain =
  (status: number, type = 'text/html'): Reply =>
  (_, response) => {
    response.writeHead(status, { 'Content-Type': type });
    response.end('<html>');
  };
const reset: Reply = ({ socket }) => socket.resetAndDestroy();
const silence: Reply = () => {};

const credentials = { email: 'a@b.c', password: 'correct horse' };
const outcomeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'well',
    (error: unknown) => {
      expect(error).toBeInstanceOf(PalaverError);
      const { code, status } = error as PalaverError;
      return status === undefined ? code : `${status} ${code}`;
    },
  );

interface Case {
  readonly name: string;
  readonly method: 'healthz' | 'login';
  readonly replies: Reply[];
  readonly outcome: string;
  readonly tries: number;
}

const retryAfter = (value: string): Reply => problem(503, 'overloaded', { 'Retry-After': value });
const busy = retryAfter('0');
const past = 'Thu, 01 Jan 2026 00:00:00 GMT';
const tooMany = problem(429, 'too_many_sessions', { 'Retry-After': '0' });
const noProblem = plain(400, 'application/problem+json');

const cases: Case[] = [
  { name: 'a busy server, on POST', method: 'login', replies: [busy, busy, well], outcome: 'well', tries: 3 },
  { name: 'a busy server, on GET', method: 'healthz', replies: [busy, well], outcome: 'well', tries: 2 },
  { name: 'too many requests', method: 'login', replies: [tooMany, well], outcome: 'well', tries: 2 },
  { name: 'a server that stays busy', method: 'login', replies: [busy], outcome: '503 overloaded', tries: 3 },
  { name: 'a busy server that names no time', method: 'login', replies: [plain(503), well], outcome: 'well', tries: 2 },
  { name: 'a date that has passed', method: 'login', replies: [retryAfter(past), well], outcome: 'well', tries: 2 },
  {
    ...{ name: 'a wait of more than 30 seconds', method: 'login', replies: [retryAfter('31'), well] },
    ...{ outcome: '503 overloaded', tries: 1 },
  },
  { name: 'a reset, on GET', method: 'healthz', replies: [reset, well], outcome: 'well', tries: 2 },
  { name: 'a reset, on POST', method: 'login', replies: [reset, well], outcome: 'connection_failed', tries: 1 },
  {
    ...{ name: 'a fault of the server', method: 'healthz', replies: [problem(500, 'internal_error'), well] },
    ...{ outcome: '500 internal_error', tries: 1 },
  },
  {
    ...{ name: 'a refusal', method: 'login', replies: [problem(401, 'invalid_credentials'), well] },
    ...{ outcome: '401 invalid_credentials', tries: 1 },
  },
  {
    name: 'another server',
    method: 'healthz',
    replies: [plain(404), well],
    outcome: '404 connection_failed',
    tries: 1,
  },
  {
    name: 'a success that isn’t one',
    method: 'login',
    replies: [plain(200)],
    outcome: '200 connection_failed',
    tries: 1,
  },
  { name: 'a problem that is none', method: 'login', replies: [noProblem], outcome: '400 connection_failed', tries: 1 },
];

describe('repeats a call only if it cannot take effect twice', () => {
  it.each(cases)('$name', async ({ method, replies, outcome, tries }) => {
    using server = await answering(...replies);
    const palaver = server.palaver();
    const call = method === 'login' ? palaver.login(credentials) : palaver.healthz();
    expect([await outcomeOf(call), server.asked.length]).toEqual([outcome, tries]);
  });

  it('a refused connection, also on POST, because no server has received it', async () => {
    using server = await answering(well);
    const proxy = await startTcpProxy(server.port);
    await proxy.down();
    const call = new Palaver({ url: `http://127.0.0.1:${proxy.port}`, maxRetries: 8 }).login(credentials);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await proxy.up();
    expect([await outcomeOf(call), server.asked]).toEqual(['well', ['POST /login']]);
    await proxy.close();
  });

  it('as often as the caller asks', async () => {
    using server = await answering(busy);
    const palaver = server.palaver({ maxRetries: 1 });
    await outcomeOf(palaver.login(credentials));
    await outcomeOf(palaver.login(credentials, { maxRetries: 0 }));
    expect(server.asked.length).toBe(3);
  });
});

describe('publish', () => {
  const published: Reply = (_, response) => {
    response.writeHead(201, { 'Content-Type': 'application/json' });
    response.end('{"type":"chat_message","id":"1","sent_at":"","msg":{"from_user":"A","text":"Hello!"}}');
  };
  const unavailable = problem(503, 'unavailable', { 'Retry-After': '0' });

  it('repeats a message with its nonce after a reset and while the server is unavailable', async () => {
    using server = await answering(reset, unavailable, published);
    const { id } = await server.palaver().publish({ text: 'Hello!' }, { token: 'a.b.c' });
    const sent = server.bodies.map((body) => JSON.parse(body));
    expect([id, sent.length]).toEqual(['1', 3]);
    for (const body of sent) expect(body).toEqual({ text: 'Hello!', nonce: sent[0].nonce });
    expect(sent[0].nonce).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    ['keeps the nonce of the caller', 'mine', 'mine'],
    ['chooses a nonce where it is undefined', undefined, expect.stringMatching(/^[0-9a-f]{32}$/)],
  ])('%s', async (_, nonce, sent) => {
    using server = await answering(published);
    await server.palaver().publish({ text: 'Hello!', nonce } as PublishRequest, { token: 'a.b.c' });
    expect(JSON.parse(server.bodies[0]!)).toEqual({ text: 'Hello!', nonce: sent });
  });

  it('repeats no refusal', async () => {
    using server = await answering(problem(409, 'name_in_use'));
    expect(await outcomeOf(server.palaver().publish({ text: 'Hello!' }, { token: 'a.b.c' }))).toBe('409 name_in_use');
    expect(server.asked).toEqual(['POST /messages']);
  });
});

describe('a call ends', () => {
  it('with timeout if no answer arrives, GET after more attempts', async () => {
    using server = await answering(silence);
    const palaver = server.palaver({ timeoutMs: 50 });
    expect(await outcomeOf(palaver.login(credentials))).toBe('timeout');
    expect(server.asked.length).toBe(1);
    expect(await outcomeOf(palaver.healthz({ maxRetries: 1 }))).toBe('timeout');
    expect(server.asked.length).toBe(3);
  });

  it('with timeout if the answer never ends', async () => {
    using server = await answering((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.write('{');
    });
    expect(await outcomeOf(server.palaver({ timeoutMs: 50 }).login(credentials))).toBe('timeout');
  });

  it('with aborted as soon as its signal aborts, also between two attempts', async () => {
    using server = await answering(problem(503, 'overloaded', { 'Retry-After': '30' }));
    const gone = new AbortController();
    const call = outcomeOf(server.palaver().login(credentials, { signal: gone.signal }));
    while (server.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    setTimeout(() => gone.abort(), 50);
    expect(await call).toBe('aborted');
  });
});

it('keeps a path prefix of the server’s URL', async () => {
  using server = await answering(well);
  await new Palaver({ url: `http://127.0.0.1:${server.port}/chat/` }).healthz();
  expect(server.asked).toEqual(['GET /chat/healthz']);
});
