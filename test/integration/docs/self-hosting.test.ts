/** Runs the proxy configurations of the guide in front of a real server. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request as plainly } from 'node:http';
import { connect as http2 } from 'node:http2';
import { type RequestOptions, request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { type Certificates, hasOpenssl, makeCertificates } from '../../harness/certificates.ts';
import { within } from '../../harness/deadline.ts';
import { codeBelow } from '../../harness/documentation.ts';
import { caddy, nginx, type ProxyKind, type RunningProxy, startProxy } from '../../harness/proxies.ts';
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

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

describe.each([nginx, caddy])('$name, as the guide has it', (kind) => {
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
      socket.on('message', (data: Buffer) => {
        const { type, msg } = JSON.parse(data.toString());
        if (type === 'chat_message') texts.push(msg.text);
      });
      await within(once(socket, 'open'), 'the connection to open');
      return {
        socket,
        texts,
        say: (text: string) => socket.send(JSON.stringify({ type: 'chat_message', msg: { text } })),
      };
    }

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
    });

    it('speaks HTTP/2', async () => {
      const session = http2(`https://localhost:${proxy.port}`, { ca, family: 4 } as object);
      onTestFinished(() => session.destroy());
      const stream = session.request({ ':path': '/readyz' });
      const [headers] = await within(once(stream, 'response'), 'an answer over HTTP/2');
      expect(headers[':status']).toBe(200);
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
      const { socket } = await joined('Ann', hasty);
      const [code] = await within(once(socket, 'close'), 'the proxy to cut the connection');
      expect(code).toBe(1006);
    });
  });
});
