import { setTimeout as sleep } from 'node:timers/promises';
import { createPacer, type Pacer } from './chat/pacer.ts';
import { chatMessage, newNonce } from './chat/say.ts';
import { openSession, Refused, type Session } from './chat/session.ts';
import { CouldNotRun, NotTried, Unfinished, Violation } from './errors.ts';
import { type Answer, asCurl, below, parsed, type Request, send } from './http/send.ts';
import { createPatience, type Patience } from './patience.ts';
import { present } from './roster.ts';
import type { Seen, SeenAnswer, SeenSession } from './seen.ts';
import type { Specs } from './specs/index.ts';
import { member } from './specs/schema.ts';
import { type Account, claimsOf, createNames, isSignedWith, mint, nowS, signUp, type User } from './users.ts';

/** Who acts in the cases. The observer is in the room all the time. */
export type Role = 'observer' | 'ann' | 'bob';

/** What every case works with. */
export interface Kit {
  readonly url: URL;
  readonly specs: Specs;
  readonly seed: number;
  readonly patience: Patience;
  readonly pacer: Pacer;
  readonly seen: Seen;
  readonly jwtSecret: string | undefined;
  /** One request. Where it is told to come back later it does, unless a case wants just that answer. @throws {NoAnswer} */
  ask(request: Request, wants?: number): Promise<Answer>;
  /** Asks an operation with a body of JSON. @throws {NotTried} where the contract has no such operation */
  askOperation(id: string, body: unknown): Promise<Answer>;
  curl(request: Request): string;
  /** @throws {NotTried} where there is none */
  user(role: Role): Promise<User>;
  /** A user that was made through the front door, also where tokens were given. @throws {NotTried} where there is none */
  account(): Promise<Account>;
  /** The same for any role. @throws {Violation} where the sign-up failed */
  signedUp(role: Role): Promise<Account>;
  /** Fields of a user that nobody has yet. */
  names(name: string): { username: string; email: string; password: string };
  /** A token with these claims beside, or instead of, the usual ones. @throws {NotTried} without the secret */
  minted(claims: Readonly<Record<string, unknown>>): Promise<string>;
  /** A session that ends with the case. @throws {Violation} where it isn't let in */
  join(role: Role, options?: { readonly early?: readonly string[]; readonly token?: string }): Promise<Session>;
  /** The session that is there all the time. */
  observer(): Promise<Session>;
  /** Ends the sessions of a case, and waits until the observer has seen them go. */
  endSessions(): Promise<void>;
  /** Ends the observer, too. */
  end(): Promise<void>;
  /** Names of users that stay behind. */
  leftBehind(): string[];
}

export interface KitParts {
  readonly url: URL;
  readonly specs: Specs;
  readonly seed: number;
  readonly tokens: readonly string[];
  readonly jwtSecret: string | undefined;
  readonly deadlineMs: number;
}

/** A user may send 20 a second, says the contract. */
const framesPerSecond = 18;
export const roles: readonly Role[] = ['observer', 'ann', 'bob'];

