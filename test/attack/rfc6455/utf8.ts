import {
  type Case,
  closed,
  cut,
  echo,
  error,
  last,
  livesOn,
  ping,
  pong,
  say,
  saying,
  section,
  text,
  together,
} from './case.ts';

const valid: readonly (readonly [name: string, said: string])[] = [
  ['a word in Greek', 'κόσμε'],
  ['U+007F, the last in one byte', '\u007f'],
  ['U+0080, the first in two bytes', '\u0080'],
  ['U+07FF, the last in two bytes', '\u07ff'],
  ['U+0800, the first in three bytes', '\u0800'],
  ['U+D7FF, the last before the surrogates', '\ud7ff'],
  ['U+E000, the first after the surrogates', '\ue000'],
  ['U+FEFF in the midst', 'a\ufeffb'],
  ['U+FFFD, which stands for what is not valid', '\ufffd'],
  ['U+FFFE and U+FFFF, which are no characters', '\ufffe\uffff'],
  ['U+10000, the first in four bytes', '\u{10000}'],
  ['U+1FFFE and U+10FFFE, which are no characters', '\u{1fffe}\u{10fffe}'],
  ['U+10FFFF, the last of all', '\u{10ffff}'],
];

const invalid: readonly (readonly [name: string, hex: string])[] = [
  ['a continuation byte alone: 80', '80'],
  ['a continuation byte alone: BF', 'bf'],
  ['six continuation bytes', '80bf80bf80bf'],
  ['FE', 'fe'],
  ['FF', 'ff'],
  ['two bytes, the second missing', 'c3'],
  ['three bytes, the third missing', 'e282'],
  ['four bytes, the fourth missing', 'f09f98'],
  ['the first byte of two before a letter', 'c361'],
  ['overlong: / in two bytes', 'c0af'],
  ['overlong: / in three bytes', 'e080af'],
  ['overlong: / in four bytes', 'f08080af'],
  ['overlong: / in five bytes', 'f8808080af'],
  ['overlong: / in six bytes', 'fc80808080af'],
  ['overlong: NUL in two bytes', 'c080'],
  ['overlong: U+007F in two bytes', 'c1bf'],
  ['overlong: U+07FF in three bytes', 'e09fbf'],
  ['overlong: U+FFFF in four bytes', 'f08fbfbf'],
  ['the first surrogate: U+D800', 'eda080'],
  ['the last surrogate: U+DFFF', 'edbfbf'],
  ['a pair of surrogates', 'eda080edb080'],
  ['beyond the last: U+110000', 'f4908080'],
  ['beyond the last: U+1FFFFF', 'f7bfbfbf'],
  ['five bytes', 'f888808080'],
  ['six bytes', 'fc8480808080'],
  ['a word with a surrogate in it', 'cebae1bdb9cf83ceeda080bcceb5'],
];

/** The payload of a chat message with these bytes in its text. */
const withBytes = (hex: string): Buffer =>
  Buffer.concat([Buffer.from('{"type":"chat_message","msg":{"text":"'), Buffer.from(hex, 'hex'), Buffer.from('"}}')]);

const smile = saying('😀');
const at = smile.indexOf('😀');
const surrogate = withBytes('eda080');
const bad = surrogate.indexOf(0xed);

export const utf8: readonly Case[] = section(6, 'UTF-8', [
  ...valid.map(([name, said]) => [`valid: ${name}`, '8.1', say(said), [echo(said), ...livesOn]] as const),
  ...invalid.map(([name, hex]) => [`not valid: ${name}`, '8.1', text(withBytes(hex)), closed(1007)] as const),
  ...[1, 2, 3].map(
    (byte) =>
      [
        `four bytes, cut after byte ${byte}`,
        '5.6',
        together(...cut(smile, at + byte)),
        [echo('😀'), ...livesOn],
      ] as const,
  ),
  ['four bytes, each in a fragment', '5.6', together(...cut(smile, at + 1, at + 2, at + 3)), [echo('😀'), ...livesOn]],
  ['four bytes, byte by byte', '5.6', text(smile), [echo('😀'), ...livesOn], { bytewise: true }],
  ['a surrogate, each byte in a fragment', '8.1', together(...cut(surrogate, bad + 1, bad + 2)), closed(1007)],
  ['a surrogate in the first fragment of two', '8.1', together(...cut(surrogate, bad + 3)), closed(1007)],
  // The server checks a message for valid UTF-8 once it is complete.
  [
    'a surrogate in the first fragment, a ping before the last',
    '8.1',
    [together(...cut(surrogate, bad + 3).slice(0, 1), ping('now')), last(surrogate.subarray(bad + 3))],
    [pong('now'), ...closed(1007)],
  ],
  ['a surrogate, byte by byte', '8.1', text(surrogate), closed(1007), { bytewise: true }],
  ['the message ends inside a code point', '8.1', text(smile.subarray(0, at + 3)), closed(1007)],
  [
    'the last fragment ends inside a code point',
    '8.1',
    together(text(smile.subarray(0, at + 2), { fin: false }), last()),
    closed(1007),
  ],
  ['nothing but a byte that is never valid', '8.1', text(Buffer.of(0xff)), closed(1007)],
  ['a surrogate, after a valid message', '8.1', [say('Hello'), text(surrogate)], [echo('Hello'), ...closed(1007)]],
  // Valid UTF-8 that the application refuses: the connection stays open.
  [
    'U+FEFF first, which is no white space of JSON',
    '8.1',
    text(`\ufeff${saying('Hello')}`),
    [error('malformed_json'), ...livesOn],
  ],
  [
    'half a pair, as a JSON escape',
    '8.1',
    text(withBytes(Buffer.from('\\ud800').toString('hex'))),
    [error('invalid_message'), ...livesOn],
  ],
  [
    'a pair, as JSON escapes',
    '8.1',
    text(withBytes(Buffer.from('\\ud83d\\ude00').toString('hex'))),
    [echo('😀'), ...livesOn],
  ],
]);
