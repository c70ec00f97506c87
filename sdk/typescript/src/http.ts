import { readAnswer } from './answer.ts';
import { PalaverError } from './error.ts';
import { type Call, type OperationId, type Operations, operations } from './generated/index.ts';
import { backoffMs, maxRetryAfterMs, pause, within } from './timing.ts';
import { tokenOf } from './token.ts';

/** Options of one call. */
export interface CallOptions {
  /** Ends the call: it rejects with `aborted`. */
  readonly signal?: AbortSignal;
  /** Time limit of one try, in milliseconds. */
  readonly timeoutMs?: number;
  /** Number of retries, if the call is safe to repeat. */
  readonly maxRetries?: number;
  /** Token, for the operations that need one. */
  readonly token?: string;
}

export interface Transport {
  /** Address of the server, without a slash at its end. */
  readonly url: string;
  readonly fetch: typeof globalThis.fetch;
  readonly timeoutMs: number;
  readonly maxRetries: number;
}

/** Splits an input into the path, the query and the JSON body of the operation. */
function requestOf(id: OperationId, input: Readonly<Record<string, unknown>>): { path: string; body?: string } {
  const { path, params, body } = operations[id];
  const places = params as Readonly<Record<string, 'path' | 'query'>>;
  const query: string[] = [];
  let filled: string = path;
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(input)) {
    if (places[name] === 'path') filled = filled.replace(`{${name}}`, encodeURIComponent(String(value)));
    else if (places[name] !== 'query') rest[name] = value;
    else if (value !== undefined) query.push(`${name}=${encodeURIComponent(String(value))}`);
  }
  return {
    path: query.length > 0 ? `${filled}?${query.join('&')}` : filled,
    ...(body && { body: JSON.stringify(rest) }),
  };
}

/** Error codes of runtimes for a connection that never opened, so that the server can't have acted. */
const neverConnected = ['ECONNREFUSED', 'ConnectionRefused', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'];

function isNeverConnected(error: unknown): boolean {
  const { code, cause } = Object(error) as { code?: unknown; cause?: unknown };
  return neverConnected.includes(String(code)) || (cause !== undefined && isNeverConnected(cause));
}

/** Tells whether an operation does the same if it is repeated. A message has a nonce, so that it is published once. */
const isRepeatable = (id: OperationId): boolean => operations[id].method === 'GET' || id === 'publish';

/** Returns how long to wait before the next try, in milliseconds, or undefined if there must be none. */
function waitMs(id: OperationId, { code, status, retryAfterMs, cause }: PalaverError, tries: number) {
  if (code === 'aborted') return undefined;
  const busy = status === 429 || status === 503;
  const unanswered = status === undefined && (isRepeatable(id) || isNeverConnected(cause));
  if ((!busy && !unanswered) || (retryAfterMs ?? 0) > maxRetryAfterMs) return undefined;
  return (retryAfterMs ?? 0) + backoffMs(tries);
}

/** Returns a hint at the usual reason for which a browser hides an answer: the server doesn't allow the page's origin. */
function originHint(url: string): string {
  const { document, location } = globalThis as { document?: unknown; location?: { origin?: string } };
  const origin = document === undefined ? undefined : location?.origin;
  if (!origin || `${url}/`.startsWith(`${origin}/`)) return '';
  return ` It may be down, or not allow this page: add ${origin} to its ALLOWED_ORIGINS.`;
}

/** Returns the error of a request that got no answer. */
export const unreachable = (url: string, cause: unknown): PalaverError =>
  new PalaverError('connection_failed', `Cannot reach ${url}.${originHint(url)}`, { cause });

/** Creates the function that calls operations with `fetch`. It rejects with a `PalaverError`. */
export function createCall(transport: Transport): Call<CallOptions> {
  const { url, fetch } = transport;

  async function ask(
    id: OperationId,
    { path, body }: ReturnType<typeof requestOf>,
    token: string | undefined,
    signal: AbortSignal,
  ) {
    try {
      const response = await fetch(`${url}${path}`, {
        method: operations[id].method,
        headers: {
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        },
        body: body ?? null,
        // Not `error`: Workers don't support it, and on other platforms its error doesn't name the reason.
        redirect: 'manual',
        signal,
      });
      return (await readAnswer(id, response, url)) as Operations[typeof id]['output'];
    } catch (cause) {
      if (cause instanceof PalaverError) throw cause;
      throw unreachable(url, cause);
    }
  }

  return async (
    id,
    input,
    { token, signal, timeoutMs = transport.timeoutMs, maxRetries = transport.maxRetries } = {},
  ) => {
    const request = requestOf(id, input ?? {});
    const bearer = token === undefined ? undefined : tokenOf(token);
    const limits = { timeoutMs, signal, what: `${operations[id].method} ${operations[id].path}` };
    for (let tries = 0; ; tries += 1) {
      try {
        return await within((stop) => ask(id, request, bearer, stop), limits);
      } catch (error) {
        const wait = tries < maxRetries ? waitMs(id, error as PalaverError, tries) : undefined;
        if (wait === undefined) throw error;
        await pause(wait, signal);
      }
    }
  };
}
