import type { TokenRefresh } from '../../generated/chat/index.ts';
import { IssuerUnavailable } from '../auth/keys.ts';
import { putOffFields, refusalFields } from '../auth/require-auth.ts';
import { type Identity, InvalidToken, UserDisabled, type VerifyToken } from '../auth/tokens.ts';
import type { Log } from '../log/log.ts';
import type { WatchAccess } from '../revocations/revocations.ts';
import { encodeTokenRefreshed } from './frames.ts';
import type { Replies } from './replies.ts';

export interface AccessDeps {
  readonly verify: VerifyToken;
  readonly watchAccess: WatchAccess;
  readonly replies: Pick<Replies, 'send' | 'refuse'>;
  readonly note: Log['event'];
  /** Called with the time at which the token in use expires, in milliseconds since 1970. */
  readonly onToken: (expiresAtMs: number) => void;
  readonly onRevoked: () => void;
  /** Whether the session is over, so that an answer comes too late. */
  readonly isOver: () => boolean;
}

/** Access of one session: the token in use, which the client may replace by a newer one. */
export class Access {
  readonly #userId: string;
  readonly #deps: AccessDeps;
  #unwatch: (() => unknown) | undefined;
  #isRefreshing = false;

  constructor(identity: Identity, deps: AccessDeps) {
    this.#userId = identity.id;
    this.#deps = deps;
    this.#use(identity);
  }

  #use(identity: Identity): void {
    const { watchAccess, onToken, onRevoked } = this.#deps;
    this.#unwatch?.();
    this.#unwatch = watchAccess(identity, onRevoked);
    onToken(identity.expiresAtMs);
  }

  /** Checks the token of a `token_refresh`, and uses it from then on if it is valid. */
  async refresh({ token, nonce }: TokenRefresh['msg']): Promise<void> {
    const { verify, replies, note, isOver } = this.#deps;
    if (this.#isRefreshing) {
      const detail = 'Another token is being checked. Send it again later.';
      return replies.refuse({ code: 'unavailable', detail, nonce });
    }
    this.#isRefreshing = true;
    try {
      const next = await verify(token);
      if (next.id !== this.#userId) throw new InvalidToken('The token is of another user', { reason: 'other_user' });
      if (isOver()) return;
      this.#use(next);
      replies.send('token_refreshed', encodeTokenRefreshed(next.expiresAtMs, nonce));
    } catch (error) {
      if (error instanceof InvalidToken) note('token_refused', refusalFields(error));
      if (error instanceof IssuerUnavailable) note('token_put_off', putOffFields(error));
      if (isOver()) return;
      if (error instanceof InvalidToken || error instanceof UserDisabled) {
        const detail = 'The new token was refused. The connection keeps its current token.';
        replies.refuse({ code: 'invalid_token', detail, nonce });
      } else if (error instanceof IssuerUnavailable) {
        const detail = 'The token cannot be checked now. Send it again later.';
        replies.refuse({ code: 'unavailable', detail, nonce });
      } else throw error;
    } finally {
      this.#isRefreshing = false;
    }
  }

  /** Stops watching for revocation. */
  stop(): void {
    this.#unwatch?.();
  }
}
