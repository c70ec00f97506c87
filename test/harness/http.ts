import { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request as send } from 'node:http';
import { within } from './deadline.ts';
import { recordResponse } from './recorder.ts';
import type { TestServer } from './server.ts';

/** A recorded response. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body's JSON; an empty object if it has none. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export interface RequestOptions {
  readonly headers?: OutgoingHttpHeaders;
  /** Body to send as `application/json`, unless the headers have another type. */
  readonly json?: unknown;
  /** Body to send unchanged, with its length. */
  readonly body?: string | Uint8Array;
  /** Chunks to send one by one, without a length. */
  readonly chunks?: readonly (string | Uint8Array)[];
}

/** Reads a response to its end, and records it. */
export async function answerOf(method: string, path: string, response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return recorded({ method, path }, response.statusCode!, response.headers, Buffer.concat(chunks).toString());
}

/** Records a response that has been read. */
export function recorded(
  asked: { method: string; path: string } | undefined,
  status: number,
  headers: IncomingHttpHeaders,
  text: string,
): Answer {
  const body = recordResponse({ ...asked, status, headers, text });
  return { status, headers, json: typeof body === 'object' ? (body as Answer['json']) : {}, text };
}

/** Sends a request on its own connection. */
export function request(
  { host, port }: Pick<TestServer, 'host' | 'port'>,
  method: string,
  path: string,
  { headers = {}, json, body = json === undefined ? undefined : JSON.stringify(json), chunks }: RequestOptions = {},
): Promise<Answer> {
  const asked = new Promise<Answer>((resolve, reject) => {
    const outgoing = send({ host, port, method, path, agent: false }, (response) => {
      answerOf(method, path, response).then(resolve, reject);
    });
    outgoing.on('error', reject);
    for (const [name, value] of Object.entries({
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    })) {
      if (value !== undefined) outgoing.setHeader(name, value);
    }
    for (const chunk of chunks ?? []) outgoing.write(chunk);
    if (body !== undefined) outgoing.setHeader('content-length', Buffer.byteLength(body));
    outgoing.end(body);
  });
  return within(asked, `the answer to ${method} ${path}`);
}

let users = 0;

export interface TestUser {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly password: string;
  readonly token: string;
}

/** Signs a user up and logs it in. */
export async function signUp(server: TestServer, username = `User ${++users}`): Promise<TestUser> {
  const email = `user${++users}@example.com`;
  const password = 'correct horse battery staple';
  await request(server, 'POST', '/createUser', { json: { email, username, password } });
  const { status, json } = await request(server, 'POST', '/login', { json: { email, password } });
  if (status !== 200) throw new Error(`${username} could not log in: ${status} ${json.code}`);
  return { id: String(json.id), username, email, password, token: String(json.token) };
}
