import { type Ended, endedBy } from './ended.ts';
import { PalaverError } from './error.ts';
import type { Credentials } from './room.ts';
import { within } from './timing.ts';
import { tokenOf } from './token.ts';

/** Gives each connection its token, and stops where no other token would do. */
export interface TokenSource {
  /** Returns a token. @throws {PalaverError} `invalid_token`, `timeout`, `aborted`, or what `getToken` throws */
  get(signal: AbortSignal): Promise<string>;
  /** Runs a connection with a token. Resolves with how it ended, or with why there was no token for it. */
  use(connect: (token: string) => Promise<Ended>, signal: AbortSignal): Promise<Ended>;
  /** Notes that the server has accepted a token. */
  accepted(): void;
}

/** How many tokens in a row the server may refuse. */
const maxRefusals = 2;

const asPalaverError = (error: unknown): PalaverError =>
  error instanceof PalaverError
    ? error
    : new PalaverError('connection_failed', 'Cannot get a token: getToken failed.', { cause: error });

const final = (ended: Ended): Ended => ({ ...ended, next: 'stop' });

/** Creates a source of tokens. `getToken` may take `timeoutMs` milliseconds. */
export function createTokenSource({ token: fixed, getToken }: Credentials, timeoutMs: number): TokenSource {
  /** The last token that the server refused, and how. */
  let refused: { readonly token: string; readonly ended: Ended } | undefined;
  let refusals = 0;

  const get = async (signal: AbortSignal): Promise<string> =>
    tokenOf(fixed ?? (getToken && (await within(() => getToken(), { timeoutMs, signal, what: 'getToken' }))));

  return {
    get,
    use: async (connect, signal) => {
      let token: string;
      try {
        token = await get(signal);
      } catch (error) {
        const ended = endedBy(asPalaverError(error));
        return ended.next === 'new_token' || ended.code === 'invalid_token' ? final(ended) : ended;
      }
      if (token === refused?.token) return final(refused.ended);
      const ended = await connect(token);
      if (ended.next !== 'new_token') return ended;
      refused = { token, ended };
      refusals += 1;
      return fixed !== undefined || refusals >= maxRefusals ? final(ended) : ended;
    },
    accepted: () => {
      refusals = 0;
    },
  };
}
