/** Runs the proxy configurations of the guide in front of a real server. */
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request as plainly } from 'node:http';
import { connect as http2 } from 'node:http2';
import { type RequestOptions, request } from 'node:https';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { type Certificates, hasOpenssl, makeCertificates } from '../../harness/certificates.ts';
import { within } from '../../harness/deadline.ts';
import { codeBelow } from '../../harness/documentation.ts';
import { createEventParser, type StreamEvent } from '../../harness/event-parser.ts';
import { caddy, haproxy, nginx, type ProxyKind, type RunningProxy, startProxy } from '../../harness/proxies.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { mint, testAdminToken } from '../../harness/tokens.ts';

const loginsPerMinute = 3;
const env = { TRUST_PROXY: '1', HEARTBEAT_INTERVAL: '1s', RATE_LIMIT_LOGIN: `${loginsPerMinute}` };
/** Longer than the heartbeat, and shorter than the tests hold connections open. */
const timeout = '3s';
const heldPings = 5;

/** Reason to skip the tests of a proxy; undefined if they can run. With CI set they must. */
function notHere({ name, isHere }: ProxyKind): string | undefined {
  const missing = isHere ? (hasOpenssl ? undefined : 'openssl is not installed') : `${name} is not installed`;
  if (missing && process.env.CI) throw new Error(`In CI the tests of the proxies must run, and ${missing}`);
  if (missing) console.warn(`The tests of ${name} as a proxy are skipped: ${missing}`);
  return missing;
}

interface StreamOptions {
  readonly through?: RunningProxy;
  readonly headers?: Record<string, string>;
}

