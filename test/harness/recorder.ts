/**
 * Checks everything that a test receives from the server against the specs, and records it. It does not use the generated
 * validators, so it finds their faults too.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { ServerMessage, StreamClose } from '../../generated/chat/index.ts';
import {
  asyncapi,
  closeCodes,
  type DeclaredResponse,
  type Operation,
  openapi,
  paths,
  serverEvents,
  serverFrames,
  unmatched,
  unreadable,
} from './spec.ts';

/** Answers, frames and close codes seen in this test file, by their names in the specs. */
export const seen = {
  /** Such as `login 401 invalid_credentials`. */
  answers: new Set<string>(),
  frames: new Set<string>(),
  errors: new Set<string>(),
  closes: new Set<number>(),
};

/** Close codes of RFC 6455: normal, protocol error, no code, no close frame. */
const ownCloseCodes = [1000, 1002, 1005, 1006];

const ajv = new Ajv2020({ allErrors: true, strict: false, unicodeRegExp: true });
ajv.addSchema(openapi, 'openapi.json');
ajv.addSchema(asyncapi, 'asyncapi.json');

/** Returns the faults of a value, by the schema at this place of a document. */
function wrongWith(value: unknown, document: 'openapi.json' | 'asyncapi.json', at: string): string | undefined {
  const validate = ajv.getSchema(`${document}#${encodeURI(at)}`) as ValidateFunction | undefined;
  if (!validate) throw new Error(`There is no schema at ${document}#${at}`);
  return validate(value) ? undefined : `${ajv.errorsText(validate.errors)} (${document}#${at})`;
}

function violation(place: string, wrong: string): never {
  throw new Error(`${place} breaks the contract: ${wrong}`);
}

function parsed(place: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return violation(place, `not JSON: ${text.slice(0, 200)}`);
  }
}

/** Matches text that reveals internals: a stack, a file, a package, a version. */
const inside =
  /\bat \S+ \(|\.[cm]?[jt]s:\d|node_modules|node:internal|file:\/\/|\/(home|root|tmp|work|src)\/|\bv?\d+\.\d+\.\d+\b/i;
const boasts = ['server', 'x-powered-by', 'via'];

function checkDiscretion(place: string, { headers, text }: Pick<SeenResponse, 'headers' | 'text'>): void {
  const boast = boasts.find((name) => headers[name] !== undefined);
  if (boast) violation(place, `the header ${boast} tells what answers`);
  const told = inside.exec(text)?.[0];
  if (told !== undefined) violation(place, `it tells of the inside: ${told}`);
}

export interface SeenResponse {
  /** Absent, like `path`, if the bytes sent are not a request. */
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Matches one segment of a path. `.` and `..` are none, percent-encoded ones included (WHATWG URL, 4.4). */
const segment = String.raw`(?!(?:\.|%2[eE]){1,2}(?:/|$))[^/]+`;
/** Returns the methods of a path. A parameter stands for one segment. */
const methodsOf = (path: string) =>
  paths.get(path) ??
  [...paths].find(([template]) => new RegExp(`^${template.replace(/\{\w+\}/g, () => segment)}$`).test(path))?.[1];

/** Returns the operation of a request, or `unmatched` for an unknown path or method. */
function operationOf({ method, path }: SeenResponse): Operation {
  if (method === undefined || path === undefined) return unreadable;
  const methods = methodsOf(path.split('?')[0]!);
  const operation = methods?.get(method) ?? (method === 'HEAD' ? methods?.get('GET') : undefined);
  if (operation) return operation;
  const status = methods ? 405 : 404;
  return { ...unmatched, responses: new Map([[status, unmatched.responses.get(status)!]]) };
}

function checkHeaders(place: string, declared: DeclaredResponse, headers: IncomingHttpHeaders): void {
  for (const { name, required, at } of declared.headers) {
    const value = headers[name];
    if (value === undefined && required) violation(place, `the header ${name} is missing`);
    const wrong = value === undefined ? undefined : wrongWith(value, 'openapi.json', `${at}/schema`);
    if (wrong) violation(place, `the header ${name}: ${wrong}`);
  }
}

function checkProblem(place: string, { problems }: DeclaredResponse, body: unknown): void {
  const { code, type, title } = body as DeclaredResponse['problems'][number];
  const told = problems.find((problem) => problem.code === code);
  if (!told) violation(place, `the spec has no example of ${code}`);
  if (told.type !== type || told.title !== title) violation(place, `type and title of ${code} are not the spec's`);
}

/** Returns the body, if any. @throws if the OpenAPI spec does not declare the response for its request */
export function recordResponse(response: SeenResponse): unknown {
  const { method, path, status, headers, text } = response;
  const operation = operationOf(response);
  const place = `${method ?? 'garbage'} ${path ?? ''} → ${status} (${operation.id})`;
  const declared = operation.responses.get(status);
  if (!declared) violation(place, `status ${status} is not declared`);
  checkHeaders(place, declared, headers);
  const mediaType = headers['content-type']?.split(';')[0]?.trim();
  if (mediaType !== declared.mediaType) violation(place, `content type ${mediaType}, declared ${declared.mediaType}`);
  if (method === 'HEAD' || declared.mediaType === undefined) {
    if (text !== '') violation(place, `a body where there is none: ${text.slice(0, 200)}`);
    if (declared.codes.length === 0) seen.answers.add(`${operation.id} ${status}`);
    return undefined;
  }
  const body = declared.mediaType.endsWith('json') ? parsed(place, text) : text;
  const wrong = wrongWith(
    body,
    'openapi.json',
    `${declared.at}/content/${declared.mediaType.replace('/', '~1')}/schema`,
  );
  if (wrong) violation(place, `the body: ${wrong}: ${text.slice(0, 400)}`);
  checkDiscretion(place, { headers, text: declared.codes.length > 0 ? text : '' });
  if (declared.codes.length > 0) {
    checkProblem(place, declared, body);
    seen.answers.add(`${operation.id} ${status} ${(body as { code: string }).code}`);
  } else {
    seen.answers.add(`${operation.id} ${status}`);
  }
  return body;
}

/** @throws if the AsyncAPI spec does not declare the frame for the server */
export function recordFrame(text: string): ServerMessage {
  const frame = parsed('A frame', text) as ServerMessage;
  const place = `A frame ${text.slice(0, 400)}`;
  const fits = serverFrames.filter(({ at }) => wrongWith(frame, 'asyncapi.json', at) === undefined);
  if (fits.length !== 1) {
    const meant = serverFrames.find(({ type }) => type === frame?.type);
    violation(place, meant ? `${wrongWith(frame, 'asyncapi.json', meant.at)}` : 'no frame of the server has this type');
  }
  if (frame.type === 'error') checkDiscretion(place, { headers: {}, text: frame.msg.detail });
  seen.frames.add(frame.type);
  if (frame.type === 'error') seen.errors.add(frame.msg.code);
  return frame;
}

/** Returns the close event of a stream. @throws if the AsyncAPI spec doesn't declare it */
export function recordCloseEvent(data: string): StreamClose {
  const close = parsed('A close event', data) as StreamClose;
  const { at } = serverEvents.find(({ name }) => name === 'close')!;
  const wrong = wrongWith(close, 'asyncapi.json', at);
  if (wrong) violation(`A close event ${data.slice(0, 400)}`, wrong);
  recordClose(close.code);
  return close;
}

/** @throws if neither the AsyncAPI spec nor RFC 6455 has the close code */
export function recordClose(code: number): void {
  if (!closeCodes.includes(code) && !ownCloseCodes.includes(code)) violation(`Close ${code}`, 'it is not declared');
  seen.closes.add(code);
}
