/**
 * Nearly valid frames, bodies and bytes. The server answers each as the specs say, and other clients see only valid
 * frames.
 */
import { once } from 'node:events';
import { Agent, request as send } from 'node:http';
import { connect as dial } from 'node:net';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPasswords } from '../../src/users/passwords.ts';
import { type Chat, connect, handshakeLines } from '../harness/chat.ts';
import { head, responsesIn } from '../harness/conversation.ts';
import { within } from '../harness/deadline.ts';
import { frame, frameIn, opcodes } from '../harness/frame.ts';
import { type Answer, answerOf, recorded } from '../harness/http.ts';
import { recordClose, recordFrame } from '../harness/recorder.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { asyncapi, clientFrames, openapi, paths } from '../harness/spec.ts';
import { mint } from '../harness/tokens.ts';
import { bodies, corrupted, frameTexts } from './near-valid.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 4_000);
const share = (part: number): number => Math.ceil(runs * part);
const timeoutMs = 60_000 + runs * 5;
/** Below the number of invalid frames that closes a session. */
const batch = 16;

const ajv = new Ajv2020({ strict: false, unicodeRegExp: true });
ajv.addSchema(asyncapi, 'asyncapi.json').addSchema(openapi, 'openapi.json');
const isMessage = ajv.getSchema(`asyncapi.json#${encodeURI(clientFrames[0]!.at)}`)!;

let server: TestServer;
beforeAll(async () => {
  // A cheap hash: its cost doesn't matter here.
  server = await startTestServer({ passwords: createPasswords({ params: { logN: 1, r: 1, p: 1 } }) });
});
afterAll(() => server.stop());

const counts: Record<string, number> = {};
const count = (what: string, by = 1): void => {
  counts[what] = (counts[what] ?? 0) + by;
};
afterAll(() =>
  console.log(
    `fuzz: ${Object.entries(counts)
      .map(([what, n]) => `${n} ${what}`)
      .join(', ')}`,
  ),
);

function parsed(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** Returns the answer that the spec requires for a frame: its text, or the code of an error. */
function wanted(text: string): { said: string } | { code: string } {
  const json = parsed(text);
  if (!json) return { code: 'malformed_json' };
  const { value } = json as { value: { type?: unknown; msg: { text: string } } };
  if (isMessage(value)) return { said: value.msg.text };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { code: 'invalid_message' };
  const known = typeof value.type !== 'string' || value.type === 'chat_message';
  return { code: known ? 'invalid_message' : 'unknown_type' };
}

/** The server answers a repeated nonce in its own way, which this test leaves out. */
function oncePerNonce(texts: readonly string[]): string[] {
  const used = new Set<unknown>();
  return texts.filter((text) => {
    const { value } = parsed(text) ?? {};
    const nonce = isMessage(value) ? (value as { msg: { nonce?: unknown } }).msg.nonce : undefined;
    if (used.has(nonce)) return false;
    if (nonce !== undefined) used.add(nonce);
    return true;
  });
}

let batches = 0;
let witness: Chat | undefined;
/**
 * Somebody who watches the room. A new watcher takes over now and then, because each keeps the frames that it has seen.
 */
async function watching(): Promise<Chat> {
  batches += 1;
  if (batches % 200 === 1) {
    await witness?.close();
    witness = await connect(server, { token: await mint({ id: 'witness', username: 'Witness' }) });
  }
  return witness!;
}

it(
  'frames',
  async () => {
    const property = fc.asyncProperty(fc.array(frameTexts, { minLength: batch, maxLength: batch }), async (given) => {
      const seen = await watching();
      const frames = oncePerNonce(given);
      const username = `Ann ${batches}`;
      const ann = await connect(server, { token: await mint({ id: username, username }) });
      for (const text of frames) ann.sendRaw(text);
      const last = `end of ${batches}`;
      ann.say(last);
      const wants = [...frames.map(wanted), { said: last }];
      const codes = wants.flatMap((want) => ('code' in want ? [want.code] : []));
      const texts = wants.flatMap((want) => ('said' in want ? [want.said] : []));
      for (const text of texts) {
        expect((await ann.next('chat_message')).msg.text).toBe(text);
        expect((await seen.next('chat_message')).msg).toMatchObject({ from_user: username, text });
      }
      const errors = () => ann.frames.flatMap((answer) => (answer.type === 'error' ? [answer.msg.code] : []));
      // Only answers to the frame may come before its broadcast or after it.
      ann.say('and out');
      await ann.next('chat_message');
      await seen.next('chat_message');
      expect(await ann.close()).toBe(1005);
      expect(errors()).toEqual(codes);
      expect(seen.frames.some(({ type }) => type === 'error')).toBe(false);
      count('frames', frames.length);
      count('of them published', texts.length - 1);
    });
    await fc.assert(property, { numRuns: Math.ceil(share(0.75) / batch) });
  },
  timeoutMs,
);

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
afterAll(() => agent.destroy());

/** One request on a connection that stays open. */
const post = (path: string, body: Uint8Array): Promise<Answer> =>
  within(
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      const outgoing = send({ ...server, path, method: 'POST', agent, headers }, (response) => {
        answerOf('POST', path, response).then(resolve, reject);
      });
      outgoing.on('error', reject).end(body);
    }),
    `the answer to ${path}`,
  );

