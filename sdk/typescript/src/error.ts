import type { ErrorCode, OperationId, Operations, Problem } from './generated/index.ts';

/**
 * Codes of errors that arise in the client.
 * - `timeout`: the server did not answer in time.
 * - `aborted`: the caller's signal was aborted; `cause` is its reason.
 * - `connection_failed`: the server could not be reached, it is not a Palaver server, or `getToken` threw.
 * - `invalid_token`: `token` or `getToken` gave no valid token, and nothing was sent. With a `status`, the server has
 *   refused the token.
 * - `connection_lost`: the connection ended before the server confirmed the message, and no later one could recover it.
 *   The message may have been delivered.
 * - `offline_queue_full`: too many messages are waiting to be sent. This one was not sent.
 * - `too_slow`: the app read `messages()` too slowly, and messages were dropped.
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

/** Every code of an error: a problem of an operation, a refusal of a message, or one of the client's own. */
export type PalaverErrorCode = Operations[OperationId]['code'] | ErrorCode | ClientErrorCode;

/**
 * Codes with which one operation may reject.
 * @example
 * const explain: Record<CodeOf<'login'>, string> = { invalid_credentials: 'Wrong e-mail or password', … };
 */
export type CodeOf<Id extends OperationId> =
  | Operations[Id]['code']
  | Extract<ClientErrorCode, 'timeout' | 'aborted' | 'connection_failed' | 'invalid_token'>;

/** Details of an error beside its code. */
export interface PalaverErrorDetails extends ErrorOptions {
  readonly problem?: Problem;
  readonly status?: number;
  readonly retryAfterMs?: number | undefined;
}

/** Error with which every method of the SDK rejects. Decide by `code`; show `message` to people. */
export class PalaverError extends Error {
  override readonly name = 'PalaverError';
  readonly code: PalaverErrorCode;
  /** HTTP status, if there was an answer. */
  readonly status: number | undefined;
  /** Problem in the server's answer (RFC 9457). */
  readonly problem: Problem | undefined;
  /** How long the server asks the client to wait before the next try, in milliseconds. */
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
