import { EventEmitter, once } from 'node:events';
import { Violation } from '../errors.ts';
import { excerpt, type SeenFrame, type SeenSession } from './seen.ts';
import { withoutTokens } from './send.ts';
import type { Place, Session } from './session.ts';
import { claimsOf, identityOf } from './users.ts';

/** The part of a session that differs between its transports. */
export interface Transport {
  /** Sends this, if the session is still open. */
  write(data: string | Uint8Array, binary: boolean): void;
  /** Begins an orderly end. */
  leave(): void;
  /** Cuts the connection. */
  cut(): void;
}

/** A session, and the transport's way to tell it of news. */
export interface RecordedSession extends Session {
  /** Adds a line to the exchange. */
  note(line: string): void;
  /** Adds a frame, which was noted as the last line. */
  received(frame: SeenFrame): void;
  /** Adds a `close` event. */
  closing(event: SeenFrame): void;
  ended(code: number): void;
  /** Ends the wait for whatever comes with this. */
  failed(error: Error): void;
}

export interface RecordOptions {
  readonly door: SeenSession['door'];
  readonly token: string;
  readonly lastEventId: string | undefined;
}

/** A session that receives more is cut. */
const maxFrames = 100_000;
const clockToleranceMs = 5_000;

/** Creates a session that records what its transport receives and sends. All its waits end with the patience. */
export function recordSession(
  { label, username, patience }: Place,
  { door, token, lastEventId }: RecordOptions,
  transport: Transport,
): RecordedSession {
  const claims = claimsOf(token);
  const frames: SeenFrame[] = [];
  const closeEvents: SeenFrame[] = [];
  const exchange: string[] = [];
  const repeats = new Set<string>();
  const news = new EventEmitter().setMaxListeners(0);
  let closeCode: number | undefined;
  let failure: Error | undefined;
  let ending: SeenSession['ending'];
  const note = (line: string): void => void exchange.push(`${label} ${withoutTokens(line)}`);

  async function wait<Found>(what: string, look: () => Found | undefined, ms = patience.ms()): Promise<Found> {
    const late = new AbortController();
    // On a busy machine, data may have arrived already: read it before giving up.
    const timer = setTimeout(() => setImmediate(() => late.abort()), ms);
    try {
      for (;;) {
        const found = look();
        if (found !== undefined) return found;
        if (failure !== undefined) throw failure;
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
    transport.write(data, binary);
  };
  const drop = (): void => {
    ending = 'dropped';
    transport.cut();
  };
  const end = (): Promise<number> =>
    new Promise((resolve) => {
      if (closeCode !== undefined) return resolve(closeCode);
      ending ??= 'closed';
      const cut = setTimeout(drop, patience.ms());
      news.once('end', (code: number) => {
        clearTimeout(cut);
        resolve(code);
      });
      transport.leave();
    });

  return {
    label,
    username,
    door,
    identity: identityOf(token, username),
    token,
    frames,
    closeEvents,
    exchange,
    lastEventId,
    repeats,
    note,
    received: (frame) => {
      frames.push(frame);
      if (frames.length === maxFrames) drop();
      news.emit('news');
    },
    closing: (event) => void closeEvents.push(event),
    ended: (code) => {
      closeCode = code;
      // A token may be good for less long than a run takes.
      if (code === 4001 && Date.now() > Number(claims.exp) * 1_000 - clockToleranceMs) ending ??= 'provoked';
      note(`← closed with ${code}`);
      news.emit('news');
      news.emit('end', code);
    },
    failed: (error) => {
      failure ??= error;
      news.emit('news');
    },
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
