import { PalaverError, type PalaverErrorCode } from './error.ts';
import type { OperationId, Problem } from './generated/index.ts';
import { answerShapes } from './generated/shapes.ts';
import { fits } from './read-frame.ts';

/** Maximum size of an answer, in bytes. */
const maxAnswerBytes = 16_777_216;

/** Reads `Retry-After`: seconds, or a date (RFC 9110, 10.2.3). */
function retryAfterMs({ headers }: Response): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Shape of Palaver's problems. A gateway may answer with other RFC 9457 problems. */
const problemShape = {
  code: 'string',
  'title?': 'string',
  'detail?': 'string',
  'errors?': [{ pointer: 'string', detail: 'string' }],
} as const;

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads the body. @throws {RangeError} for more than `maxAnswerBytes` */
async function textOf(response: Response): Promise<string> {
  // React Native has no streams.
  const reader = response.body?.getReader?.();
  if (!reader) return response.text();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > maxAnswerBytes) {
      await reader.cancel();
      throw new RangeError(`The answer has more than ${maxAnswerBytes} bytes.`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** Returns the message for people, such as `password: must have at least 8 characters`. */
function messageOf({ errors = [], detail, title, code }: Problem): string {
  const faults = errors.map(({ pointer, detail }) => (pointer.length > 1 ? `${pointer.slice(1)}: ${detail}` : detail));
  return detail ?? (faults.join('; ') || title || code);
}

/** Reads the answer to an operation. @throws {PalaverError} unless it is a success that the contract declares */
export async function readAnswer(id: OperationId, response: Response, url: string): Promise<unknown> {
  const { status, headers } = response;
  const details = { status, retryAfterMs: retryAfterMs(response) };
  if (response.type === 'opaqueredirect' || response.redirected || (status >= 300 && status < 400)) {
    await response.body?.cancel();
    const to = headers.get('location');
    throw new PalaverError(
      'connection_failed',
      `${url} redirects${to ? ` to ${to}` : ''}. The SDK follows no redirects, because it would send passwords and tokens along: set \`url\` to the address of the server.`,
      // A browser hides the status.
      status ? details : {},
    );
  }
  const text = await textOf(response);
  if (!response.ok && headers.get('content-type')?.startsWith('application/problem+json')) {
    const problem = parse(text);
    if (fits(problem, problemShape)) {
      const known = problem as Problem;
      throw new PalaverError(known.code as PalaverErrorCode, messageOf(known), { ...details, problem: known });
    }
  }
  const shape = answerShapes[id];
  if (response.ok && shape === undefined && status === 204) return undefined;
  const answer = parse(text);
  if (response.ok && shape !== undefined && fits(answer, shape)) return answer;
  throw new PalaverError(
    'connection_failed',
    `${url} answered ${status}, but not like a Palaver server: check \`url\`.`,
    details,
  );
}
