import { createHmac } from 'node:crypto';
import { testIssuer, testSecret } from '../../../test/harness/tokens.ts';
import { type Frame, type Message, messageFrame, messageOf } from '../proxy/frames.ts';
import { header, type Request, type Response } from '../proxy/http.ts';
import type { Switch } from '../proxy/proxy.ts';
import type { Room, Session } from '../proxy/room.ts';

/** A way in which a server may break the contract. */
export interface Violation {
  readonly name: string;
  /** Behaviour of the server, in the words of a reader of the contract: "answers a sign-up with 200". */
  readonly breaks: string;
  /** The case of the kit that reports it. */
  readonly caughtBy: string;
  /** Called once for each run, because a switch may have state. */
  readonly plant: () => Switch;
}

/** Returns a path without its query. */
export const pathOf = ({ target }: Request): string => target.split('?')[0]!;

/** `undefined` leaves it unchanged. */
export type Change = (response: Response, request: Request) => Response | undefined;

/** Changes the responses to `method path` with one of these statuses. */
export const onAnswer =
  (method: string, path: string, statuses: number | readonly number[], change: Change) => (): Switch => ({
    answer: (response, request) =>
      request.method === method && pathOf(request) === path && [statuses].flat().includes(response.status)
        ? change(response, request)
        : undefined,
  });

/** Changes requests for `path`, or answers them. */
export const onAsk =
  (path: string, change: (request: Request, room: Room) => Request | Response | undefined) => (): Switch => ({
    ask: (request, room) => (pathOf(request) === path ? change(request, room) : undefined),
  });

type Told = Message | Frame | readonly (Message | Frame)[] | undefined;
const isFrame = (told: Message | Frame): told is Frame => 'opcode' in told;

const framesOf = (told: Told): readonly Frame[] | undefined =>
  told === undefined
    ? undefined
    : [told].flat().map((each: Message | Frame) => (isFrame(each) ? each : messageFrame(each)));

/** Changes the frames from the server to one client. */
export const onTell =
  (type: string, change: (message: Message, session: Session, room: Room) => Told) => (): Switch => ({
    tell: (frame, session, room) => {
      const message = messageOf(frame);
      return message?.type === type ? framesOf(change(message, session, room)) : undefined;
    },
  });

/** Changes the frames of a client. One that is not a JSON object comes without a message. */
export const onSay =
  (change: (message: Partial<Message> | undefined, frame: Frame, session: Session, room: Room) => Told) =>
  (): Switch => ({
    say: (frame, session, room) => framesOf(change(messageOf(frame), frame, session, room)),
  });

export const withMsg = (message: Message, msg: Readonly<Record<string, unknown>>): Message => ({
  ...message,
  msg: { ...message.msg, ...msg },
});

export const without = <Whole extends object>(whole: Whole, name: keyof Whole): Whole =>
  Object.fromEntries(Object.entries(whole).filter(([key]) => key !== name)) as Whole;

/** Changes a JSON body. */
export const withJson = (response: Response, change: (json: Record<string, unknown>) => object): Response => ({
  ...response,
  body: JSON.stringify(change(JSON.parse(response.body))),
});

/** `undefined` leaves a header out. */
export function withHeader<Head extends Request | Response>(head: Head, name: string, value: string | undefined): Head {
  const others = head.headers.filter(([key]) => key.toLowerCase() !== name.toLowerCase());
  return { ...head, headers: value === undefined ? others : [...others, [name, value]] };
}

/** Returns the members of a request's body, or none if it is no JSON object. */
export function bodyOf({ body }: Request): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(body.toString()));
  } catch {
    return {};
  }
}

/** Done, without an answer. */
export const done: Response = { status: 204, headers: [['Connection', 'close']], body: '' };

const jsonHeaders = (type: string): Response['headers'] => [
  ['Content-Type', type],
  ['Connection', 'close'],
];
export const json = (status: number, body: object): Response => ({
  status,
  headers: jsonHeaders('application/json'),
  body: JSON.stringify(body),
});
export const problem = (status: number, code: string, title: string, more: object = {}): Response => ({
  status,
  headers: jsonHeaders('application/problem+json'),
  body: JSON.stringify({ type: `urn:palaver:problem:${code}`, title, status, code, ...more }),
});
export const invalidBody = (pointer: string): Response =>
  problem(400, 'invalid_body', 'Body is not valid', { errors: [{ pointer, detail: 'must be something else' }] });

const signatureOf = (signed: string): string => createHmac('sha256', testSecret).update(signed).digest('base64url');

/** Returns a token that the server accepts. */
export function tokenFor(claims: Readonly<Record<string, unknown>>): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const expiring = { iss: testIssuer, exp: Math.floor(Date.now() / 1_000) + 3_600, ...claims };
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(expiring)}`;
  return `${signed}.${signatureOf(signed)}`;
}

/** Tells whether the token is signed with the server's secret. */
export function isSigned(token: string): boolean {
  const at = token.lastIndexOf('.');
  return signatureOf(token.slice(0, at)) === token.slice(at + 1);
}

/** Lets a client in with a valid token, whatever its own. */
export const admit = (request: Request, username = 'A stranger'): Request =>
  withHeader(request, 'Authorization', `Bearer ${tokenFor({ id: `planted ${username}`, username })}`);

export const hasToken = (request: Request): boolean =>
  header(request, 'authorization') !== undefined || /bearer\./.test(header(request, 'sec-websocket-protocol') ?? '');

/** With three sessions or more, the newest: one client among others. */
export const isTheOne = (session: Session, { sessions }: Room): boolean =>
  sessions.length >= 3 && session === sessions.at(-1);
