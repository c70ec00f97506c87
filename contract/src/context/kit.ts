import { setTimeout as sleep } from 'node:timers/promises';
import { chatMessage, newNonce } from '../client/messages.ts';
import { createPacer, type Pacer } from '../client/pacer.ts';
import { createPatience, type Patience } from '../client/patience.ts';
import { present } from '../client/roster.ts';
import type { Seen, SeenAnswer, SeenSession } from '../client/seen.ts';
import { type Answer, asCurl, type Request, send } from '../client/send.ts';
import { type JoinOptions, openSession, Refused, type Session } from '../client/session.ts';
import { Unfinished, Violation } from '../errors.ts';
import { below } from '../specs/below.ts';
import type { Specs } from '../specs/index.ts';
import { member } from '../specs/schema.ts';
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
  /** A session that ends with the case. @throws {Violation} where it isn't let in */
  join(role: Role, options?: Partial<JoinOptions>): Promise<Session>;
  /** The session that is there all the time. */
  observer(): Promise<Session>;
  /** Ends the sessions of a case, and waits until the observer has seen them go. */
  endSessions(): Promise<void>;
  /** Ends the observer, too. */
  end(): Promise<void>;
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
  const answers: SeenAnswer[] = [];
  const sessions: SeenSession[] = [];
  const open = new Set<Session>();
  const patience = createPatience(5_000, 1_500);
  const pacer = createPacer(framesPerSecond);
  let observer: Promise<Session> | undefined;
  let joins = 0;

  /** Passwords are hashed slowly on purpose, and on a busy machine very slowly. */
  const answerPatience = createPatience(30_000, 5_000, 2);

  function inTime(): void {
    if (Date.now() > deadlineMs) throw new Unfinished('the time ran out');
  }

  /** Waits as long as an answer tells to, and says whether there is anything to wait for. */
  async function waitFor({ status, headers }: Answer): Promise<boolean> {
    const seconds = Number(headers['retry-after']);
    if (!(status === 429 || status === 503) || !(seconds >= 0)) return false;
    if (Date.now() + seconds * 1_000 > deadlineMs)
      throw new Unfinished(
        `the server answered ${status} with Retry-After: ${seconds}, which is longer than the time left`,
      );
    await sleep(seconds * 1_000);
    return true;
  }

  async function ask(request: Request, wants?: number): Promise<Answer> {
    for (let tries = 1; ; tries += 1) {
      inTime();
      const answer = await send(url, request, answerPatience.ms()).catch((error: unknown) => {
        answerPatience.missed();
        throw error;
      });
      answers.push({ request, answer });
      if (answer.status === wants || tries === 5 || !(await waitFor(answer))) return answer;
    }
  }

  const socketUrl = new URL(below(url, specs.chat.address), url);
  socketUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  /** Says something, and looks under which name. */
  async function usernameOf(token: string): Promise<string> {
    const session = await openSession({ url: socketUrl, label: 'who', username: '', patience }, { token }, () => {});
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

  async function enter(role: Role, options: Partial<JoinOptions> = {}): Promise<Session> {
    const { username, token } = await people.user(role);
    inTime();
    joins += 1;
    const place = { url: socketUrl, label: `${role} ${joins}`, username, patience };
    for (let tries = 1; ; tries += 1) {
      try {
        const session = await openSession(place, { token, ...options }, (answer) =>
          answers.push({ request: handshake, answer }),
        );
        sessions.push(session);
        return session;
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (tries < 5 && (await waitFor(error.answer))) continue;
        throw new Violation(`${username} isn't let in: ${error.message}`, asCurl(url, handshake));
      }
    }
  }

  let departuresAreTold = true;
  /** Resolves when the observer knows of nobody in the room but itself and strangers. Where it once doesn't hear of it, nobody waits again. */
  async function emptied(): Promise<void> {
    const watcher = await observer?.catch(() => undefined);
    if (!watcher || !departuresAreTold) return;
    const gone = [...open].map(({ username }) => username).filter((username) => username !== watcher.username);
    for (const username of new Set(gone)) {
      if (!present(watcher, username)) continue;
      await watcher
        .until(`user_left of ${username}`, () => !present(watcher, username))
        .catch(() => {
          departuresAreTold = false;
        });
    }
  }

  const kit: Kit = {
    url,
    specs,
    seed,
    patience,
    pacer,
    seen: { answers, sessions },
    jwtSecret,
    adminToken,
    ask,
    curl: (request) => asCurl(url, request),
    ...people,
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
      await emptied();
      open.clear();
    },
    end: async () => {
      await kit.endSessions();
      await (await observer?.catch(() => undefined))?.close();
    },
  };
  return kit;
}