const desks = ['/createUser', '/login'] as const;
/** Tells whether the spec allows this as a body of the operation. */
const isBody = Object.fromEntries(
  desks.map((path) => {
    const { schema } = paths.get(path)!.get('POST')!.body!;
    return [path, ajv.compile({ ...schema, $ref: `openapi.json${schema.$ref}` })];
  }),
);
const maxBodyBytes = 16_384;
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Returns the responses that the spec allows for a body. */
function welcomeTo(path: string, body: Uint8Array): unknown[] {
  if (body.length > maxBodyBytes) return ['body_too_large'];
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(body));
  } catch {
    return ['malformed_body'];
  }
  if (!isBody[path]!(value)) return ['invalid_body'];
  return path === '/login' ? ['invalid_credentials', 200] : ['email_taken', 'username_taken', 201];
}

it(
  'bodies',
  async () => {
    const utf8 = bodies.map((text): Uint8Array => Buffer.from(text));
    const given = fc.oneof({ weight: 5, arbitrary: utf8 }, { weight: 1, arbitrary: corrupted(utf8) });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...desks), given, async (path, body) => {
        const { status, json } = await post(path, body);
        count('bodies');
        expect(welcomeTo(path, body)).toContain(json.code ?? status);
        if (json.code === undefined) count('of them taken');
      }),
      { numRuns: share(0.15) },
    );
  },
  timeoutMs,
);

/**
 * Sends the first bytes and, once they are answered, the others. Ends its side, then reads until the server has ended
 * too.
 */
async function exchanged(bytes: Uint8Array, first?: string): Promise<Buffer> {
  const socket = dial({ host: server.host, port: server.port });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  if (first !== undefined) {
    socket.write(first);
    await within(once(socket, 'data'), 'an answer');
  }
  socket.end(bytes);
  await within(closed, () => `the end, after ${Buffer.from(bytes).toString('latin1')}`).finally(() => socket.destroy());
  return Buffer.concat(chunks);
}

const opcode = fc.oneof(fc.constantFrom(...Object.values(opcodes)), fc.nat(15));
const wireFrames = fc
  .tuple(opcode, frameTexts, fc.boolean(), fc.boolean(), fc.constantFrom(0, 0, 0, 0, 1, 4))
  .map(([code, text, fin, masked, rsv]) => frame(code, text.slice(0, 2_000), { fin: fin || code > 7, masked, rsv }));
const wires = fc.array(wireFrames, { minLength: 1, maxLength: 6 }).map((frames): Uint8Array => Buffer.concat(frames));

it(
  'bytes behind a handshake',
  async () => {
    let users = 0;
    await fc.assert(
      fc.asyncProperty(corrupted(wires), async (bytes) => {
        users += 1;
        const token = await mint({ id: `w${users}`, username: `Wire ${users}` });
        const handshake = head('GET /join', ...handshakeLines, `Authorization: Bearer ${token}`);
        const answer = await exchanged(bytes, handshake);
        const end = answer.indexOf('\r\n\r\n') + 4;
        expect(answer.subarray(0, 13).toString()).toBe('HTTP/1.1 101 ');
        let rest = answer.subarray(end);
        for (let next = frameIn(rest); next; next = frameIn(rest)) {
          rest = rest.subarray(next.size);
          if (next.opcode === opcodes.text) recordFrame(next.payload.toString());
          else if (next.opcode === opcodes.close && next.payload.length > 0) recordClose(next.payload.readUInt16BE(0));
          else expect([opcodes.pong, opcodes.close]).toContain(next.opcode);
        }
        expect(rest).toHaveLength(0);
        count('connections');
      }),
      { numRuns: share(0.08) },
    );
  },
  timeoutMs,
);

const line = fc.constantFrom(
  'Content-Type: application/json',
  'Content-Length: 2',
  'Transfer-Encoding: chunked',
  'Authorization: Bearer a.b.c',
  'Origin: http://localhost',
  'Expect: 100-continue',
  'X-Request-Id: a',
  'Host: localhost',
  'Sec-WebSocket-Protocol: palaver.v1',
  ...handshakeLines,
);
const heads = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'PUT'),
    fc.constantFrom(...paths.keys(), '/nothing', '/join?a=b', '*'),
    fc.array(line, { maxLength: 6 }),
    fc.constantFrom('', '{}', '2\r\n{}\r\n0\r\n\r\n'),
  )
  .map(([method, path, lines, body]): Uint8Array => Buffer.from(head(`${method} ${path}`, ...lines) + body));

it(
  'bytes of a request',
  async () => {
    await fc.assert(
      fc.asyncProperty(corrupted(heads), async (bytes) => {
        const [, method = '', path = ''] = /^(\w+) (\S+) HTTP/.exec(Buffer.from(bytes).toString('latin1')) ?? [];
        const answers = responsesIn(await exchanged(bytes)).filter(({ status }) => status !== 100);
        for (const { status, headers, text } of answers) {
          const unreadable = text.includes('"malformed_request"');
          if (!unreadable || status !== 400) recorded({ method, path }, status, headers, text);
          else recorded(undefined, status, headers, text);
        }
        count('requests');
        count('of them answered', answers.length);
      }),
      { numRuns: share(0.02) },
    );
    // The server still works as before.
    const seen = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
    seen.say('here');
    await seen.next('chat_message');
    await seen.close();
  },
  timeoutMs,
);
