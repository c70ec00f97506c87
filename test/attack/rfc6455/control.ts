import { frame, opcodes } from '../../harness/frame.ts';
import { type Case, closed, cut, echo, livesOn, ping, pong, saying, section, together } from './case.ts';

const long = '*'.repeat(125);
const bytes = Buffer.of(0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff);
const ten = [...'0123456789'];
const unasked = (payload: string): Buffer => frame(opcodes.pong, payload);
const [begin, end] = cut(saying('Hello'), 10) as [Buffer, Buffer];

export const control: readonly Case[] = section(2, 'Pings and pongs', [
  ['a ping of no byte', '5.5.2', ping(), [pong(), ...livesOn]],
  ['a ping with a text', '5.5.3', ping('Hello'), [pong('Hello'), ...livesOn]],
  ['a ping with bytes that are no text', '5.5.3', ping(bytes), [pong(bytes), ...livesOn]],
  ['a ping of 125 bytes', '5.5', ping(long), [pong(long), ...livesOn]],
  ['a ping of 126 bytes', '5.5', ping(`${long}*`), closed(1002)],
  ['a ping of 5 bytes, its length in 16 bits', '5.5', ping('Hello', { lengthBits: 16 }), closed(1002)],
  ['a ping of 125 bytes, byte by byte', '5.5.2', ping(long), [pong(long), ...livesOn], { bytewise: true }],
  ['an unsolicited pong, empty', '5.5.3', unasked(''), livesOn],
  ['an unsolicited pong with a text', '5.5.3', unasked('Hello'), livesOn],
  ['a pong of 125 bytes', '5.5', unasked(long), livesOn],
  ['a pong of 126 bytes', '5.5', unasked(`${long}*`), closed(1002)],
  ['a pong and a ping', '5.5.3', together(unasked('mine'), ping('Hello')), [pong('Hello'), ...livesOn]],
  ['ten pings, one after the other', '5.5.2', ten.map((text) => ping(text)), [...ten.map(pong), ...livesOn]],
  ['ten pings in one write', '5.5.2', together(...ten.map((text) => ping(text))), [...ten.map(pong), ...livesOn]],
  [
    'ten pings, byte by byte',
    '5.5.2',
    together(...ten.map((text) => ping(text))),
    [...ten.map(pong), ...livesOn],
    { bytewise: true },
  ],
  [
    'a ping between two fragments is answered before the message is whole',
    '5.5.2',
    [together(begin, ping('now')), end],
    [pong('now'), echo('Hello'), ...livesOn],
  ],
  ['a ping in two fragments', '5.5', ping('Hello', { fin: false }), closed(1002)],
  ['a pong in two fragments', '5.5', frame(opcodes.pong, 'Hello', { fin: false }), closed(1002)],
]);
