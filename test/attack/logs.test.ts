/** Input from clients must not forge log lines, or send commands to the terminal that shows the log. */
import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/log/log.ts';
import { connect, handshakeLines } from '../harness/chat.ts';
import { conversation, head } from '../harness/conversation.ts';
import { request } from '../harness/http.ts';
import { startTestServer } from '../harness/server.ts';
import { mint } from '../harness/tokens.ts';

const forged = '{"level":60,"msg":"forged"}';
/** Control characters, in ASCII and beyond, and characters that hide text or reverse its direction. */
const obeyed = /[\p{Cc}\p{Cf}\u2028\u2029]/u;
const odd = [
  `\n${forged}\n`,
  `\r\n${forged}\r\n`,
  `"}\n${forged}`,
  '\u001b[2J\u001b[31m',
  '\u009b31m',
  '\u007f\b\b\b',
  '\u202eabc\u2066',
  '\u2028\u2029',
  '\u0000',
  '\ufeff',
  '\u061c\u00ad\u{e0041}',
];

async function logged(attack: (server: Awaited<ReturnType<typeof startTestServer>>) => Promise<void>) {
  const lines: string[] = [];
  {
    await using server = await startTestServer({ env: { LOG_LEVEL: 'trace' }, onLogLine: (line) => lines.push(line) });
    await attack(server);
  }
  return lines;
}

/** Each line is one JSON object, printable, and harmless to a terminal. */
function expectLines(lines: readonly string[]): void {
  for (const line of lines) {
    const entry = JSON.parse(line) as Record<string, unknown>;
    expect(entry.msg).not.toBe('forged');
    expect(line.endsWith('\n')).toBe(true);
    expect(line.slice(0, -1)).not.toMatch(obeyed);
  }
}

describe('keeps each log line one printable JSON object, with hostile text in', () => {
  it('a path', async () => {
    const paths = odd.map((text) => `/${encodeURIComponent(text)}`);
    const lines = await logged(async (server) => {
      for (const path of paths) expect((await request(server, 'GET', path)).status).toBe(404);
    });
    expectLines(lines);
    expect(lines.map((line) => JSON.parse(line).path)).toEqual(paths);
  });

  it('a query, a user agent, a host, an origin, a referrer, a forwarded address', async () => {
    const lines = await logged(async (server) => {
      for (const text of odd) {
        const value = encodeURIComponent(text);
        const headers = { 'User-Agent': value, Origin: `http://${value}`, Referer: value, 'X-Forwarded-For': value };
        await request(server, 'GET', `/healthz?${value}`, { headers });
      }
    });
    expectLines(lines);
    const requests = lines.filter((line) => JSON.parse(line).event === 'request');
    expect(requests).toHaveLength(odd.length);
    expect(requests.join('')).not.toContain('%');
    // Only the refused origin gets a line of its own.
    const origins = lines.filter((line) => !requests.includes(line)).map((line) => JSON.parse(line));
    expect(origins.map(({ event, origin }) => [event, origin])).toEqual(
      odd.map((text) => ['origin_refused', `http://${encodeURIComponent(text)}`.slice(0, 200)]),
    );
  });

  it('X-Request-Id, which the server returns unchanged only if it is a plain word', async () => {
    const ids = ['{"a":"b"}', "a', 'b", 'a b', '<script>', '%0d%0aX-Evil: 1', 'é', 'x'.repeat(300), 'a\\n'];
    const lines = await logged(async (server) => {
      for (const id of ids) {
        const { headers } = await request(server, 'GET', '/healthz', { headers: { 'X-Request-Id': id } });
        expect(headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
        expect(headers).not.toHaveProperty('x-evil');
      }
      expect((await request(server, 'GET', '/', { headers: { 'X-Request-Id': 'w-1' } })).headers['x-request-id']).toBe(
        'w-1',
      );
    });
    expectLines(lines);
  });

  it('the id and the name in a token, and the frames of its session', async () => {
    const lines = await logged(async (server) => {
      for (const text of odd) {
        const chat = await connect(server, { token: await mint({ id: `x${text}`, username: 'Ann' }) });
        chat.sendRaw(text);
        chat.say(text, text.slice(0, 64));
        await chat.next('chat_message');
        chat.sendRaw(text, true);
        expect(await chat.closed()).toBe(1003);
      }
    });
    expectLines(lines);
    expect(lines.filter((line) => JSON.parse(line).userId !== undefined).length).toBeGreaterThanOrEqual(odd.length);
  });
});

it('redacts a secret that the code logs by mistake, up to two objects deep', () => {
  const lines: string[] = [];
  const log = createLog({ logLevel: 'trace', production: true }, { write: (line: string) => void lines.push(line) });
  for (const name of ['authorization', 'password', 'passwordHash', 'token', 'jwtSecret', 'secret'])
    for (const entry of [{ [name]: 'canary' }, { a: { [name]: 'canary' } }, { a: { b: { [name]: 'canary', c: 1 } } }])
      log.event('server_stopped', entry);
  expect(lines).toHaveLength(18);
  expect(lines.join('')).not.toContain('canary');
});

describe('a header that the server returns injects no other header', () => {
  const evil = ['a\nX-Evil: 1', 'a\rX-Evil: 1', 'a\0X-Evil: 1'];
  const encoded = ['a%0d%0aX-Evil:%201', 'a\\r\\nX-Evil: 1', 'a\u00c4\u008aX-Evil: 1', 'a\tX-Evil: 1'];
  const names = ['X-Request-Id', 'Origin', 'Sec-WebSocket-Protocol', 'Access-Control-Request-Headers', 'If-None-Match'];
  const asking: [path: string, lines: string[]][] = [
    ['/healthz', ['Connection: close']],
    ['/', ['Connection: close']],
    ['/join', handshakeLines],
  ];

  it.each(names)('%s', async (name) => {
    await using server = await startTestServer({ env: { ALLOWED_ORIGINS: '*' } });
    for (const [path, lines] of asking) {
      for (const value of evil) {
        const [answer] = await conversation(server, head(`GET ${path}`, ...lines, `${name}: ${value}`));
        expect([value, answer!.status]).toEqual([value, 400]);
      }
      for (const value of encoded) {
        const bytes = head(`GET ${path}`, ...lines, `${name}: ${value}`);
        const answers = await conversation(server, bytes, [{ method: 'GET', path }]);
        expect(answers).toHaveLength(1);
        expect(answers[0]!.headers).not.toHaveProperty('x-evil');
      }
    }
  });

  it('nor does a path, redirected or not', async () => {
    await using server = await startTestServer();
    for (const path of ['//evil.example', '/%0d%0aX-Evil:1', '/docs%0d%0aX-Evil:1', '/docs//']) {
      const { status, headers } = await request(server, 'GET', path);
      expect([path, status, headers.location, headers['x-evil']]).toEqual([path, 404, undefined, undefined]);
    }
  });
});
