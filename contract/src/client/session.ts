import type { IncomingMessage } from 'node:http';
import { member } from '../specs/schema.ts';
import type { Patience } from './patience.ts';
import type { SeenFrame, SeenSession } from './seen.ts';
import { type Answer, parsed } from './send.ts';

/** One connection of the kit to the room, over a WebSocket or as a stream of events. */
export interface Session extends SeenSession {
  readonly token: string;
  /**
   * Sends JSON, or characters and bytes as they are; bytes are a text frame unless `binary`. A stream of events publishes
   * the `msg` of a `chat_message` over HTTP, one after the other.
   */
  send(frame: unknown): void;
  sendRaw(data: string | Uint8Array, binary?: boolean): void;
  /** The first frame from this one on that `fits`. @throws {Violation} if none comes */
  until(what: string, fits: (frame: SeenFrame) => boolean, from?: number, withinMs?: number): Promise<SeenFrame>;
  /** Closes, and resolves with the code. */
  close(): Promise<number>;
  /** Cuts the connection without a close. */
  drop(): void;
  /** From now on the server may have a reason to close. */
  mayEnd(): void;
  /** From now on a message with this nonce may be the answer to a repeat. */
  mayRepeat(nonce: string): void;
  /** Resolves with the code when the server has closed. @throws {Violation} if it doesn't */
  closed(what: string, withinMs?: number): Promise<number>;
}

export interface JoinOptions {
  readonly token: string;
  /** Texts that travel in one packet with the handshake. */
  readonly early?: readonly string[];
  /** The last event id that the session had seen before it reconnected. */
  readonly lastEventId?: string;
}

/** Where a session is opened, and for whom. */
export interface Place {
  readonly url: URL;
  readonly label: string;
  readonly username: string;
  readonly patience: Patience;
}

/** The answer to a handshake, or to a request for events, that was refused. */
export class Refused extends Error {
  override name = 'Refused';
  readonly answer: Answer;
  constructor(answer: Answer) {
    super(`refused with ${answer.status} ${String(member(answer.json, 'code') ?? '')}`);
    this.answer = answer;
  }
}

/** Reads an answer to its end. */
export async function answerOf(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) };
}
