import { STATUS_CODES } from 'node:http';
import { RequestError } from '@hono/node-server';
import type { Context, TypedResponse } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { FieldError, Problem, ProblemCode } from '../../generated/http/index.ts';
import { IssuerUnavailable } from '../auth/keys.ts';
import { InvalidToken } from '../auth/tokens.ts';
import { StoreUnavailable } from '../database/database.ts';
import { problems } from '../errors.ts';
import { Overloaded } from '../users/passwords.ts';

type Problems = typeof problems;
type Status<Code extends ProblemCode> = Problems[Code][0];

interface Extra {
  readonly detail?: string;
  readonly errors?: FieldError[];
  readonly headers?: Record<string, string>;
}

/** Default of `Retry-After`, in seconds (RFC 9110, 10.2.3). */
const retryAfterS = '1';

/** Returns details of an error beside its code: how long to wait, or the fault of the request. */
export function extraOf(error: unknown): Extra {
  if (error instanceof Overloaded || error instanceof IssuerUnavailable)
    return { headers: { 'Retry-After': String(error.retryAfterS) } };
  const detail = error instanceof InvalidToken ? error.refusal.detail : undefined;
  return detail === undefined ? {} : { detail };
}

/** Returns the headers that the spec declares for a code. */
function headersOf(code: ProblemCode): Record<string, string> {
  const status = problems[code][0];
  if (code === 'invalid_token') return { 'WWW-Authenticate': 'Bearer error="invalid_token"' };
  if (status === 401) return { 'WWW-Authenticate': 'Bearer' };
  if (status === 426) return { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13' };
  if (status === 429 || status === 503) return { 'Retry-After': retryAfterS };
  return {};
}

const bodyOf = (code: ProblemCode, { detail, errors }: Extra): Problem => {
  const [status, title] = problems[code];
  return {
    type: `urn:palaver:problem:${code}`,
    title,
    status,
    code,
    ...(detail && { detail }),
    ...(errors && { errors }),
  };
};

/** Distributes over the codes, so that each has its own status. */
type ProblemResponse<Code extends ProblemCode> = Code extends ProblemCode
  ? Response & TypedResponse<Problem & { code: Code; status: Status<Code> }, Status<Code>, 'json'>
  : never;

/**
 * Answers with a problem (RFC 9457), typed by its code: an operation that doesn't declare the code does not compile.
 */
export const problem = <Code extends ProblemCode>(c: Context, code: Code, extra: Extra = {}) => {
  c.set('problem', code);
  return c.json(bodyOf(code, extra), problems[code][0], {
    ...headersOf(code),
    ...extra.headers,
    'Content-Type': 'application/problem+json',
  }) as unknown as ProblemResponse<Code>;
};

/** Returns a problem as a response, for a request that never reached the app. */
export function plainProblem(code: ProblemCode): Response {
  const headers = { ...headersOf(code), 'Content-Type': 'application/problem+json' };
  return new Response(JSON.stringify(bodyOf(code, {})), { status: problems[code][0], headers });
}

/** Returns a problem as bytes, for a connection whose request could not be read. It closes after them. */
export function rawProblem(code: ProblemCode): string {
  const body = JSON.stringify(bodyOf(code, {}));
  const headers = {
    ...headersOf(code),
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const status = problems[code][0];
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`;
}

/** Returns the problem code of an error: `internal_error` for an unexpected one. */
export function codeOf(error: unknown): ProblemCode {
  if (error instanceof Overloaded) return 'overloaded';
  if (error instanceof IssuerUnavailable) return 'issuer_unavailable';
  if (error instanceof InvalidToken) return 'invalid_token';
  if (error instanceof StoreUnavailable) return 'store_unavailable';
  if (error instanceof RequestError) return 'malformed_request';
  if (error instanceof HTTPException && error.status === 400) return 'malformed_body';
  // The peer closed the connection before its body was complete. Nobody reads this answer.
  if ((error as NodeJS.ErrnoException).code === 'ECONNRESET') return 'malformed_body';
  return 'internal_error';
}
