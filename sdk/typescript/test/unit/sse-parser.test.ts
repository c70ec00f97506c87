import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSseParser, type StreamEvent } from '../../src/sse-parser.ts';

const encoder = new TextEncoder();

/** Parses a text, cut into chunks of these lengths, the last one repeated. */
function parse(text: string, lengths: readonly number[] = [text.length * 4]): StreamEvent[] {
  const events: StreamEvent[] = [];
  const take = createSseParser((event) => events.push(event));
  const bytes = encoder.encode(text);
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const length = Math.max(1, lengths[Math.min(n, lengths.length - 1)]!);
    take(bytes.subarray(at, at + length));
    at += length;
  }
  return events;
}
const event = (data: string, type = 'message', lastId = ''): StreamEvent => ({ type, data, lastId });

describe('the parser of a stream', () => {
  it.each([
    ['an event of the server', 'event: a\nid: 1\ndata: {}\n\n', [event('{}', 'a', '1')]],
    ['no type', 'data: x\n\n', [event('x')]],
    ['no space after the colon', 'event:a\ndata:x\n\n', [event('x', 'a')]],
    ['two spaces', 'data:  x\n\n', [event(' x')]],
    ['several lines of data', 'data: x\ndata\ndata: y\n\n', [event('x\n\ny')]],
    ['empty data', 'data\n\ndata:\n\n', [event(''), event('')]],
    ['a type without data, which is dropped', 'event: a\n\ndata: x\n\n', [event('x')]],
    ['an id without data, which counts', 'id: 1\n\ndata: x\n\n', [event('x', 'message', '1')]],
    ['an id that lasts', 'id: 1\ndata: x\n\ndata: y\n\n', [event('x', 'message', '1'), event('y', 'message', '1')]],
    ['an empty id', 'id: 1\ndata: x\n\nid\ndata: y\n\n', [event('x', 'message', '1'), event('y')]],
    ['an id with NUL, which is ignored', 'id: 1\ndata: x\nid: 2\0\n\n', [event('x', 'message', '1')]],
    ['comments', ':\n\n: hello\ndata: x\n:y\n\n', [event('x')]],
    ['unknown fields and `retry`', 'retry: 10\nDATA: no\n data: no\nnone\ndata: x\n\n', [event('x')]],
    ['a colon in the data', 'data: a: b\n\n', [event('a: b')]],
    ['an event that never ends', 'data: x\n', []],
    ['a byte order mark', '\uFEFFdata: x\n\n', [event('x')]],
    ['CR', 'data: x\rdata: y\r\rdata: z\r\r', [event('x\ny'), event('z')]],
    ['CRLF', 'data: x\r\n\r\ndata: y\r\n\r\n', [event('x'), event('y')]],
    ['all line ends', 'data: x\r\ndata: y\n\rdata: z\r\n\n', [event('x\ny'), event('z')]],
  ])('reads %s', (_, text, events) => {
    expect(parse(text)).toEqual(events);
    expect(parse(text, [1])).toEqual(events);
  });

  it('reads the same, wherever the bytes are cut', () => {
    const piece = fc.constantFrom('data', 'event', 'id', ':', ' ', '\r', '\n', '\r\n', '\n\n', 'x', 'ü', '🜁', '\0');
    const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (stream, lengths) => {
        expect(parse(stream, lengths)).toEqual(parse(stream));
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads a long event in many chunks', () => {
    const data = 'x'.repeat(1_000_000);
    expect(parse(`data: ${data}\n\n`, [1_000])).toEqual([event(data)]);
  });

  it.each([
    ['one line', 'x'],
    ['many lines', `${'x'.repeat(1_000)}\ndata: `],
  ])('refuses an event without end, of %s', (_, part) => {
    const take = createSseParser(() => {});
    take(encoder.encode('data: '));
    const chunk = encoder.encode(part.repeat(Math.ceil(1_048_576 / part.length)));
    expect(() => {
      for (let n = 0; n < 20; n += 1) take(chunk);
    }).toThrow(RangeError);
  });
});