/** Reads events as they arrive. */
function readingOf(body: Readable) {
  const parser = createEventParser();
  const events: StreamEvent[] = [];
  const arrived = new EventEmitter();
  let read = 0;
  body.on('data', (chunk: Buffer) => {
    events.push(...parser.read(chunk));
    arrived.emit('events');
  });
  // The way in which the stream ends shows it.
  body.on('error', () => {});
  /** Returns the data of the next event of this type, and skips those before it. */
  async function next(type: string): Promise<unknown> {
    for (;;) {
      const event = events[read];
      if (event === undefined) await within(once(arrived, 'events'), () => `${type} through the proxy`);
      else {
        read += 1;
        if (event.type === type) return JSON.parse(event.data);
      }
    }
  }
  // `once` of events would reject with the error.
  const ended = new Promise((resolve) => body.once('close', resolve));
  return { events, comments: parser.comments, next, ended };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

describe.each([nginx, caddy, haproxy])('$name, as the guide has it', (kind) => {
  describe.skipIf(notHere(kind))('in front of a server', () => {
    const [config] = codeBelow('docs/guide/self-hosting.md', kind.name, kind.fence);
    let certificates: Certificates;
    let ca: Buffer;
    let server: TestServer;
    let proxy: RunningProxy;

    beforeAll(async () => {
      certificates = makeCertificates();
      ca = readFileSync(certificates.ca);
      server = await startTestServer({ env });
      proxy = await startProxy(kind, { config, upstream: server.port, certificates, timeout });
    });
    afterAll(async () => {
      await proxy.stop();
      await server.stop();
      certificates.remove();
    });

    async function answerOf(outgoing: ReturnType<typeof request>): Promise<Answer> {
      const [response] = await within(once(outgoing, 'response'), 'an answer through the proxy');
      let text = '';
      for await (const chunk of response) text += chunk;
      return { status: response.statusCode, headers: response.headers, text };
    }
    function ask(method: string, path: string, { body = '', ...options }: RequestOptions & { body?: string } = {}) {
      const to = { host: 'localhost', family: 4, port: proxy.port, method, path, ca, agent: false };
      const outgoing = request({ ...to, ...options });
      outgoing.end(body);
      return answerOf(outgoing);
    }

    async function joined(name: string, through = proxy, headers: Record<string, string> = {}) {
      const authorization = { Authorization: `Bearer ${await mint({ id: name, username: name })}` };
      const options = { ca, family: 4, headers: { ...authorization, ...headers } };
      const socket = new WebSocket(`wss://localhost:${through.port}/join`, options);
      onTestFinished(() => socket.terminate());
      const texts: string[] = [];
      const types: string[] = [];
      socket.on('message', (data: Buffer) => {
        const { type, msg } = JSON.parse(data.toString());
        types.push(type);
        if (type === 'chat_message') texts.push(msg.text);
      });
      await within(once(socket, 'open'), 'the connection to open');
      return {
        socket,
        texts,
        types,
        say: (text: string) => socket.send(JSON.stringify({ type: 'chat_message', msg: { text } })),
      };
    }

    const bearer = async (name: string) => ({ Authorization: `Bearer ${await mint({ id: name, username: name })}` });

    /** Opens a stream of events through a proxy. */
    async function streamed(name: string, { through = proxy, headers = {} }: StreamOptions = {}) {
      const to = { host: 'localhost', family: 4, port: through.port, path: '/events', ca, agent: false };
      const outgoing = request({ ...to, headers: { ...(await bearer(name)), ...headers } }).end();
      onTestFinished(() => void outgoing.destroy());
      const [response] = await within(once(outgoing, 'response'), 'the head of a stream');
      expect(response.statusCode).toBe(200);
      expect(response.headers['content-type']).toBe('text/event-stream');
      return { ...readingOf(response), leave: () => void outgoing.destroy() };
    }

    const post = async (name: string, text: string): Promise<Answer> => {
      const headers = { ...(await bearer(name)), 'Content-Type': 'application/json' };
      return ask('POST', '/messages', { headers, body: JSON.stringify({ text }) });
    };

    it('passes on each event at once, for longer than its timeout, and the end on both sides', async () => {
      const [ann, bob] = [await joined('Ann'), await streamed('Bob')];
      await bob.next('user_joined');
      // A buffer in the proxy would hold these back, and its timeout would end the stream.
      await expect.poll(() => bob.comments.length, { timeout: 60_000 }).toBeGreaterThanOrEqual(heldPings);
      expect((await post('Zoe', 'from a backend')).status).toBe(201);
      expect(await bob.next('chat_message')).toMatchObject({ msg: { from_user: 'Zoe', text: 'from a backend' } });
      ann.say('from Ann');
      expect(await bob.next('chat_message')).toMatchObject({ msg: { from_user: 'Ann' } });
      // The grace is 0 s here: that Bob leaves shows that the server noticed the end. HAProxy needs two comments for it.
      bob.leave();
      await expect.poll(() => ann.types.at(-1), { timeout: 20_000 }).toBe('user_left');

      const carl = await streamed('Carl');
      await carl.next('user_joined');
      const operator = { Authorization: `Bearer ${testAdminToken}` };
      const direct = { host: '127.0.0.1', port: server.port, method: 'POST', headers: operator, agent: false };
      await answerOf(plainly({ ...direct, path: '/admin/users/Carl/disable' }).end());
      expect(await carl.next('close')).toEqual({ code: 4003, reason: 'access_revoked' });
      await within(carl.ended, 'the end of the stream');
    });

    it('forwards Last-Event-ID', async () => {
      const first = await streamed('Eve');
      await first.next('user_joined');
      const id = first.events.at(-1)!.lastEventId;
      first.leave();
      await post('Zoe', 'missed');
      const second = await streamed('Eve', { headers: { 'Last-Event-ID': id } });
      expect(await second.next('users_online')).toMatchObject({ msg: { recovered: true } });
      expect(await second.next('chat_message')).toMatchObject({ msg: { text: 'missed' } });
    });

    it('streams events over HTTP/2', async () => {
      const ann = await joined('Ann');
      const session = http2(`https://localhost:${proxy.port}`, { ca, family: 4 } as object);
      onTestFinished(() => session.destroy());
      const headers = await bearer('Fay');
      const stream = session.request({ ':path': '/events', authorization: headers.Authorization });
      const [answered] = await within(once(stream, 'response'), 'the head of a stream over HTTP/2');
      expect(answered[':status']).toBe(200);
      const fay = readingOf(stream);
      await fay.next('user_joined');
      await post('Zoe', 'over HTTP/2');
      expect(await fay.next('chat_message')).toMatchObject({ msg: { text: 'over HTTP/2' } });
      session.destroy();
      await expect.poll(() => ann.types.at(-1), { timeout: 20_000 }).toBe('user_left');
    });

    it('carries a chat, and keeps silent connections', async () => {
      const [ann, bob] = [await joined('Ann'), await joined('Bob')];
      // A ping from here on shows that the connection has outlived the proxy's timeout.
      for (let n = 0; n < heldPings; n += 1) await within(once(bob.socket, 'ping'), 'a ping through the proxy');
      ann.say('from Ann');
      await expect.poll(() => bob.texts).toEqual(['from Ann']);
      bob.say('from Bob');
      await expect.poll(() => ann.texts).toEqual(['from Ann', 'from Bob']);
    });

    it('forwards client addresses that cannot be forged', async () => {
      let attempts = 0;
      const logIn = async (localAddress: string, headers: Record<string, string> = {}): Promise<number> => {
        attempts += 1;
        const body = JSON.stringify({ email: `nobody-${attempts}@example.com`, password: 'correct horse' });
        const type = { 'Content-Type': 'application/json' };
        return (await ask('POST', '/login', { localAddress, headers: { ...type, ...headers }, body })).status;
      };
      for (let n = 0; n < loginsPerMinute; n += 1) expect(await logIn('127.0.0.1')).toBe(401);
      expect(await logIn('127.0.0.1')).toBe(429);
      expect(await logIn('127.0.0.1', { 'X-Forwarded-For': '192.0.2.1' })).toBe(429);
      expect(await logIn('127.0.0.2')).toBe(401);
    });

    it.each([
      '/admin/users/1/disable',
      '/%61dmin/users/1/disable',
      '//admin/users/1/disable',
      '/assets/../admin/users/1/disable',
      '/admin',
      '/metrics',
    ])('keeps %s internal', async (path) => {
      const headers = { Authorization: `Bearer ${testAdminToken}` };
      const direct = { host: '127.0.0.1', port: server.port, method: 'POST', headers, agent: false };
      const own = await answerOf(plainly({ ...direct, path: '/admin/users/1/disable' }).end());
      expect(own.status).toBe(204);
      const { status, headers: answered } = await ask('POST', path, { headers });
      // The proxy may answer itself for a path that the server does not have.
      expect([404, 405]).toContain(status);
      if (path.startsWith('/admin') || path === '/metrics')
        expect(answered['content-type']).not.toBe('application/problem+json');
    });

    it('admits the server’s own pages, and refuses other origins', async () => {
      const { socket } = await joined('Ann', proxy, { Origin: `https://localhost:${proxy.port}` });
      expect(socket.readyState).toBe(WebSocket.OPEN);
      await expect(joined('Ann', proxy, { Origin: 'https://elsewhere.example' })).rejects.toThrow('403');
    });

    it('passes on the server’s answer to a body that is too large', async () => {
      const body = JSON.stringify({ email: 'a@example.com', username: 'x'.repeat(20_000), password: 'correct horse' });
      const { status, text } = await ask('POST', '/createUser', {
        headers: { 'Content-Type': 'application/json' },
        body,
      });
      expect({ status, code: JSON.parse(text).code }).toEqual({ status: 413, code: 'body_too_large' });
      const posted = await post('Zoe', 'x'.repeat(70_000));
      expect([posted.status, JSON.parse(posted.text).code]).toEqual([413, 'body_too_large']);
    });

    it('speaks HTTP/2', async () => {
      const session = http2(`https://localhost:${proxy.port}`, { ca, family: 4 } as object);
      onTestFinished(() => session.destroy());
      const stream = session.request({ ':path': '/readyz' });
      const [headers] = await within(once(stream, 'response'), 'an answer over HTTP/2');
      expect(headers[':status']).toBe(200);
    });

    it.runIf(kind === haproxy)('opens a WebSocket for a browser that speaks HTTP/2', async () => {
      const session = http2(`https://localhost:${proxy.port}`, { ca, family: 4 } as object);
      onTestFinished(() => session.destroy());
      await within(once(session, 'remoteSettings'), 'settings');
      // Browsers do this with a proxy that allows it (RFC 8441).
      expect(session.remoteSettings.enableConnectProtocol).toBe(true);
      const stream = session.request({
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':path': '/join',
        'sec-websocket-version': '13',
        ...(await bearer('Gus')),
      });
      const [headers] = await within(once(stream, 'response'), 'an answer to the handshake');
      expect(headers[':status']).toBe(200);
      const [frame] = await within(once(stream, 'data'), 'the first frame');
      expect(String(frame)).toContain('"users_online"');
    });

    if (kind !== nginx) return;

    it('redirects HTTP to HTTPS', async () => {
      const { status, headers } = await answerOf(
        plainly({ host: 'localhost', family: 4, port: proxy.plainPort, path: '/docs', agent: false }).end(),
      );
      expect({ status, to: headers.location }).toEqual({ status: 301, to: 'https://localhost/docs' });
    });

    it('cuts a silent client if its timeout is shorter than the heartbeat', async () => {
      const slow = await startTestServer({ env: { ...env, HEARTBEAT_INTERVAL: '1h' } });
      onTestFinished(() => slow.stop());
      const hasty = await startProxy(kind, { config, upstream: slow.port, certificates, timeout: '1s' });
      onTestFinished(() => hasty.stop());
      const [{ socket }, stream] = await Promise.all([joined('Ann', hasty), streamed('Bob', { through: hasty })]);
      const [code] = await within(once(socket, 'close'), 'the proxy to cut the connection');
      expect(code).toBe(1006);
      await within(stream.ended, 'the proxy to cut the stream');
    });
  });
});
