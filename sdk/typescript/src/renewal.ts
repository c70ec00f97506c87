import { claimsOf } from './claims.ts';
import type { ErrorMessage, TokenRefresh, TokenRefreshed } from './generated/index.ts';
import { createNonce } from './outbox.ts';
import { maxTimerMs } from './timing.ts';

/** Which part of a token's time has passed when another is asked for: by chance, so that not all ask at once. */
const renewAt = (): number => 0.7 + Math.random() * 0.1;
/** With less time left it isn't tried any more: what then comes is 4001, and a new connection. */
const leastMs = 2_000;

interface RenewalOptions {
  /** The one that the connection has. */
  readonly token: string;
  /** The time by the server's clock, in milliseconds since 1970: clocks here may be wrong. */
  readonly nowMs: number;
  readonly getToken: () => Promise<string>;
  readonly send: (message: TokenRefresh) => void;
}

/** Hands a new token over before the old one ends, so that the connection outlives it. */
export interface Renewal {
  /** Whether this frame answers one of its own. */
  settle(frame: TokenRefreshed | ErrorMessage): boolean;
  stop(): void;
}

/** A token whose end can't be read is not renewed. */
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
  /** It did not come to a new token: once more after half of what is left. */
  function again(): void {
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
    // Until it is answered, if it is.
    again();
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
