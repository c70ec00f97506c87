import { claimsOf } from './claims.ts';
import type { ErrorMessage, TokenRefresh, TokenRefreshed } from './generated/index.ts';
import { createNonce } from './nonce.ts';
import { maxTimerMs } from './timing.ts';

/** Returns after which part of a token's time a new one is asked for: a random one, so that not all ask at once. */
const renewAt = (): number => 0.7 + Math.random() * 0.1;
/**
 * With less time left there is no further try: the server closes with 4001, and a new connection follows. In
 * milliseconds.
 */
const leastMs = 2_000;

interface RenewalOptions {
  /** Token of the connection. */
  readonly token: string;
  /** Time of the server's clock, in milliseconds since 1970: the local clock may be wrong. */
  readonly nowMs: number;
  readonly getToken: () => Promise<string>;
  readonly send: (message: TokenRefresh) => void;
}

/** Sends a new token before the current one expires, so that the connection can go on. */
export interface Renewal {
  /** Returns whether this frame answers a token that the renewal has sent. */
  settle(frame: TokenRefreshed | ErrorMessage): boolean;
  stop(): void;
}

/** Creates a renewal. A token whose expiry can't be read is not renewed. */
export function createRenewal({ token, nowMs, getToken, send }: RenewalOptions): Renewal {
  let current = token;
  let offered: { readonly token: string; readonly nonce: string } | undefined;
  let endsAtMs = Number.NaN;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;

  function renewAfter(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(renew, Math.min(ms, maxTimerMs));
  }
  function plan(leftMs: number): void {
    endsAtMs = performance.now() + leftMs;
    if (leftMs > leastMs) renewAfter(leftMs * renewAt());
  }
  /** Tries again after half of the time that is left. */
  function retry(): void {
    const leftMs = endsAtMs - performance.now();
    if (leftMs > leastMs) renewAfter(leftMs / 2);
  }

  async function renew(): Promise<void> {
    const next = await getToken().catch(() => undefined);
    if (stopped) return;
    if (typeof next === 'string' && next !== current) {
      offered = { token: next, nonce: createNonce() };
      send({ type: 'token_refresh', msg: offered });
    }
    // Until the server answers: it may not.
    retry();
  }

  plan(Number(claimsOf(token).exp) * 1_000 - nowMs);

  return {
    settle: (frame) => {
      if (!offered || frame.msg.nonce !== offered.nonce) return false;
      if (frame.type === 'token_refreshed') {
        current = offered.token;
        plan(Date.parse(frame.msg.expires_at) - Date.parse(frame.sent_at));
      }
      offered = undefined;
      return true;
    },
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
