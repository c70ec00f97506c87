import { randomUUID } from 'node:crypto';
import { bodyRequest } from '../client/request-body.ts';
import type { Seen } from '../client/seen.ts';
import { type Answer, parsed, type Request } from '../client/send.ts';
import { type Account, claimsOf, createNames, isSignedWith, mint, nowS, signUp, type User } from '../client/users.ts';
import { CouldNotRun, NotTried, Unfinished, Violation } from '../errors.ts';
import type { HttpSpec } from '../specs/http.ts';
import { member } from '../specs/schema.ts';

/** The users of the cases. The observer stays in the room for the whole run. */
export type Role = 'observer' | 'ann' | 'bob';
export const roles: readonly Role[] = ['observer', 'ann', 'bob'];

/** The users of a run: each is made when it is needed, and once, also where that fails. */
export interface People {
  /** @throws {NotTried} where there is none */
  user(role: Role): Promise<User>;
  /** Returns a user created by the sign-up, even if tokens were given. @throws {NotTried} where there is no sign-up */
  account(): Promise<Account>;
  /** The same for any role. @throws {Violation} where the sign-up failed */
  signedUp(role: Role): Promise<Account>;
  /** Logs bob in once more. @throws {NotTried} where there is no login */
  logIn(): Promise<LoggedIn>;
  /** Returns the last login of this kind; logs in if there was none. */
  again(): Promise<LoggedIn>;
  /** Another token of bob's: minted where that can be, so that it differs in all that it may. @throws {NotTried} where there is none */
  secondToken(): Promise<string>;
  /** Fields of a user that nobody has yet. */
  names(name: string): { username: string; email: string; password: string };
  /** A token with these claims beside, or instead of, the usual ones. @throws {NotTried} without the secret */
  minted(claims: Readonly<Record<string, unknown>>): Promise<string>;
  /** Names of users that stay behind. */
  leftBehind(): string[];
}

/** A further login. */
export interface LoggedIn {
  readonly request: Request;
  readonly answer: Answer;
  /** Value in the place of the token, of any type. */
  readonly token: unknown;
}

interface PeopleDeps {
  readonly spec: HttpSpec;
  readonly ask: (request: Request) => Promise<Answer>;
  readonly answers: Seen['answers'];
  readonly tokens: readonly string[];
  readonly jwtSecret: string | undefined;
  /** Returns the user's name in the room, where the token does not hold it. */
  readonly usernameOf: (token: string) => Promise<string>;
}

/** Nobody else's token is good for just as long. */
const secondTokenS = 5_000;

export function createPeople({
  spec: { operations },
  ask,
  answers,
  tokens,
  jwtSecret,
  usernameOf,
}: PeopleDeps): People {
  const names = createNames();
  const users = new Map<Role, Promise<User>>();
  const accounts = new Map<Role, Promise<Account>>();
  const hasUsers = ['createUser', 'login'].every((id) => operations.some((operation) => operation.id === id));

  function requestOf(id: string, body: unknown): Request {
    const operation = operations.find((each) => each.id === id);
    if (!operation) throw new NotTried(`the contract has no ${id}`);
    return bodyRequest(operation, JSON.stringify(body));
  }
  const askOperation = async (id: string, body: unknown): Promise<Answer> => ask(requestOf(id, body));

  /** A token of the server's own making, where it makes any: it shows the issuer, and whether the secret is right. */
  async function exampleToken(): Promise<string | undefined> {
    if (tokens.length > 0 || !hasUsers) return tokens[0];
    return people.account().then(
      ({ token }) => token,
      () => undefined,
    );
  }

  async function minted(claims: Readonly<Record<string, unknown>>): Promise<string> {
    if (jwtSecret === undefined) throw new NotTried('it needs tokens that the kit signs: give --jwt-secret');
    const example = await exampleToken();
    if (example !== undefined && !isSignedWith(jwtSecret, example))
      throw new Unfinished('--jwt-secret is not the secret of this server');
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

  async function userOf(token: string): Promise<User> {
    const { username } = claimsOf(token);
    return { username: typeof username === 'string' ? username : await usernameOf(token), token, own: false };
  }

  async function makeUser(role: Role): Promise<User> {
    if (tokens.length > 0) return userOf(tokens[roles.indexOf(role)] ?? tokens[0] ?? '');
    if (hasUsers) return signedUp(role);
    if (jwtSecret === undefined)
      throw new CouldNotRun('This server has no sign-up: give --token twice or more, or --jwt-secret');
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
      throw new NotTried(`it needs a user, and the sign-up failed: ${error.message}`);
    }
  }

  const signedUp = async (role: Role): Promise<Account> => {
    if (!hasUsers) throw new NotTried('the contract has no sign-up');
    return once(accounts, role, () => makeAccount(role));
  };

  /** With the address in capitals; as it was written where that is refused, which is for a rule to judge. */
  async function logIn(): Promise<LoggedIn> {
    const { email, password } = await needed(signedUp('bob'));
    const request = requestOf('login', { email: email.toUpperCase(), password });
    const answer = await ask(request);
    const { json } = answer.status < 300 ? answer : await askOperation('login', { email, password });
    return { request, answer, token: member(json, 'token') };
  }

  async function secondToken(): Promise<string> {
    const { token: first, username, own } = await people.user('bob');
    if (!own) throw new NotTried('the kit has no second token of a user');
    if (jwtSecret !== undefined) {
      const exp = nowS() + secondTokenS;
      return minted({ id: claimsOf(first).id, username, exp, jti: randomUUID() });
    }
    const { token } = await people.again();
    if (typeof token !== 'string' || token === first) throw new NotTried('a second login returns no second token');
    return token;
  }

  let loggedIn: Promise<LoggedIn> | undefined;
  const people: People = {
    logIn: () => {
      loggedIn = logIn();
      return loggedIn;
    },
    again: () => loggedIn ?? people.logIn(),
    secondToken,
    user: (role) => needed(once(users, role, () => makeUser(role))),
    signedUp,
    account: () => needed(signedUp('ann')),
    names,
    minted,
    leftBehind: () => {
      const { method, path } = operations.find(({ id }) => id === 'createUser') ?? {};
      const made = answers.filter(
        ({ request, answer }) => request.method === method && request.path === path && answer.status < 300,
      );
      return made.map(({ request }) => String(member(parsed(String(request.body)), 'username')));
    },
  };
  return people;
}
