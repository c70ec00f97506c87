import { describe, expect, it } from 'vitest';
import { type Chat, connect } from '../../harness/chat.ts';
import { brokenSamples, edgeSamples } from '../../harness/samples.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { asyncapi, clientFrames, component, deref, serverFrames } from '../../harness/spec.ts';
import { mint } from '../../harness/tokens.ts';

interface Said {
  readonly text: string;
  readonly nonce?: string;
}

const idOf = (username: string): string => `id of ${username}`;
const join = async (server: TestServer, username: string): Promise<Chat> =>
  connect(server, { token: await mint({ id: idOf(username), username }) });
const ann = { from_user: 'Ann', from_user_id: idOf('Ann') };

it('a client may send chat_message and token_refresh', () => {
  expect(clientFrames.map(({ type }) => type)).toEqual(['chat_message', 'token_refresh']);
});
const { payload, examples } = clientFrames[0]!;
const schema = deref(asyncapi, payload);
const example = examples.find(({ name }) => name === 'nonce')!.payload as { type: string; msg: Said };

describe('publishes valid messages unchanged', () => {
  const saying = (msg: object, beside = {}) => ({ ...example, ...beside, msg: { ...example.msg, ...msg } });
  const exact = [
    '  ',
    '\n',
    '\u0000',
    '\u2028\u2029',
    '<b>&amp;</b>',
    'e\u0301',
    '\u202eabc',
    '\ufeff',
    '{"type":"x"}',
    '👩‍👩‍👧',
  ];
  const cases: [name: string, frame: unknown][] = [
    ...examples.map(({ name, payload }): [string, unknown] => [`the example '${name}'`, payload]),
    ...edgeSamples(schema, example).map(({ name, value }): [string, unknown] => [name, value]),
    ...exact.map((text): [string, unknown] => [`the text ${JSON.stringify(text)}`, saying({ text, nonce: text })]),
    ['a spoofed from_user', saying({ from_user: 'Bob' })],
    ['a spoofed from_user_id', saying({ from_user_id: idOf('Bob') })],
    ['an invalid from_user', saying({ from_user: { a: [null] } })],
    ['an invalid from_user_id', saying({ from_user_id: 7 })],
    ['a spoofed sent_at', saying({}, { sent_at: '1970-01-01T00:00:00.000Z' })],
    ['an invalid sent_at', saying({ sent_at: 7 }, { sent_at: false })],
    ['a spoofed id', saying({ id: '9' }, { id: '9' })],
    ['unknown properties', saying({ a: 1, toString: 2 }, { b: [3], constructor: 4, '': null })],
    [
      '__proto__',
      JSON.parse('{"type":"chat_message","__proto__":{"type":7},"msg":{"text":"a","__proto__":{"text":7}}}'),
    ],
  ];
  it.each(cases)('%s', async (_, frame) => {
    await using server = await startTestServer();
    const [sender, bob] = [await join(server, 'Ann'), await join(server, 'Bob')];
    const sentAtMs = Date.now();
    sender.send(frame);
    const echo = await sender.next('chat_message');
    const { text, nonce } = (frame as { msg: Said }).msg;
    expect(echo.msg).toEqual(nonce === undefined ? { ...ann, text } : { ...ann, text, nonce });
    expect(Date.parse(echo.sent_at)).toBeGreaterThanOrEqual(sentAtMs);
    expect(await bob.next('chat_message')).toEqual(echo);
  });

  it('accepts a frame of the maximum size', async () => {
    await using server = await startTestServer();
    const sender = await join(server, 'Ann');
    sender.sendRaw(JSON.stringify(saying({ text: 'a', nonce: 'b' })).padEnd(65_536));
    expect((await sender.next('chat_message')).msg).toEqual({ ...ann, text: 'a', nonce: 'b' });
  });
});

const { minLength, maxLength } = component(asyncapi, 'Nonce');
const fitsNonce = new RegExp(`^\\P{Cs}{${minLength},${maxLength}}$`, 'u');

/** The nonce that an `error` must have: that of the frame, if it is valid. */
function nonceOf(frame: unknown): string | undefined {
  const nonce = (frame as { msg?: { nonce?: unknown } } | null)?.msg?.nonce;
  return typeof nonce === 'string' && fitsNonce.test(nonce) ? nonce : undefined;
}

describe('answers invalid frames with an error, only to that session', () => {
  const broken = brokenSamples(schema, example).map(({ name, pointer, value }): [string, string, string] => {
    const type = (value as { type?: unknown } | null)?.type;
    return [
      name,
      JSON.stringify(value),
      pointer === '/type' && typeof type === 'string' ? 'unknown_type' : 'invalid_message',
    ];
  });
  const typed = [...serverFrames.map(({ type }) => type), 'Chat_message', 'chat_message ', '', '__proto__', 'toString']
    .filter((type) => type !== example.type)
    .map((type): [string, string, string] => [
      `the type '${type}'`,
      JSON.stringify({ ...example, type }),
      'unknown_type',
    ]);
  const noJson = [
    '',
    ' ',
    'Hello!',
    '{',
    '{}{}',
    "{'type':'chat_message'}",
    'NaN',
    '{"type":"chat_message",}',
    '\ufeff{}',
  ];
  const cases = [
    ...broken,
    ...typed,
    ...noJson.map((text): [string, string, string] => [`no JSON: ${JSON.stringify(text)}`, text, 'malformed_json']),
  ];
  it.each(cases)('%s', async (_, text, code) => {
    await using server = await startTestServer();
    const ann = await join(server, 'Ann');
    const others = [await join(server, 'Ann'), await join(server, 'Bob')];
    ann.sendRaw(text);
    const { msg } = await ann.next('error');
    expect([msg.code, msg.nonce]).toEqual([code, code === 'malformed_json' ? undefined : nonceOf(JSON.parse(text))]);
    ann.say('still here');
    for (const other of others) {
      await other.next('chat_message');
      expect(other.frames.filter(({ type }) => type === 'error' || type === 'chat_message')).toHaveLength(1);
    }
  });
});

it('answers 20 invalid frames, and closes the connection at the next one', async () => {
  await using server = await startTestServer();
  const ann = await join(server, 'Ann');
  for (let n = 0; n < 20; n += 1) ann.sendRaw('{');
  ann.say('still here');
  await ann.next('chat_message');
  expect(ann.frames.filter(({ type }) => type === 'error')).toHaveLength(20);
  for (let n = 0; n < 20; n += 1) ann.sendRaw('{');
  expect(await ann.closed()).toBe(1008);
});
