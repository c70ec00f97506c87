import { frame, opcodes } from '../../harness/frame.ts';
import {
  type Case,
  closed,
  cut,
  echo,
  error,
  last,
  livesOn,
  more,
  ping,
  pong,
  sayingIn,
  section,
  text,
  together,
} from './case.ts';

const most = 65_536;
/** Fragments of a message, and pongs not written yet. */
const mostFragments = 256;
const mostPongs = 60;
const hello = [echo('Hello'), ...livesOn];
/** A text frame that announces this many bytes and has none. */
const announced = (length: bigint): Buffer => text('', { length, lengthBits: 64 });
/** A message with fragments of one byte. */
const inBytes = (length: number): Buffer =>
  together(...cut(sayingIn(length), ...Array.from({ length: length - 1 }, (_, at) => at + 1)));
const pings = (count: number): Buffer => together(...Array.from({ length: count }, () => ping()));
const pongs = Array.from({ length: mostPongs }, () => pong());
const badFrames = (count: number): Buffer => together(...Array.from({ length: count }, () => text('*')));
const refusals = (count: number): string[] => Array.from({ length: count }, () => error('malformed_json'));

export const limits: readonly Case[] = section(8, 'Limits', [
  ['a message of 65,537 bytes', '10.4', text(sayingIn(most + 1)), closed(1009)],
  ['a message of a megabyte', '10.4', text(sayingIn(2 ** 20)), closed(1009)],
  ['a length of 65,537, and no payload yet', '10.4', announced(65_537n), closed(1009), { ending: 'silence' }],
  ['a length of 2^31', '10.4', announced(2n ** 31n), closed(1009), { ending: 'silence' }],
  ['a length of 2^32', '10.4', announced(2n ** 32n), closed(1009), { ending: 'silence' }],
  ['a length of 2^53', '10.4', announced(2n ** 53n), closed(1009), { ending: 'silence' }],
  ['a length of 2^63 - 1', '10.4', announced(2n ** 63n - 1n), closed(1009), { ending: 'silence' }],
  // The first bit must be 0 (5.2). A server that accepts at most 65,536 bytes refuses it as too long, too.
  ['a length of 2^63', '5.2', announced(2n ** 63n), closed(1009), { ending: 'silence' }],
  ['65,536 bytes in two fragments', '10.4', together(...cut(sayingIn(most), most / 2)), hello],
  ['65,537 bytes in two fragments', '10.4', together(...cut(sayingIn(most + 1), most / 2)), closed(1009)],
  [
    '65,537 bytes in two fragments, the second of one byte',
    '10.4',
    together(...cut(sayingIn(most + 1), most)),
    closed(1009),
  ],
  ['a fragment of 65,537 bytes', '10.4', together(text('', { fin: false }), last(sayingIn(most + 1))), closed(1009)],
  ['a binary of 65,537 bytes', '10.4', frame(opcodes.binary, Buffer.alloc(most + 1)), closed(1009)],
  ['two messages of 65,536 bytes', '10.4', [text(sayingIn(most)), text(sayingIn(most))], [echo('Hello'), ...hello]],
  ['a message in 256 fragments', '10.4', inBytes(mostFragments), hello],
  ['a message in 257 fragments', '10.4', inBytes(mostFragments + 1), closed(1008)],
  [
    'an endless message of empty fragments',
    '10.4',
    together(text('', { fin: false }), ...Array.from({ length: mostFragments }, () => more())),
    closed(1008),
  ],
  ['60 pings in one write', '10.4', pings(mostPongs), [...pongs, ...livesOn]],
  // The one fault after which the server ends the connection without a close frame.
  ['61 pings in one write', '10.4', pings(mostPongs + 1), [...pongs, 'end']],
  ['20 texts that are refused', '7.4.1', badFrames(20), [...refusals(20), ...livesOn]],
  ['21 texts that are refused, at once', '7.4.1', badFrames(21), [...refusals(20), ...closed(1008)]],
]);
