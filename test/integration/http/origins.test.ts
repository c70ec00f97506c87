import { describe, expect, it } from 'vitest';
import { createOriginCheck } from '../../../src/http/origins.ts';
import { connect, handshake } from '../../harness/chat.ts';
import { openEvents } from '../../harness/event-stream.ts';
import { request } from '../../harness/http.ts';
import { startTestServer } from '../../harness/server.ts';
import { mint } from '../../harness/tokens.ts';

const app = 'https://app.example.com';
const webView = 'capacitor://localhost';

describe('joining from a page', () => {
  it.each([
    ['a client that is no page', undefined, true],
    ['a page of the server’s own', 'http://chat.example.com:3000', true],
    ['the same behind a proxy that ends TLS', 'https://chat.example.com:3000', true],
    ['a page of an allowed origin', app, true],
    ['the same host at another port', 'http://chat.example.com', false],
    ['a page of another origin', 'https://evil.example', false],
    ['one that only begins so', `${app}.evil.example`, false],
    ['a page that hides where it is from', 'null', false],
    ['no origin at all', 'chat.example.com:3000', false],
    ['an app of an allowed origin', webView, true],
    ['an app of another origin', 'capacitor://elsewhere', false],
    ['an app with an allowed host and another scheme', 'ionic://localhost', false],
    ['an app that gives the server’s host as its own', 'capacitor://chat.example.com:3000', false],
  ])('%s', (_, origin, want) => {
    const headers = new Headers({ Host: 'Chat.example.com:3000', ...(origin && { Origin: origin }) });
    expect(createOriginCheck([app, webView])(headers)).toBe(want);
    expect(createOriginCheck(['*'])(headers)).toBe(true);
  });

  it('checks the origin before the token', async () => {
    await using server = await startTestServer({ env: { ALLOWED_ORIGINS: ` ${app} , https://b.example` } });
    const token = await mint({ id: '1', username: 'Ann' });
    const from = async (Origin: string, as = token) =>
      (await handshake(server, { token: as, headers: { Origin } })).status;
    expect(await from('https://evil.example', 'no.token.')).toBe(403);
    expect(await from('https://evil.example')).toBe(403);
    expect(await from(`http://${server.host}:${server.port}`)).toBe(101);
    expect(await from(app)).toBe(101);
    const chat = await connect(server, { token });
    await chat.close();
  });
});

describe('a stream of events for a page', () => {
  it('is refused by origin before the token, and readable for an allowed origin', async () => {
    await using server = await startTestServer({ env: { ALLOWED_ORIGINS: app } });
    const token = await mint({ id: '1', username: 'Ann' });
    const refusal = async (Origin: string, as: string) => {
      const headers = { Origin, Authorization: `Bearer ${as}` };
      return (await request(server, 'GET', '/events', { headers })).json.code;
    };
    expect(await refusal('https://evil.example', 'no.token.')).toBe('origin_not_allowed');
    expect(await refusal('https://evil.example', token)).toBe('origin_not_allowed');
    expect(await refusal(app, 'no.token.')).toBe('invalid_token');
    const reader = await openEvents(server, { token, headers: { Origin: app } });
    expect(reader.headers).toMatchObject({ 'access-control-allow-origin': app, vary: 'Origin' });
    await reader.next('users_online');
    await reader.leave();
  });
});

describe('responses for a page of another origin', () => {
  const ask = async (env: Record<string, string>, method: string, path: string, headers: Record<string, string>) => {
    await using server = await startTestServer({ env });
    const response = await fetch(`http://${server.host}:${server.port}${path}`, { method, headers });
    await response.text();
    const cors = [...response.headers].filter(([name]) => name.startsWith('access-control-'));
    return { status: response.status, cors: Object.fromEntries(cors), vary: response.headers.get('vary') };
  };
  const allowing = { ALLOWED_ORIGINS: app };
  const preflight = { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type' };

  it('are readable if the origin is allowed: answers, problems and Retry-After', async () => {
    for (const [path, status] of [
      ['/healthz', 200],
      ['/nothing', 404],
      ['/join', 401],
    ] as const) {
      const answer = await ask(allowing, 'GET', path, { Origin: app });
      expect(answer).toEqual({
        status,
        cors: {
          'access-control-allow-origin': app,
          'access-control-expose-headers': 'Allow,ETag,Retry-After,WWW-Authenticate,X-Request-Id',
        },
        vary: 'Origin',
      });
    }
  });

  it('are readable for an allowed app in a web view', async () => {
    const answer = await ask({ ALLOWED_ORIGINS: webView }, 'GET', '/healthz', { Origin: webView });
    expect(answer.cors['access-control-allow-origin']).toBe(webView);
  });

  it('are announced by a preflight', async () => {
    expect(await ask(allowing, 'OPTIONS', '/login', { Origin: app, ...preflight })).toMatchObject({
      status: 204,
      cors: {
        'access-control-allow-origin': app,
        'access-control-allow-methods': 'GET,POST,PATCH,DELETE',
        'access-control-allow-headers': 'Authorization,Content-Type,Last-Event-ID',
        'access-control-max-age': '600',
      },
    });
  });

  it.each([
    ['another origin', allowing, 'https://evil.example'],
    ['any origin without ALLOWED_ORIGINS', {}, app],
  ])('are unreadable for %s', async (_, env, Origin) => {
    for (const [method, path, headers] of [
      ['GET', '/healthz', {}],
      ['OPTIONS', '/login', preflight],
    ] as const) {
      const { cors } = await ask(env, method, path, { Origin, ...headers });
      expect(cors['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('answers an OPTIONS request that is not a preflight by the contract', async () => {
    expect((await ask(allowing, 'OPTIONS', '/login', { Origin: app })).status).toBe(405);
  });
});

describe('the log', () => {
  it('names a refused origin once per request, as ALLOWED_ORIGINS spells it, and truncated', async () => {
    const refused: object[] = [];
    await using server = await startTestServer({
      env: { ALLOWED_ORIGINS: app, LOG_LEVEL: 'info' },
      onLogLine: (line) => {
        const { level, event, origin, requestId } = JSON.parse(line);
        if (event === 'origin_refused') refused.push({ level, origin, requestId });
      },
    });
    const get = (Origin: string, requestId: string, more: Record<string, string> = {}, method = 'GET') =>
      fetch(`http://${server.host}:${server.port}/login`, {
        method,
        headers: { Origin, 'X-Request-Id': requestId, ...more },
      });
    await get(app, 'allowed');
    await get(`http://${server.host}:${server.port}`, 'own');
    await get(webView, 'app');
    await get('null', 'preflight', { 'Access-Control-Request-Method': 'POST' }, 'OPTIONS');
    await get(`https://${'x'.repeat(1_000)}`, 'long');
    await handshake(server, { headers: { Origin: 'https://evil.example', 'X-Request-Id': 'handshake' } });
    expect(refused).toEqual([
      { level: 30, origin: webView, requestId: 'app' },
      { level: 30, origin: 'null', requestId: 'preflight' },
      { level: 30, origin: `https://${'x'.repeat(192)}`, requestId: 'long' },
      { level: 30, origin: 'https://evil.example', requestId: 'handshake' },
    ]);
  });
});
