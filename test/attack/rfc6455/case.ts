/** Defines a case of the suite, and the functions that the cases are written with. */
import type { OutgoingHttpHeaders } from 'node:http';
import { type FrameOptions, frame, opcodes } from '../../harness/frame.ts';

/** The client's last step, for cases that don't check whether the server still listens. */
export type Ending =
  /** Wait. */
  | 'silence'
  /** End the client's side of the connection, without a close frame. */
  | 'half-close'
  /** Keep the client's side open and go on sending, whatever the server does. */
  | 'linger';

interface How {
  readonly ending?: Ending;
  /** One write for each byte. */
  readonly bytewise?: boolean;
  /** Replaces the usual handshake. */
  readonly first?: string;
  readonly headers?: OutgoingHttpHeaders;
}

export interface Case extends How {
  /** Number of the case, such as `2.3`. */
  readonly number: string;
  readonly section: string;
  readonly name: string;
  /** Section of RFC 6455 that requires it. */
  readonly rfc: string;
  /** Each step is sent after a response to the one before. */
  readonly send: readonly Buffer[];
  /** Expected responses, to the end of the connection. */
  readonly want: readonly string[];
}

type Row = readonly [name: string, rfc: string, send: Buffer | readonly Buffer[], want: readonly string[], how?: How];

/** Numbers cases in their order, so new ones go to the end. */
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

// Frames from the client.

const asJson = (text: string, pad?: string): string => JSON.stringify({ type: 'chat_message', msg: { text }, pad });
/** A text frame, with its characters or bytes unchanged. */
export const text = (payload: string | Uint8Array, options?: FrameOptions): Buffer =>
  frame(opcodes.text, payload, options);
/** The payload of a chat message with this text, and the whole message as one frame. */
export const saying = (said: string): Buffer => Buffer.from(asJson(said));
export const say = (said: string, options?: FrameOptions): Buffer => text(saying(said), options);
/** A message of this many bytes, most of them in a property that the server ignores. */
export const sayingIn = (bytes: number): Buffer =>
  Buffer.from(asJson('Hello', '*'.repeat(bytes - asJson('Hello', '').length)));
export const ping = (payload: string | Uint8Array = '', options?: FrameOptions): Buffer =>
  frame(opcodes.ping, payload, options);
export const close = (code: number, reason: string | Uint8Array = ''): Buffer =>
  frame(opcodes.close, Buffer.concat([Buffer.of(code >> 8, code & 255), Buffer.from(reason)]));
/** A frame that continues a message, and the one that ends it. */
export const more = (payload: string | Uint8Array = ''): Buffer => frame(opcodes.continuation, payload, { fin: false });
export const last = (payload: string | Uint8Array = ''): Buffer => frame(opcodes.continuation, payload);
/** One write to the socket. */
export const together = (...frames: readonly Buffer[]): Buffer => Buffer.concat(frames);

/** A message in fragments, split at these places. */
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

/** The end of every case: a message whose echo shows that the server still listens, then a clean close. */
export const stillHere = 'Still here';
export const livesOn: readonly string[] = [echo(stillHere), ...closed(1000)];
