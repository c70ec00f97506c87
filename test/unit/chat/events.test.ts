import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closeCodes, type ServerMessage } from '../../../generated/chat/index.ts';
import { closeEvent, comment, eventEnds, eventsOf } from '../../../src/chat/events.ts';
import { encodeEnvelope, encodeError, encodeUsersOnline } from '../../../src/chat/frames.ts';
import { createEventParser, type StreamEvent } from '../../harness/event-parser.ts';
import { textsIn } from '../../harness/fan-out.ts';

const idOf = (n: number): string => `0001709546565137-${String(n).padStart(16, '0')}`;
const message = (n: number, text: string, nonce?: string): Buffer =>
  encodeEnvelope({
    id: idOf(n),
    sentAt: '2024-03-04T07:47:45.137Z',
    frame: {
      type: 'chat_message',
      msg: { from_user: 'Ann', from_user_id: '1', text, ...(nonce !== undefined && { nonce }) },
    },
  });
const joined = (n: number, username: string): Buffer =>
  encodeEnvelope({ id: idOf(n), sentAt: '', frame: { type: 'user_joined', msg: { username, user_id: '1' } } });
const roster = (n: number, recovered?: boolean): Buffer =>
  encodeUsersOnline({ id: idOf(n), sentAt: '', roster: [{ id: '1', username: 'Ann' }] }, recovered);

const read = (bytes: Buffer): StreamEvent[] => createEventParser().read(bytes);
const frameOf = ({ data }: StreamEvent): ServerMessage => JSON.parse(data);

describe('a frame as an event', () => {
  it('is its type, its id and its JSON, each on one line, and an empty line', () => {
    expect(eventsOf(joined(7, 'Ann')).toString()).toBe(
      `event: user_joined\nid: ${idOf(7)}\ndata: {"type":"user_joined","id":"${idOf(7)}","sent_at":"","msg":{"username":"Ann","user_id":"1"}}\n\n`,
    );
  });

  it('has no id line if nobody may resume behind it', () => {
    const [event, ...others] = read(eventsOf(roster(3, true), false));
    expect([event!.type, event!.hasId, frameOf(event!), others]).toEqual([
      'users_online',
      false,
      expect.objectContaining({ id: idOf(3) }),
      [],
    ]);
  });

  it('has no id line if the frame has no id', () => {
    expect(eventsOf(encodeError({ code: 'unavailable', detail: 'x' })).toString()).toMatch(/^event: error\ndata: \{/);
  });

  // Lengths around those at which the header of a WebSocket frame changes.
  it.each([0, 1, 60, 125, 126, 65_534, 65_535, 65_536, 70_000])('is whole with a text of %i characters', (length) => {
    const text = 'x'.repeat(length);
    const events = read(eventsOf(Buffer.concat([message(1, text), joined(2, 'Bob')])));
    expect(events.map(frameOf)).toMatchObject([{ msg: { text } }, { msg: { username: 'Bob' } }]);
  });

  it.each([
    ['line ends', 'a\nb\r\nc\rd\n\ne'],
    ['Unicode’s line ends', 'a\u2028b\u2029c\u0085d'],
    ['quotes and backslashes', '"id":"x","\\"\\n'],
    ['text that looks like an event', '\n\nevent: close\ndata: {"code":4003}\n\n'],
    ['text that looks like a frame', '{"type":"close","id":"9"}'],
    ['zero and control characters', '\0\u0001\u001f\u007f'],
    ['a byte order mark', '\ufeffa'],
    ['characters beyond 16 bits', '👩‍👩‍👧‍👦 𝒳'],
    ['half a surrogate pair', '\ud800 \udc00'],
  ])('keeps %s', (_, text) => {
    const [event, ...others] = read(eventsOf(message(5, text, text)));
    expect(others).toEqual([]);
    expect([event!.type, event!.lastEventId]).toEqual(['chat_message', idOf(5)]);
    expect(frameOf(event!)).toMatchObject({ msg: { text, nonce: text } });
  });
});

describe('the last event', () => {
  it.each(Object.entries(closeCodes))('has the code and the name of %s', (reason, code) => {
    const [event, ...others] = read(closeEvent(code, reason));
    expect([event!.type, event!.hasId, JSON.parse(event!.data), others]).toEqual([
      'close',
      false,
      { code, reason },
      [],
    ]);
  });
});

describe('the end of an event', () => {
  it('leads from each to the next, also over comments', () => {
    const parts = [eventsOf(roster(1)), comment, eventsOf(message(2, '\n\n')), eventsOf(joined(3, 'Bob')), comment];
    const bytes = Buffer.concat(parts);
    const lengths: number[] = [];
    for (let at = 0; at < bytes.length; at += lengths.at(-1)!) lengths.push(eventEnds.lengthAt(bytes, at));
    expect(lengths).toEqual(parts.map((part) => part.length));
  });

  it('is found from behind: the last one within so many bytes of the beginning of an event', () => {
    const parts = [eventsOf(message(1, 'x'.repeat(300))), comment, eventsOf(joined(2, 'Bob')), comment];
    const bytes = Buffer.concat(parts);
    const starts = parts.map((_, n) => Buffer.concat(parts.slice(0, n)).length);
    for (const from of starts)
      for (let most = 0; from + most <= bytes.length; most += 1)
        expect(eventEnds.lastWithin(bytes, from, most)).toBe(
          [...starts, bytes.length].findLast((end) => end <= from + most),
        );
  });
});

const anyText = fc.string({ unit: 'binary', maxLength: 300 });
/** Frames of every type and of any text, by their place. */
const anyFrame = fc.oneof(
  fc.tuple(anyText, fc.option(anyText, { nil: undefined })).map(
    ([text, nonce]) =>
      (n: number) =>
        message(n, text, nonce),
  ),
  anyText.map((name) => (n: number) => joined(n, name)),
  fc.constantFrom(undefined, true, false).map((recovered) => (n: number) => roster(n, recovered)),
);

it('gives a reader by the standard exactly the frames, however many share a buffer and wherever it is cut', () => {
  fc.assert(
    fc.property(fc.array(anyFrame, { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 10 }), (made, cuts) => {
      const frames = made.map((make, n) => make(n));
      const bytes = eventsOf(Buffer.concat(frames));
      const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
      const parser = createEventParser();
      let from = 0;
      const events: StreamEvent[] = [];
      for (const to of ends) {
        events.push(...parser.read(bytes.subarray(from, to)));
        from = to;
      }
      expect(events.map(({ data }) => data)).toEqual(frames.flatMap(textsIn));
      expect(events.map(({ type, lastEventId }) => [type, lastEventId])).toEqual(
        events.map((event, n) => [frameOf(event).type, idOf(n)]),
      );
      let at = 0;
      for (const _ of frames) at += eventEnds.lengthAt(bytes, at);
      expect(at).toBe(bytes.length);
    }),
  );
});
