import type { WebSocket } from 'ws';
import { type CloseCode, closeCodes } from '../../generated/chat/index.ts';
import type { Log } from '../log.ts';
import { decode, encodeError, type FrameRefusal } from './frames.ts';
import type { Entry } from './room.ts';

/** Somebody the door has let in. */
export interface Admitted {
  readonly entry: Entry;
  /** When the token expires, in milliseconds since 1970. */
  readonly expiresAtMs: number;
  readonly log: Log;
}

/** What may wait for a session that doesn't read; beyond it the session ends. */
const maxBufferedBytes = 1_048_576;
/** Bad frames a session may send at once; one more is allowed with each interval. */
const badFramesMax = 20;
const badFrameIntervalMs = 1_000;
const maxTimerMs = 2 ** 31 - 1;

const asText = { binary: false };

/** Allowances that are used up one by one and come back with time. */
function createAllowance(most: number, intervalMs: number): () => boolean {
  let left = most;
  let atMs = performance.now();
  return () => {
    const nowMs = performance.now();
    left = Math.min(most, left + (nowMs - atMs) / intervalMs);
    atMs = nowMs;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}

/** The life of an authenticated connection, from the open socket to its end. */
export function runSession(socket: WebSocket, { entry, expiresAtMs, log }: Admitted): void {
  const allowBadFrame = createAllowance(badFramesMax, badFrameIntervalMs);
  let ended = false;
  let expiry: NodeJS.Timeout | undefined;

  function leave(how: 'left' | 'lost'): void {
    ended = true;
    clearTimeout(expiry);
    entry.release(how).catch((error: unknown) => log.error({ err: error }, 'a seat could not be given up'));
  }

  function end(code: CloseCode, cause?: unknown): void {
    if (ended) return;
    if (cause === undefined) log.debug({ code }, 'session ended by the server');
    else log.error({ code, err: cause }, 'session failed');
    leave('left');
    const [reason] = Object.entries(closeCodes).find(([, value]) => value === code)!;
    socket.close(code, reason);
  }

  function send(frame: Buffer): void {
    if (ended) return;
    if (socket.bufferedAmount > maxBufferedBytes) end(closeCodes.too_slow);
    else socket.send(frame, asText);
  }

  const answer = (refusal: FrameRefusal): void => send(encodeError(refusal));

  /** A timer can't wait longer than some 24 days; a token can. */
  function watchExpiry(): void {
    const leftMs = expiresAtMs - Date.now();
    expiry = setTimeout(
      () => (leftMs > maxTimerMs ? watchExpiry() : end(closeCodes.token_expired)),
      Math.min(leftMs, maxTimerMs),
    );
    expiry.unref();
  }

  function take(text: string): void {
    const decoded = decode(text);
    if ('refusal' in decoded) {
      if (allowBadFrame()) answer(decoded.refusal);
      else end(closeCodes.policy);
      return;
    }
    const { text: said, nonce } = decoded.message.msg;
    entry.publish({ text: said, nonce }).then(
      (result) => {
        if (result === 'refused')
          answer({ code: 'unavailable', detail: 'The message could not be published. Send it again later.', nonce });
      },
      (error: unknown) => end(closeCodes.internal_error, error),
    );
  }

  socket.on('message', (data: Buffer, isBinary) => {
    if (ended) return;
    if (isBinary) end(closeCodes.binary_frame);
    else take(data.toString());
  });
  // A frame that is too big, not UTF-8 or not of the protocol: ws closes with the code for it.
  socket.on('error', (error) => log.debug({ err: error }, 'session failed'));
  socket.on('close', (code) => leave(code === 1006 ? 'lost' : 'left'));

  watchExpiry();
  entry.open({ send, end });
}
