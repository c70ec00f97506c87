import type { ErrorCode, OperationId, Operations, Problem } from './generated/index.ts';

/**
 * What can go wrong on this side.
 * - `timeout`: no answer came in time.
 * - `aborted`: the caller's signal said so; `cause` is its reason.
 * - `connection_failed`: the server could not be reached, or what answered is no Palaver server; or `getToken` threw.
 * - `invalid_token`: what `token` or `getToken` gave can be no token, and was not sent. (With a `status` it is the
 *   server's word on one that was.)
 * - `connection_lost`: the connection ended before the message came back, and no other one could tell what became of it.
 *   It may have been delivered.
 * - `offline_queue_full`: too many messages wait to be sent already. This one was not sent.
 * - `too_slow`: `messages()` was read too slowly, and what did not fit was dropped.
 * - `closed`: the room is closed for good.
 */
export type ClientErrorCode =
  | 'timeout'
  | 'aborted'
  | 'connection_failed'
  | 'invalid_token'
  | 'connection_lost'
  | 'offline_queue_full'
  | 'too_slow'
  | 'closed';

/** Every code of an error: an operation's problem, the refusal of a message, or one of this side. */
export type PalaverErrorCode = Operations[OperationId]['code'] | ErrorCode | ClientErrorCode;

/**
 * The codes that one operation may reject with.
 * @example
 * const explain: Record<CodeOf<'login'>, string> = { invalid_credentials: 'Wrong e-mail or password', … };
 */
export type CodeOf<Id extends OperationId> =
  | Operations[Id]['code']
  | Extract<ClientErrorCode, 'timeout' | 'aborted' | 'connection_failed' | 'invalid_token'>;

/** What is known beside the code. */
export interface PalaverErrorDetails extends ErrorOptions {
  readonly problem?: Problem;
  readonly status?: number;
  readonly retryAfterMs?: number | undefined;
}

/** What every method of the SDK rejects with. Decide by `code`; show `message` to people. */
export class PalaverError extends Error {
  override readonly name = 'PalaverError';
  readonly code: PalaverErrorCode;
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** The problem that the server answered (RFC 9457). */
  readonly problem: Problem | undefined;
  /** How long the server asks to wait before the next try, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: PalaverErrorCode,
    message: string,
    { problem, status, retryAfterMs, cause }: PalaverErrorDetails = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.problem = problem;
    this.status = status ?? problem?.status;
    this.retryAfterMs = retryAfterMs;
  }
}
