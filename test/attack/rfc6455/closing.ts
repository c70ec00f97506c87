import { frame, opcodes } from '../../harness/frame.ts';
import { type Case, close, closed, cut, echo, ping, say, saying, section, together } from './case.ts';

/** Codes of RFC 6455, codes registered since, and the first and last of the ranges for libraries and applications. */
const sent = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const neverSent = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
const [begin, end] = cut(saying('Hello'), 10) as [Buffer, Buffer];
const binary = frame(opcodes.binary, saying('Hello'));

export const closing: readonly Case[] = section(7, 'Closing', [
  ['a close of no byte', '5.5.1', frame(opcodes.close), closed(0)],
  ['a close of one byte', '5.5.1', frame(opcodes.close, '*'), closed(1002)],
  ...sent.map((code) => [`a close with ${code}`, '7.4', close(code), closed(code)] as const),
  ...neverSent.map((code) => [`a close with ${code}`, '7.4', close(code), closed(1002)] as const),
  ['a close with a reason', '5.5.1', close(1000, 'Good bye'), closed(1000)],
  ['a close with a reason of 123 bytes', '5.5', close(1000, '*'.repeat(123)), closed(1000)],
  ['a close with a reason of 124 bytes', '5.5', close(1000, '*'.repeat(124)), closed(1002)],
  ['a reason that is not UTF-8', '5.5.1', close(1000, Buffer.of(0xed, 0xa0, 0x80)), closed(1007)],
  ['a reason that ends inside a code point', '5.5.1', close(1000, Buffer.of(0xe2, 0x82)), closed(1007)],
  ['a close, byte by byte', '5.5.1', close(1000, 'Good bye'), closed(1000), { bytewise: true }],
  ['a close after a message', '5.5.1', [say('Hello'), close(1000)], [echo('Hello'), ...closed(1000)]],
  ['a close between fragments', '5.5.1', together(begin, close(1000), end), closed(1000)],
  ['a text after the close', '5.5.1', together(close(1000), say('Hello')), closed(1000)],
  ['a ping after the close', '5.5.1', together(close(1000), ping('Hello')), closed(1000)],
  ['a second close', '5.5.1', together(close(1000), close(1001)), closed(1000)],
  ['garbage after the close', '5.5.1', together(close(1000), Buffer.alloc(1_000, 0xff)), closed(1000)],
  ['100,000 bytes after the close', '5.5.1', together(close(1000), Buffer.alloc(100_000)), closed(1000)],
  ['a ping and a close', '5.5.1', [ping(), close(1000)], ['pong', ...closed(1000)]],
  // The server ends the TCP connection first (7.1.1), whatever the client does.
  ['a close, and the client waits', '7.1.1', close(1000), closed(1000), { ending: 'silence' }],
  ['a fault, and the client waits', '7.1.7', say('Hello', { rsv: 4 }), closed(1002), { ending: 'silence' }],
  [
    'a close, and the client keeps its side open',
    '7.1.1',
    close(1000),
    [...closed(1000), 'reset'],
    { ending: 'linger' },
  ],
  [
    'a fault, and the client keeps its side open',
    '7.1.7',
    say('Hello', { rsv: 4 }),
    [...closed(1002), 'reset'],
    { ending: 'linger' },
  ],
  ['the client ends its side, without a close', '7.1.4', [], ['end'], { ending: 'half-close' }],
  ['the client ends its side inside a message', '7.1.4', begin, ['end'], { ending: 'half-close' }],
  // The server starts the close: here because it accepts no binary frame.
  ['a binary', '7.4.1', binary, closed(1003)],
  ['a binary of no byte', '7.4.1', frame(opcodes.binary), closed(1003)],
  ['a binary that is not UTF-8', '7.4.1', frame(opcodes.binary, Buffer.of(0xff)), closed(1003)],
  [
    'a binary in two fragments',
    '7.4.1',
    together(frame(opcodes.binary, 'Hel', { fin: false }), frame(opcodes.continuation, 'lo')),
    closed(1003),
  ],
  ['a text after a binary', '7.4.1', together(binary, say('Hello')), closed(1003)],
  ['a binary, and the server’s close is answered', '7.1.1', [binary, close(1003)], closed(1003), { ending: 'silence' }],
  ['a binary, and the server’s close is not answered', '7.1.1', binary, closed(1003), { ending: 'silence' }],
]);
