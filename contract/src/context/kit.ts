import { openEventStream } from '../client/event-stream.ts';
import { chatMessage, newNonce } from '../client/messages.ts';
import { createPacer, type Pacer } from '../client/pacer.ts';
import { createPatience, type Patience } from '../client/patience.ts';
import type { Door, Seen, SeenSession } from '../client/seen.ts';
import { type Answer, asCurl, type Request } from '../client/send.ts';
import { type JoinOptions, type Place, Refused, type Session } from '../client/session.ts';
import { claimsOf } from '../client/users.ts';
import { openWebSocket } from '../client/websocket.ts';
import { NotTried, Violation } from '../errors.ts';
import { below } from '../specs/below.ts';
import type { Specs } from '../specs/index.ts';
import { member } from '../specs/schema.ts';
import { createAsking } from './asking.ts';
import { createDepartures } from './departures.ts';
import { createPeople, type People, type Role } from './people.ts';

/** The tools that every case uses. */
export interface Kit extends People {
  readonly url: URL;
  readonly specs: Specs;
  readonly seed: number;
  readonly patience: Patience;
  readonly pacer: Pacer;
  readonly seen: Seen;
  readonly jwtSecret: string | undefined;
  /** The operator's secret. */
  readonly adminToken: string | undefined;
  /** Sends a request. Obeys `Retry-After`, unless a case wants that answer. @throws {NoAnswer} */
  ask(request: Request, wants?: number): Promise<Answer>;
  curl(request: Request): string;
  /** Publishes the body of a message over HTTP. @throws {NotTried} where the contract has no such operation */
  publish(token: string, body: unknown, wants?: number): Promise<Answer>;
  /** A session that ends with the case. @throws {Violation} where it isn't let in */
  join(role: Role, options?: Partial<KitJoinOptions>): Promise<Session>;
  /** Returns a kit whose sessions go through this door. */
  through(door: Door): Kit;
  /** The session that is there all the time. */
  observer(): Promise<Session>;
  /** Ends the sessions of a case, and waits until the observer has seen them go. */
  endSessions(): Promise<void>;
  /** Ends the observer, too. */
  end(): Promise<void>;
}

export interface KitJoinOptions extends JoinOptions {
  readonly door: Door;
}

export interface KitDeps {
  readonly url: URL;
  readonly specs: Specs;
  readonly seed: number;
  readonly tokens: readonly string[];
  readonly jwtSecret: string | undefined;
  readonly adminToken: string | undefined;
  readonly deadlineMs: number;
}

/** A user may send 20 a second, says the contract. */
const framesPerSecond = 18;

export function createKit({ url, specs, seed, tokens, jwtSecret, adminToken, deadlineMs }: KitDeps): Kit {
  const sessions: SeenSession[] = [];
  const open = new Set<Session>();
  const patience = createPatience(5_000, 1_500);
  const pacer = createPacer(framesPerSecond);
  let observer: Promise<Session> | undefined;
  let joins = 0;

  const socketUrl = new URL(below(url, specs.chat.address), url);
  socketUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const departures = createDepartures(socketUrl, patience);
  const onStream = (token: string): void => departures.linger(token, String(claimsOf(token).username ?? ''));
  const { answers, published, inTime, waitFor, ask, publish } = createAsking({ url, specs, deadlineMs, onStream });

  /** Says something, and looks under which name. */
  async function usernameOf(token: string): Promise<string> {
    const session = await openWebSocket({ url: socketUrl, label: 'who', username: '', patience }, { token }, () => {});
    const nonce = newNonce();
    session.send(chatMessage({ text: 'Who am I?', nonce }));
    const echo = await session.until('echo', ({ msg }) => member(msg, 'nonce') === nonce);
    await session.close();
    return String(member(echo.msg, 'from_user'));
  }

  const people = createPeople({ spec: specs.http, ask, answers, tokens, jwtSecret, usernameOf });
  const handshake: Request = {
    method: 'GET',
    path: specs.chat.address,
    headers: { Connection: 'Upgrade', Upgrade: 'websocket', Authorization: 'Bearer $TOKEN' },
  };
  /** Returns the request that opens a session. */
  function requestOf(door: Door): Request {
    if (door === 'websocket') return handshake;
    const { events } = specs.chat;
    if (!events) throw new NotTried('the contract has no stream of events');
    return { method: 'GET', path: events.address, headers: { Authorization: 'Bearer $TOKEN' } };
  }

  /** Opens a session through this door. */
  function openThrough(door: Door, place: Omit<Place, 'url'>, options: JoinOptions): Promise<Session> {
    const request = requestOf(door);
    const opening = (answer: Answer): void => void answers.push({ request, answer });
    if (door === 'websocket') return openWebSocket({ url: socketUrl, ...place }, options, opening);
    departures.linger(options.token, place.username);
    return openEventStream(
      { url: new URL(below(url, request.path), url), ...place },
      { ...options, publish: (body) => publish(options.token, body) },
      opening,
    );
  }

  async function enter(role: Role, { door = 'websocket', ...options }: Partial<KitJoinOptions> = {}): Promise<Session> {
    const { username, token } = await people.user(role);
    inTime();
    joins += 1;
    const place = { label: `${role} ${joins}`, username, patience };
    for (let tries = 1; ; tries += 1) {
      try {
        const session = await openThrough(door, place, { token, ...options });
        sessions.push(session);
        return session;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (tries < 5 && (await waitFor(error.answer))) continue;
        throw new Violation(`${username} isn't let in: ${error.message}`, asCurl(url, requestOf(door)));
      }
    }
  }

  const kit: Kit = {
    url,
    specs,
    seed,
    patience,
    pacer,
    seen: { answers, sessions, published },
    jwtSecret,
    adminToken,
    ask,
    curl: (request) => asCurl(url, request),
    publish,
    ...people,
    through: (door) => ({ ...kit, join: (role, options) => kit.join(role, { door, ...options }) }),
    join: async (role, options) => {
      await kit.observer();
      const session = await enter(role, options);
      open.add(session);
      return session;
    },
    observer: async () => {
      const known = await observer?.catch(() => undefined);
      if (known === undefined || known.closeCode !== undefined) observer = enter('observer');
      return observer as Promise<Session>;
    },
    endSessions: async () => {
      await Promise.all([...open].map((session) => session.close()));
      await departures.gone(await observer?.catch(() => undefined), open);
      open.clear();
    },
    end: async () => {
      await kit.endSessions();
      await (await observer?.catch(() => undefined))?.close();
    },
  };
  return kit;
}
