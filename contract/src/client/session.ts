import { EventEmitter, once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { Violation } from '../errors.ts';
import { member } from '../specs/schema.ts';
import type { Patience } from './patience.ts';
import { excerpt, readFrame, type SeenFrame, type SeenSession } from './seen.ts';
import { type Answer, NoAnswer, parsed, withoutTokens } from './send.ts';
import { claimsOf } from './users.ts';
import { maskedFrame } from './wire.ts';

/** One connection of the kit to the room. All its waits end with the patience. */
export interface Session extends SeenSession {
  /** Sends JSON, or characters and bytes as they are; bytes are a text frame unless `binary`. */
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

interface Place {
  readonly url: URL;
  readonly label: string;
  readonly username: string;
  readonly patience: Patience;
}

/** A roster can be long; what goes on without end isn't kept. */
const maxFrameBytes = 8 * 1024 * 1024;
const maxFrames = 100_000;

/** The answer to a handshake that was refused. */
export class Refused extends Error {
  override name = 'Refused';
  readonly answer: Answer;
  constructor(answer: Answer) {
    super(`refused with ${answer.status} ${String(member(answer.json, 'code') ?? '')}`);
    this.answer = answer;
  }
}

async function answerOf(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) };
}

/**
 * Joins. `opening` is told the answer to the handshake.
 * @throws {Refused} {NoAnswer}
 */
export async function openSession(
  place: Place,
  { token, early = [], lastEventId }: JoinOptions,
  opening: (answer: Answer) => void,
): Promise<Session> {
  const url = new URL(place.url);
  if (lastEventId !== undefined) url.searchParams.set('last_event_id', lastEventId);
  const socket = new WebSocket(url, {
    headers: { Authorization: `Bearer ${token}` },
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    handshakeTimeout: place.patience.mostMs,
    finishRequest: (outgoing: ClientRequest) => {
      if (early.length > 0) outgoing.end(Buffer.concat(early.map(maskedFrame)));
      else outgoing.end();
    },
  });
  const session = sessionOver(socket, place, lastEventId, Number(claimsOf(token).exp) * 1_000);
  if (lastEventId !== undefined) session.note(`joins after ${lastEventId}`);
  for (const text of early) session.note(`→ ${text}`);
  await new Promise<void>((resolve, reject) => {
    socket.once('upgrade', ({ statusCode = 0, headers }) =>
      opening({ status: statusCode, headers, text: '', json: undefined }),
    );
    socket.once('unexpected-response', (_, response) => {
      answerOf(response).then(
        (answer) => {
          opening(answer);
          reject(new Refused(answer));
        },
        (error) => reject(new NoAnswer(error)),
      );
    });
    socket.once('open', () => resolve());
    socket.once('error', (error) => reject(new NoAnswer(error)));
  });
  return session;
}

const clockToleranceMs = 5_000;

function sessionOver(
  socket: WebSocket,
  { label, username, patience }: Place,
  lastEventId: string | undefined,
  expiresAtMs: number,
): Session & { note(line: string): void } {
  const frames: SeenFrame[] = [];
  const exchange: string[] = [];
  const repeats = new Set<string>();
  const news = new EventEmitter().setMaxListeners(0);
  let closeCode: number | undefined;
  let ending: SeenSession['ending'];
  const note = (line: string): void => void exchange.push(`${label} ${withoutTokens(line)}`);

  socket.on('message', (data: Buffer, binary) => {
    note(`← ${binary ? `(binary) ${data.toString('hex').slice(0, 80)}` : data.toString()}`);
    frames.push(readFrame(data, binary, exchange.length));
    if (frames.length === maxFrames) drop();
    news.emit('news');
  });
  socket.on('close', (code) => {
    closeCode = code;
    // A token may be good for less long than a run takes.
    if (code === 4001 && Date.now() > expiresAtMs - clockToleranceMs) ending ??= 'provoked';
    note(`← closed with ${code}`);
    news.emit('news');
  });
  // The close code tells what went wrong.
  socket.on('error', () => {});

  async function wait<Found>(what: string, look: () => Found | undefined, ms = patience.ms()): Promise<Found> {
    const late = new AbortController();
    // On a busy machine, data may have arrived already: read it before giving up.
    const timer = setTimeout(() => setImmediate(() => late.abort()), ms);
    try {
      for (;;) {
        const found = look();
        if (found !== undefined) return found;
        if (closeCode !== undefined)
          throw new Violation(`${label}: closed with ${closeCode} instead of ${what}`, excerpt({ exchange }));
        await once(news, 'news', { signal: late.signal });
      }
    } catch (error) {
      if (!late.signal.aborted) throw error;
      patience.missed();
      throw new Violation(`${label}: no ${what} within ${ms / 1_000} s`, excerpt({ exchange }));
    } finally {
      clearTimeout(timer);
    }
  }

  const sendRaw = (data: string | Uint8Array, binary = false): void => {
    const shown =
      typeof data === 'string' ? data : `(${data.length} bytes) ${Buffer.from(data).toString('hex').slice(0, 80)}`;
    note(`→ ${binary ? '(binary) ' : ''}${shown}`);
    // The server may have closed just now. The wait for an answer then reports that.
    if (socket.readyState === WebSocket.OPEN) socket.send(data, { binary });
  };
  const drop = (): void => {
    ending = 'dropped';
    socket.terminate();
  };
  const end = (): Promise<number> =>
    new Promise((resolve) => {
      if (closeCode !== undefined) return resolve(closeCode);
      ending ??= 'closed';
      const cut = setTimeout(drop, patience.ms());
      socket.once('close', (code) => {
        clearTimeout(cut);
        resolve(code);
      });
      socket.close(1000);
    });

  return {
    label,
    username,
    frames,
    exchange,
    lastEventId,
    repeats,
    note,
    get closeCode() {
      return closeCode;
    },
    get ending() {
      return ending;
    },
    send: (frame) => sendRaw(JSON.stringify(frame)),
    sendRaw,
    until: (what, fits, from = 0, withinMs) =>
      wait(what, () => frames.find((frame, index) => index >= from && fits(frame)), withinMs),
    close: end,
    drop,
    mayEnd: () => {
      ending ??= 'provoked';
    },
    mayRepeat: (nonce) => void repeats.add(nonce),
    closed: (what, withinMs) => {
      ending ??= 'provoked';
      return wait(what, () => closeCode, withinMs);
    },
  };
}
