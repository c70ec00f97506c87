/** Checks the log of requests: the client, the result, and why bytes were not a request. */
import { describe, expect, it } from 'vitest';
import { handshakeLines } from '../../harness/chat.ts';
import { conversation, head, untilClosed } from '../../harness/conversation.ts';
import { request } from '../../harness/http.ts';
import { startTestServer } from '../../harness/server.ts';

/** A server, and the lines of its log. */
async function logging(env: Record<string, string> = {}) {
  const lines: Record<string, unknown>[] = [];
  const onLogLine = (line: string): void => void lines.push(JSON.parse(line));
  const server = await startTestServer({ env: { LOG_LEVEL: 'debug', ...env }, onLogLine });
  return { server, of: (event: string) => lines.filter((line) => line.event === event), lines };
}

describe('the line of a request', () => {
  it('has the code of the problem and the address of the client', async () => {
    const { server, of } = await logging();
    await request(server, 'GET', '/healthz');
    await request(server, 'GET', '/nothing');
    await conversation(server, head('GET /join', ...handshakeLines), [{ method: 'GET', path: '/join' }]);
    await server.stop();
    expect(of('request')).toMatchObject([
      { path: '/healthz', status: 200, ip: '127.0.0.1' },
      { path: '/nothing', status: 404, code: 'not_found', ip: '127.0.0.1' },
      { path: '/join', status: 401, code: 'missing_token', ip: '127.0.0.1' },
    ]);
    expect(of('request')[0]).not.toHaveProperty('code');
  });

  it('has the address that the trusted proxy names, and no other', async () => {
    const { server, of } = await logging({ TRUST_PROXY: '1' });
    const headers = { 'X-Forwarded-For': '198.51.100.1, [2001:db8::7]:49152' };
    await request(server, 'GET', '/healthz', { headers });
    await server.stop();
    expect(of('request')).toMatchObject([{ ip: '2001:db8::7' }]);
  });

  it('has no address with LOG_IP=off, nor has any other line', async () => {
    const { server, of, lines } = await logging({ LOG_IP: 'off', TRUST_PROXY: '1' });
    const headers = { 'X-Forwarded-For': 'x203.0.113.9' };
    await request(server, 'GET', '/healthz', { headers });
    await conversation(server, 'garbage\r\n\r\n');
    await conversation(server, head('GET /join', ...handshakeLines), [{ method: 'GET', path: '/join' }]);
    await server.stop();
    expect([of('request').length, of('request_unread').length, of('forwarded_unread').length]).toEqual([2, 1, 1]);
    expect(JSON.stringify(lines)).not.toMatch(/127\.0\.0\.1|203\.0\.113\.9/);
  });
});

it.each<[bytes: string, reason: string]>([
  ['garbage\r\n\r\n', 'HPE_INVALID_METHOD'],
  ['GET /healthz HTTP/1.1\r\n\r\n', 'no Host that could be one'],
  ['GET /healthz#a HTTP/1.1\r\nHost: a\r\n\r\n', 'a target that is neither a path nor a URI'],
  ['POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n', 'HPE_INVALID_CONTENT_LENGTH'],
])('%j is not a request, and the log says why', async (bytes, reason) => {
  const { server, of } = await logging();
  await untilClosed(server, bytes.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  await server.stop();
  expect(of('request_unread')).toMatchObject([{ level: 20, reason, code: 'malformed_request', ip: '127.0.0.1' }]);
});

it('logs a head that is too large at level info, with the address', async () => {
  const { server, of } = await logging({ LOG_LEVEL: 'info' });
  await conversation(server, head('GET /healthz', `Cookie: ${'a'.repeat(20_000)}`));
  await server.stop();
  expect(of('head_too_large')).toMatchObject([{ level: 30, ip: '127.0.0.1' }]);
});
