/** A case of the suite, and the words that the cases are written in. */
import type { OutgoingHttpHeaders } from 'node:http';
import { type FrameOptions, frame, opcodes } from '../../harness/frame.ts';

/** The client's last step, where it does not ask whether the server still listens. */
export type Ending =
  /** It waits. */
  | 'silence'
  /** It ends its side of the connection, without a close. */
  | 'half-close'
  /** It keeps its side open, and goes on sending, whatever the server does. */
  | 'linger';

interface How {
  readonly ending?: Ending;
  /** One write for each byte. */
  readonly bytewise?: boolean;
  /** Where the handshake is not the usual one. */
  readonly first?: string;
  readonly headers?: OutgoingHttpHeaders;
}

export interface Case extends How {
  /** Such as `2.3`. */
  readonly number: string;
  readonly section: string;
  readonly name: string;
  /** The section of RFC 6455 that it follows from. */
  readonly rfc: string;
  /** Each is sent after a response to the one before. */
  readonly send: readonly Buffer[];
  /** Expected responses, to the end of the connection. */
  readonly want: readonly string[];
}

type Row = readonly [name: string, rfc: string, send: Buffer | readonly Buffer[], want: readonly string[], how?: How];

/** Cases that are numbered in their order: new ones go to the end. */
export const section = (number: number, title: string, rows: readonly Row[]): Case[] =>
  rows.map(([name, rfc, send, want, how], index) => ({
    ...how,
    number: `${number}.${index + 1}`,
    section: title,
    name,
    rfc,
    send: [send].flat(),
    want,
  }));

// Frames of the client.

const asJson = (text: string, pad?: string): string => JSON.stringify({ type: 'chat_message', msg: { text }, pad });
/** A text frame, its characters or bytes as they are. */
export const text = (payload: string | Uint8Array, options?: FrameOptions): Buffer =>
  frame(opcodes.text, payload, options);
/** The payload of a message that says this, and the whole of it as one frame. */
export const saying = (said: string): Buffer => Buffer.from(asJson(said));
export const say = (said: string, options?: FrameOptions): Buffer => text(saying(said), options);
/** A message of so many bytes, most of them in a property that is ignored. */
export const sayingIn = (bytes: number): Buffer =>
  Buffer.from(asJson('Hello', '*'.repeat(bytes - asJson('Hello', '').length)));
export const ping = (payload: string | Uint8Array = '', options?: FrameOptions): Buffer =>
  frame(opcodes.ping, payload, options);
export const close = (code: number, reason: string | Uint8Array = ''): Buffer =>
  frame(opcodes.close, Buffer.concat([Buffer.of(code >> 8, code & 255), Buffer.from(reason)]));
/** A frame that goes on with a message, and the one that ends it. */
export const more = (payload: string | Uint8Array = ''): Buffer => frame(opcodes.continuation, payload, { fin: false });
export const last = (payload: string | Uint8Array = ''): Buffer => frame(opcodes.continuation, payload);
/** One write. */
export const together = (...frames: readonly Buffer[]): Buffer => Buffer.concat(frames);

/** A message in pieces, cut at these places. */
export function cut(payload: Buffer, ...places: readonly number[]): Buffer[] {
  const pieces = [0, ...places].map((start, at) => payload.subarray(start, places[at]));
  return pieces.map((piece, at) =>
    frame(at === 0 ? opcodes.text : opcodes.continuation, piece, { fin: at === pieces.length - 1 }),
  );
}

// Responses.

export const echo = (said: string): string => `echo ${JSON.stringify(said)}`;
export const error = (code: string): string => `error ${code}`;
export const pong = (payload: string | Uint8Array = ''): string =>
  `pong ${Buffer.from(payload).toString('hex')}`.trimEnd();
/** A close frame, and the end of the TCP connection. */
export const closed = (code: number): string[] => [`close ${code || 'without a code'}`, 'end'];

/** The end of every case: a message, whose echo shows that the server listens, and an orderly close. */
export const stillHere = 'Still here';
export const livesOn: readonly string[] = [echo(stillHere), ...closed(1000)];
