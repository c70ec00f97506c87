import { PalaverError, type PalaverErrorCode } from './error.ts';
import { type Call, operations, type Problem } from './generated/index.ts';

export interface CallOptions {
  /** For the operations that need one. */
  readonly token?: string;
  readonly signal?: AbortSignal;
}

interface Transport {
  /** Where the server is, such as `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly fetch?: typeof globalThis.fetch;
}

/** Splits an input into the path, the query and the JSON body, as the operation asks for them. */
function requestOf(
  id: keyof typeof operations,
  input: Readonly<Record<string, unknown>>,
): { path: string; body?: string } {
  const { path, params, body } = operations[id];
  const places = params as Readonly<Record<string, 'path' | 'query'>>;
  const query = new URLSearchParams();
  let filled: string = path;
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(input)) {
    if (places[name] === 'path') filled = filled.replace(`{${name}}`, encodeURIComponent(String(value)));
    else if (places[name] !== 'query') rest[name] = value;
    else if (value !== undefined) query.set(name, String(value));
  }
  return { path: query.size > 0 ? `${filled}?${query}` : filled, ...(body && { body: JSON.stringify(rest) }) };
}

const isProblem = (response: Response): boolean =>
  response.headers.get('content-type')?.startsWith('application/problem+json') === true;

/** Carries operations out with `fetch`. @throws {PalaverError} */
export function createCall({ url, fetch = globalThis.fetch }: Transport): Call<CallOptions> {
  return async (id, input, { token, signal } = {}) => {
    const { path, body } = requestOf(id, input ?? {});
    const headers = {
      ...(body && { 'Content-Type': 'application/json' }),
      ...(token && { Authorization: `Bearer ${token}` }),
    };
    try {
      const response = await fetch(new URL(path, url), {
        method: operations[id].method,
        headers,
        body: body ?? null,
        signal: signal ?? null,
      });
      if (response.ok) return response.status === 204 ? undefined : await response.json();
      if (!isProblem(response))
        throw new PalaverError(
          'connection_failed',
          `${url} answered ${response.status}, and not as a Palaver server does`,
        );
      const problem = (await response.json()) as Problem;
      throw new PalaverError(problem.code as PalaverErrorCode, problem.detail ?? problem.title, { problem });
    } catch (cause) {
      if (cause instanceof PalaverError || signal?.aborted) throw cause;
      throw new PalaverError('connection_failed', `${url} could not be reached`, { cause });
    }
  };
}
