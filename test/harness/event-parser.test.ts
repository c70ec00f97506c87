import { expect, it } from 'vitest';
import { createEventParser } from './event-parser.ts';

const short = ({ type, data, lastEventId }: { type: string; data: string; lastEventId: string }) =>
  [type, data, lastEventId].join('|');

/** The examples of the standard (WHATWG HTML, 9.2.6), and some of its corners. */
it.each<[name: string, stream: string, events: string[]]>([
  ['an event of three lines', 'data: YHOO\ndata: +2\ndata: 10\n\n', ['message|YHOO\n+2\n10|']],
  [
    'ids: one is kept, an empty one resets it, and an event without its empty line is lost',
    ': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\ndata: lost',
    ['message|first event|1', 'message|second event|', 'message| third event|'],
  ],
  ['empty data', 'data\n\ndata\ndata\n\ndata:', ['message||', 'message|\n|']],
  ['a space after the colon, or none', 'data:test\n\ndata: test\n\n', ['message|test|', 'message|test|']],
  ['all three line ends', 'event: a\r\ndata: 1\r\rdata: 2\n\n', ['a|1|', 'message|2|']],
  ['an id without data, which counts all the same', 'id: 7\n\ndata: x\n\n', ['message|x|7']],
  ['an id with a zero character, which is ignored', 'id: a\0\ndata: x\n\n', ['message|x|']],
  ['separators that end no line', 'data: a\u2028b\u2029c\u0085d\vf\n\n', ['message|a\u2028b\u2029c\u0085d\vf|']],
  ['a byte order mark', '\ufeffdata: x\n\n', ['message|x|']],
  ['unknown fields', 'retry: 10\nfoo: bar\ndata: x\n\n', ['message|x|']],
])('reads %s', (_, stream, events) => {
  const bytes = Buffer.from(stream);
  expect(createEventParser().read(bytes).map(short)).toEqual(events);
  const parser = createEventParser();
  expect([...bytes].flatMap((byte) => parser.read(Buffer.of(byte))).map(short)).toEqual(events);
});
