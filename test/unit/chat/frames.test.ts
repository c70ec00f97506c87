import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encodeEnvelope, encodeError, encodeUsersOnline } from '../../../src/chat/frames.ts';
import { textsIn } from '../../harness/fan-out.ts';

const refusalOf = (text: string) => {
  const decoded = decode(text);
  return 'refusal' in decoded ? decoded.refusal : undefined;
};
const message = (msg: unknown, type: unknown = 'chat_message') => JSON.stringify({ type, msg });

describe('a valid frame', () => {
  const cases: [name: string, given: string, want: object][] = [
    ['a text', message({ text: 'Hello!' }), { text: 'Hello!' }],
    ['a text and a nonce', message({ text: 'Hello!', nonce: 'm-1' }), { text: 'Hello!', nonce: 'm-1' }],
    [
      'undeclared members, which are left out',
      message({ text: 'a', from_user: 1, sent_at: {}, x: 'y' }),
      { text: 'a' },
    ],
    [
      'keys that mean something to JavaScript',
      '{"__proto__":{"type":"error"},"type":"chat_message","msg":{"text":"a","__proto__":{"nonce":"n"},"constructor":1}}',
      { text: 'a' },
    ],
    [
      'the last of two members of one name',
      '{"type":"x","type":"chat_message","msg":{"text":"a","text":"b"}}',
      { text: 'b' },
    ],
    [
      '4,096 code points beyond the BMP',
      message({ text: '\u{1f600}'.repeat(4_096) }),
      { text: '\u{1f600}'.repeat(4_096) },
    ],
    [
      'a pair of surrogates that is escaped',
      '{"type":"chat_message","msg":{"text":"\\ud83d\\ude00"}}',
      { text: '\u{1f600}' },
    ],
  ];
  it.each(cases)('%s', (_, given, want) => {
    expect(decode(given)).toEqual({ message: { type: 'chat_message', msg: want } });
  });
});

describe('an invalid frame', () => {
  const cases: [name: string, given: string, want: object][] = [
    ['no JSON', '{', { code: 'malformed_json' }],
    ['nothing', '', { code: 'malformed_json' }],
    ['null', 'null', { code: 'invalid_message' }],
    ['a list', '[]', { code: 'invalid_message' }],
    ['a number', '1e999', { code: 'invalid_message' }],
    ['no type', '{"msg":{"text":"a"}}', { code: 'invalid_message' }],
    ['a type that is no text', message({ text: 'a', nonce: 'n' }, 1), { code: 'invalid_message', nonce: 'n' }],
    ['a type that is not there', message({ text: 'a', nonce: 'n' }, 'shout'), { code: 'unknown_type', nonce: 'n' }],
    ['a type of the server', message({ username: 'a' }, 'user_joined'), { code: 'unknown_type' }],
    ['a type of every object', message({ text: 'a' }, 'constructor'), { code: 'unknown_type' }],
    [
      'no msg',
      '{"type":"chat_message"}',
      { code: 'invalid_message', detail: expect.stringMatching(/^msg: is missing$/) },
    ],
    [
      'an empty text',
      message({ text: '', nonce: 'n' }),
      { code: 'invalid_message', nonce: 'n', detail: expect.stringMatching(/^msg\.text: must not be empty$/) },
    ],
    ['4,097 code points', message({ text: 'a'.repeat(4_097) }), { code: 'invalid_message' }],
    [
      'a lone surrogate',
      message({ text: 'a\ud800' }),
      { code: 'invalid_message', detail: 'msg.text: must be well-formed Unicode' },
    ],
    [
      'a nonce that is too long',
      message({ text: 'a', nonce: 'n'.repeat(65) }),
      { code: 'invalid_message', nonce: undefined },
    ],
    ['a nonce that is null', message({ text: 'a', nonce: null }), { code: 'invalid_message', nonce: undefined }],
    ['a nest 30,000 deep', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, { code: 'invalid_message' }],
  ];
  it.each(cases)('%s', (_, given, want) => {
    expect(refusalOf(given)).toMatchObject(want);
  });
});

describe('any frame', () => {
  it('is accepted or refused without throwing; accepted ones fit the schema, refused ones can be answered', () => {
    const near = fc.record({
      type: fc.constantFrom('chat_message', 'error', 1),
      msg: fc.oneof(fc.jsonValue(), fc.record({ text: fc.string({ unit: 'binary' }), nonce: fc.jsonValue() })),
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.json(),
          near.map((value) => JSON.stringify(value)),
        ),
        (text) => {
          const decoded = decode(text);
          if ('refusal' in decoded) {
            expect(JSON.parse(textsIn(encodeError(decoded.refusal))[0]!)).toMatchObject({
              type: 'error',
              msg: { code: decoded.refusal.code },
            });
            return;
          }
          const { message } = decoded;
          const { nonce } = message.msg;
          const said = message.type === 'chat_message' ? message.msg.text : message.msg.token;
          expect([...said].length).toBeGreaterThan(0);
          expect([...said].length).toBeLessThanOrEqual(message.type === 'chat_message' ? 4_096 : 8_192);
          expect(said.isWellFormed() && (nonce ?? '').isWellFormed()).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

it('an envelope is written with its position first, as the contract requires', () => {
  const frame = { type: 'chat_message', msg: { from_user: 'Bob', text: 'Hello!' } } as const;
  expect(textsIn(encodeEnvelope({ id: '1', sentAt: '2024-03-04T07:48:30.598Z', frame }))).toEqual([
    '{"type":"chat_message","id":"1","sent_at":"2024-03-04T07:48:30.598Z","msg":{"from_user":"Bob","text":"Hello!"}}',
  ]);
});

describe('the length of a frame (RFC 6455, 5.2)', () => {
  // A name is in the frame twice, so the id alone grows.
  const empty = textsIn(encodeUsersOnline({ id: '1', sentAt: '', roster: [{ id: '', username: '' }] }))[0]!.length;
  const cases: [length: number, header: string][] = [
    [empty, '8168'],
    [125, '817d'],
    [126, '817e007e'],
    [65_535, '817effff'],
    [65_536, '817f0000000000010000'],
  ];
  it.each(cases)('%d bytes: %s', (length, header) => {
    const bytes = encodeUsersOnline({
      id: '1',
      sentAt: '',
      roster: [{ id: 'x'.repeat(length - empty), username: '' }],
    });
    expect(bytes.subarray(0, header.length / 2).toString('hex')).toBe(header);
    expect(textsIn(bytes)[0]).toHaveLength(length);
  });
});
