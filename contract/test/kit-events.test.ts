/** The kit's reader of event streams, by the algorithm of WHATWG HTML, 9.2.6. */
import { expect, it } from 'vitest';
import { createEventParser, type StreamedEvent } from '../src/client/event-parser.ts';

const event = (name: string, id: string | undefined, data: string, lines = 1): StreamedEvent => ({
  name,
  id,
  data,
  lines,
});

it.each<[name: string, text: string, want: StreamedEvent[]]>([
  ['an event with all fields', 'event: a\nid: 1\ndata: {}\n\n', [event('a', '1', '{}')]],
  [
    'two events, the second without an id',
    'id: 1\ndata: x\n\ndata: y\n\n',
    [event('', '1', 'x'), event('', undefined, 'y')],
  ],
  [
    'every end of a line',
    'data: x\r\n\r\ndata: y\r\rdata: z\n\n',
    ['x', 'y', 'z'].map((data) => event('', undefined, data)),
  ],
  ['two data lines', 'data: x\ndata: y\n\n', [event('', undefined, 'x\ny', 2)]],
  [
    'one space alone behind the colon',
    'data:x\n\ndata:  y\n\n',
    [event('', undefined, 'x'), event('', undefined, ' y')],
  ],
  ['a field without a colon', 'data\n\n', [event('', undefined, '')]],
  ['comments, retry and unknown fields', ':\n\n: x\nretry: 9\nname: a\ndata: x\n\n', [event('', undefined, 'x')]],
  ['no event without data', 'event: a\nid: 1\n\ndata: x\n\n', [event('', undefined, 'x')]],
  ['no event before its empty line', 'data: x\n', []],
  ['a byte order mark at the start', '\ufeffdata: x\n\n', [event('', undefined, 'x')]],
  ['an id with U+0000 is ignored', 'id: a\u0000b\ndata: x\n\n', [event('', undefined, 'x')]],
  ['characters of several bytes', 'data: 👩‍👩‍👧\n\n', [event('', undefined, '👩‍👩‍👧')]],
])('reads %s, whole and byte by byte', (_, text, want) => {
  const bytes = Buffer.from(text);
  expect(createEventParser()(bytes)).toEqual(want);
  const parse = createEventParser();
  expect([...bytes].flatMap((byte) => parse(Uint8Array.of(byte)))).toEqual(want);
});
