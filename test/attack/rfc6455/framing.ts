import { frame, opcodes } from '../../harness/frame.ts';
import { type Case, closed, echo, error, livesOn, ping, say, sayingIn, section, text } from './case.ts';

const hello = [echo('Hello'), ...livesOn];

export const framing: readonly Case[] = section(1, 'Framing', [
  ['a text of no byte', '5.2', text(''), [error('malformed_json'), ...livesOn]],
  ['a text of one byte', '5.2', text('*'), [error('malformed_json'), ...livesOn]],
  ['a text of 125 bytes', '5.2', text(sayingIn(125)), hello],
  ['a text of 126 bytes, the first length in 16 bits', '5.2', text(sayingIn(126)), hello],
  ['a text of 127 bytes', '5.2', text(sayingIn(127)), hello],
  ['a text of 128 bytes', '5.2', text(sayingIn(128)), hello],
  ['a text of 65,535 bytes', '5.2', text(sayingIn(65_535)), hello],
  ['a text of 65,536 bytes, the first length in 64 bits', '5.2', text(sayingIn(65_536)), hello],
  ['4,096 code points of three bytes', '5.2', say('€'.repeat(4_096)), [echo('€'.repeat(4_096)), ...livesOn]],
  ['a text of 126 bytes, byte by byte', '5.2', text(sayingIn(126)), hello, { bytewise: true }],
  ['two texts', '5.4', [say('Hello'), say('again')], [echo('Hello'), echo('again'), ...livesOn]],
  // RFC 6455 asks senders for the shortest form. A longer one is unambiguous, and the server accepts it.
  ['a length below 126 in 16 bits', '5.2', say('Hello', { lengthBits: 16 }), hello],
  ['a length below 126 in 64 bits', '5.2', say('Hello', { lengthBits: 64 }), hello],
  ['a length below 65,536 in 64 bits', '5.2', text(sayingIn(126), { lengthBits: 64 }), hello],
  ['a text that is not masked', '5.1', say('Hello', { masked: false }), closed(1002)],
  ['an empty text that is not masked', '5.1', text('', { masked: false }), closed(1002)],
  ['a ping that is not masked', '5.1', ping('Hello', { masked: false }), closed(1002)],
  ['a close that is not masked', '5.1', frame(opcodes.close, '', { masked: false }), closed(1002)],
  [
    'a text that is not masked, after one that is',
    '5.1',
    [say('Hello'), say('again', { masked: false })],
    [echo('Hello'), ...closed(1002)],
  ],
]);