export function createKit({ url, specs, seed, tokens, jwtSecret, deadlineMs }: KitParts): Kit {
  const answers: SeenAnswer[] = [];
  const sessions: SeenSession[] = [];
  const open = new Set<Session>();
  const patience = createPatience(5_000, 1_500);
  const pacer = createPacer(framesPerSecond);
  const names = createNames();
  const users = new Map<Role, Promise<User>>();
  const accounts = new Map<Role, Promise<Account>>();
  let observer: Promise<Session> | undefined;
  let joins = 0;

  const { operations } = specs.http;
  const mostAnswerMs = 10_000;

  function inTime(): void {
    if (Date.now() > deadlineMs) throw new Unfinished('the time was over');
  }

  /** Waits as long as an answer tells to, and says whether there is anything to wait for. */
  async function waitFor({ status, headers }: Answer): Promise<boolean> {
    const seconds = Number(headers['retry-after']);
    if (!(status === 429 || status === 503) || !(seconds >= 0)) return false;
    if (Date.now() + seconds * 1_000 > deadlineMs)
      throw new Unfinished(`answered ${status}, to come back in ${seconds} s, for which there is no time`);
    await sleep(seconds * 1_000);
    return true;
  }

  async function ask(request: Request, wants?: number): Promise<Answer> {
    for (let tries = 1; ; tries += 1) {
      inTime();
      const answer = await send(url, request, mostAnswerMs);
      answers.push({ request, answer });
      if (answer.status === wants || tries === 5 || !(await waitFor(answer))) return answer;
    }
  }

  async function askOperation(id: string, body: unknown): Promise<Answer> {
    const operation = operations.find((each) => each.id === id);
    if (!operation) throw new NotTried(`the contract has no ${id}`);
    const { method, path } = operation;
    return ask({ method, path, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  }

  /** A token of the server's own making, where it makes any: it shows the issuer, and whether the secret is right. */
  async function exampleToken(): Promise<string | undefined> {
    if (tokens.length > 0 || !hasUsers) return tokens[0];
    return kit.account().then(
      ({ token }) => token,
      () => undefined,
    );
  }

  async function minted(claims: Readonly<Record<string, unknown>>): Promise<string> {
    if (jwtSecret === undefined) throw new NotTried('only a minted token can try this; --jwt-secret allows it');
    const example = await exampleToken();
    if (example !== undefined && !isSignedWith(jwtSecret, example))
      throw new Unfinished('--jwt-secret is not what tokens are signed with here');
    const { iss = 'palaver' } = claimsOf(example ?? '');
    return mint(jwtSecret, { iss, exp: nowS() + 3_600, ...claims });
  }

  async function makeAccount(role: Role): Promise<Account> {
    const fields = names(role);
    // As long a name as may be, so that it is seen where one is cut.
    const { maxLength = 0 } = operations.find(({ id }) => id === 'createUser')?.body?.schema.properties?.username ?? {};
    const username = role === 'bob' ? fields.username.padEnd(maxLength, 'é') : fields.username;
    return signUp(askOperation, { ...fields, username });
  }

  const hasUsers = ['createUser', 'login'].every((id) => operations.some((operation) => operation.id === id));

  /** A user whose token was given. What it is called says the token, or else what it says in the room. */
  async function userOf(token: string): Promise<User> {
    const { username } = claimsOf(token);
    if (typeof username === 'string') return { username, token, own: false };
    const session = await openSession({ url: socketUrl, label: 'who', username: '', patience }, { token }, () => {});
    const nonce = newNonce();
    session.send(chatMessage({ text: 'Who am I?', nonce }));
    const echo = await session.until('echo', ({ msg }) => member(msg, 'nonce') === nonce);
    await session.close();
    return { username: String(member(echo.msg, 'from_user')), token, own: false };
  }

  async function makeUser(role: Role): Promise<User> {
    if (tokens.length > 0) return userOf(tokens[roles.indexOf(role)] ?? tokens[0] ?? '');
    if (hasUsers) return signedUp(role);
    if (jwtSecret === undefined)
      throw new CouldNotRun('This server makes no users: give --token twice or more, or --jwt-secret');
    const { username } = names(role);
    return { username, token: await minted({ id: username, username }), own: true };
  }

  /** Made once, also where that fails. */
  function once<Key, Made>(known: Map<Key, Promise<Made>>, key: Key, make: () => Promise<Made>): Promise<Made> {
    const making = known.get(key) ?? make();
    known.set(key, making);
    return making;
  }

  /** Without a user nothing can be said; that there is none is for the case of the sign-up to say. */
  async function needed<Made>(making: Promise<Made>): Promise<Made> {
    try {
      return await making;
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      throw new NotTried(`there is no user to try it with: ${error.message}`);
    }
  }

  const signedUp = async (role: Role): Promise<Account> => {
    if (!hasUsers) throw new NotTried('the contract has no sign-up');
    return once(accounts, role, () => makeAccount(role));
  };

  const socketUrl = new URL(below(url, specs.chat.address), url);
  socketUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const handshake: Request = {
    method: 'GET',
    path: specs.chat.address,
    headers: { Connection: 'Upgrade', Upgrade: 'websocket', Authorization: 'Bearer $TOKEN' },
  };

  async function open_(role: Role, options: { early?: readonly string[]; token?: string } = {}): Promise<Session> {
    const { username, token } = await kit.user(role);
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
    ask,
    askOperation,
    curl: (request) => asCurl(url, request),
    user: (role) => needed(once(users, role, () => makeUser(role))),
    signedUp,
    account: () => needed(signedUp('ann')),
    names,
    minted,
    join: async (role, options) => {
      await kit.observer();
      const session = await open_(role, options);
      open.add(session);
      return session;
    },
    observer: async () => {
      const known = await observer?.catch(() => undefined);
      if (known === undefined || known.closeCode !== undefined) observer = open_('observer');
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
    leftBehind: () => {
      const { method, path } = operations.find(({ id }) => id === 'createUser') ?? {};
      const made = answers.filter(
        ({ request, answer }) => request.method === method && request.path === path && answer.status < 300,
      );
      return made.map(({ request }) => String(member(parsed(String(request.body)), 'username')));
    },
  };
  return kit;
}
