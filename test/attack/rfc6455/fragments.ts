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
  say,
  saying,
  section,
  text,
  together,
} from './case.ts';

const payload = saying('Hello');
const everywhere = Array.from({ length: payload.length - 1 }, (_, at) => at + 1);
const [begin, end] = cut(payload, 10) as [Buffer, Buffer];
const emptyBegin = text('', { fin: false });
const hello = [echo('Hello'), ...livesOn];
const ten = [...'0123456789'];

export const fragments: readonly Case[] = section(5, 'Fragmentation', [
  ['a text in two fragments, in one write', '5.4', together(begin, end), hello],
  ['a text in two fragments, byte by byte', '5.4', together(begin, end), hello, { bytewise: true }],
  ['a text in fragments of one byte', '5.4', together(...cut(payload, ...everywhere)), hello],
  ['an empty fragment first', '5.4', together(emptyBegin, last(payload)), hello],
  ['an empty fragment last', '5.4', together(text(payload, { fin: false }), last()), hello],
  ['empty fragments in between', '5.4', together(begin, more(), more(), end), hello],
  ['empty fragments only', '5.4', together(emptyBegin, more(), last()), [error('malformed_json'), ...livesOn]],
  ['two messages, each in fragments', '5.4', [together(begin, end), together(begin, end)], [echo('Hello'), ...hello]],
  ['a ping between fragments', '5.4', together(begin, ping('now'), end), [pong('now'), ...hello]],
  [
    'ten pings between fragments',
    '5.4',
    together(begin, ...ten.map((name) => ping(name)), end),
    [...ten.map(pong), ...hello],
  ],
  [
    'a ping after every fragment of one byte',
    '5.4',
    together(...cut(saying('Hello'), ...everywhere).flatMap((piece) => [piece, ping()])),
    [...[0, ...everywhere].map(() => pong()), ...hello],
  ],
  ['a pong between fragments', '5.4', together(begin, frame(opcodes.pong, 'now'), end), hello],
  ['a continuation of nothing', '5.4', last(payload), closed(1002)],
  ['a continuation of nothing, and not the last', '5.4', more(payload), closed(1002)],
  ['an empty continuation of nothing', '5.4', last(), closed(1002)],
  ['a continuation of a message that is over', '5.4', [together(begin, end), end], [echo('Hello'), ...closed(1002)]],
  ['a continuation of a message in one frame', '5.4', [say('Hello'), end], [echo('Hello'), ...closed(1002)]],
  ['a text inside a message', '5.4', together(begin, say('again')), closed(1002)],
  ['a text inside a message, and not the last', '5.4', together(begin, begin), closed(1002)],
  ['an empty text inside a message', '5.4', together(emptyBegin, text('')), closed(1002)],
  ['a binary inside a message', '5.4', together(begin, frame(opcodes.binary, payload)), closed(1002)],
  ['a close in two fragments', '5.5', frame(opcodes.close, '', { fin: false }), closed(1002)],
]);
