import { frame, opcodes } from '../../harness/frame.ts';
import { type Case, closed, echo, ping, say, section, text, together } from './case.ts';

const afterHello = [echo('Hello'), ...closed(1002)];
const rsv = (bits: number): readonly Buffer[] => [say('Hello'), say('again', { rsv: bits })];

export const reservedBits: readonly Case[] = section(3, 'Reserved bits', [
  ['RSV1 in a text', '5.2', rsv(4), afterHello],
  ['RSV2 in a text', '5.2', rsv(2), afterHello],
  ['RSV3 in a text', '5.2', rsv(1), afterHello],
  ['RSV1 and RSV2 in a text', '5.2', rsv(6), afterHello],
  ['RSV1 and RSV3 in a text', '5.2', rsv(5), afterHello],
  ['RSV2 and RSV3 in a text', '5.2', rsv(3), afterHello],
  ['all three in a text', '5.2', rsv(7), afterHello],
  ['RSV1 in an empty text', '5.2', text('', { rsv: 4 }), closed(1002)],
  ['RSV1 in a binary', '5.2', frame(opcodes.binary, 'Hello', { rsv: 4 }), closed(1002)],
  [
    'RSV1 in a continuation',
    '5.2',
    together(text('', { fin: false }), frame(opcodes.continuation, '', { rsv: 4 })),
    closed(1002),
  ],
  ['RSV1 in a ping', '5.2', ping('Hello', { rsv: 4 }), closed(1002)],
  ['RSV2 in a ping', '5.2', ping('Hello', { rsv: 2 }), closed(1002)],
  ['RSV3 in a pong', '5.2', frame(opcodes.pong, '', { rsv: 1 }), closed(1002)],
  ['RSV1 in a close', '5.2', frame(opcodes.close, '', { rsv: 4 }), closed(1002)],
  ['RSV3 in a text, byte by byte', '5.2', say('Hello', { rsv: 1 }), closed(1002), { bytewise: true }],
]);

const unknown = [0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf];

export const reservedOpcodes: readonly Case[] = section(4, 'Reserved opcodes', [
  ...unknown.map((opcode) => [`opcode ${opcode}`, '5.2', [say('Hello'), frame(opcode)], afterHello] as const),
  ['opcode 3 with a payload', '5.2', frame(0x3, 'Hello'), closed(1002)],
  ['opcode 11 with a payload', '5.2', frame(0xb, 'Hello'), closed(1002)],
  ['opcode 5 inside a message', '5.2', together(text('', { fin: false }), frame(0x5)), closed(1002)],
]);
