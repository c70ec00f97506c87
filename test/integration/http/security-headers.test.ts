import { afterAll, beforeAll, expect, it } from 'vitest';
import { handshake } from '../../harness/chat.ts';
import { request, signUp } from '../../harness/http.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

it.each([
  ['GET', '/healthz', 200],
  ['POST', '/login', 415],
  ['GET', '/openapi.json', 200],
  ['GET', '/docs', 200],
  ['GET', '/', 200],
  ['GET', '/join', 401],
  ['DELETE', '/healthz', 405],
] as const)('%s %s: %i, with all security headers', async (method, path, status) => {
  const answer = await request(server, method, path);
  expect(answer.status).toBe(status);
  expect(answer.headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'content-security-policy': expect.stringMatching(/^default-src 'none'.*frame-ancestors 'none'/),
  });
  expect(answer.headers).not.toHaveProperty('server');
  expect(answer.headers).not.toHaveProperty('x-powered-by');
});

it('forbids caching of tokens and refusals', async () => {
  const { email, password } = await signUp(server);
  const login = await request(server, 'POST', '/login', { json: { email, password } });
  expect([login.status, login.headers['cache-control']]).toEqual([200, 'no-store']);
  const refused = await handshake(server, { token: 'no.token.' });
  expect([refused.status, refused.headers['cache-control']]).toEqual([401, 'no-store']);
});

it('allows caching of static responses', async () => {
  expect((await request(server, 'GET', '/openapi.json')).headers['cache-control']).toBe('no-cache');
});
