import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import type { Handlers } from '../../generated/http/index.ts';
import type { IssueToken } from '../auth/tokens.ts';
import type { CountAttempt } from '../limits/attempts.ts';
import type { Log } from '../log/log.ts';
import type { Passwords } from '../users/passwords.ts';
import type { StoredUser, UserStore } from '../users/user-store.ts';
import { networkOfClient } from './address.ts';
import type { AppEnv } from './env.ts';
import { problem } from './problem.ts';

interface UserDeps {
  readonly store: UserStore;
  readonly passwords: Passwords;
  readonly issue: IssueToken;
  readonly isDisabled: (userId: string) => boolean;
  readonly countSignUp: CountAttempt;
  readonly countLogin: CountAttempt;
  /** How many proxies in front of this server say whom they ask for. */
  readonly trustedProxies: number;
}

/** What is not there where tokens come from elsewhere, and what where nobody new may come. */
export const userOperations = ['createUser', 'login'] as const;
export const signUpOperations = ['createUser'] as const;

/** The desk where users are made and tokens given out. */
export function userHandlers(parts: UserDeps): Pick<Handlers<AppEnv>, (typeof userOperations)[number]> {
  const { store, passwords, issue, isDisabled, countSignUp, countLogin, trustedProxies } = parts;
  const tooMany = (c: Context<AppEnv>, waitS: number) =>
    problem(c, 'too_many_attempts', { headers: { 'Retry-After': String(waitS) } });
  return {
    createUser: async (c) => {
      const { email, username, password } = c.req.valid('json');
      const waitS = await countSignUp(networkOfClient(c, trustedProxies), email);
      if (waitS !== undefined) return tooMany(c, waitS);
      const user = { id: randomUUID(), username, email };
      const result = await store.insert({ ...user, passwordHash: await passwords.hash(password) });
      return result === 'inserted' ? c.json(user, 201) : problem(c, result);
    },

    login: async (c) => {
      const { email, password } = c.req.valid('json');
      const waitS = await countLogin(networkOfClient(c, trustedProxies), email);
      if (waitS !== undefined) return tooMany(c, waitS);
      const user = await store.findByEmail(email);
      // An unknown e-mail is checked all the same, so that it takes as long.
      if (!(await passwords.verify(password, user?.passwordHash)) || !user) return problem(c, 'invalid_credentials');
      if (isDisabled(user.id)) return problem(c, 'user_disabled');
      if (!passwords.isCurrent(user.passwordHash)) await renewHash(parts, user, password, c.var.log);
      const { id, username } = user;
      return c.json({ id, username, token: await issue({ id, username }) }, 200);
    },
  };
}

/** Hashes a password anew with the parameters of today. The login that brought it succeeds all the same if that fails. */
async function renewHash({ store, passwords }: UserDeps, user: StoredUser, password: string, log: Log): Promise<void> {
  try {
    await store.replaceHash(user, await passwords.hash(password));
  } catch (error) {
    log.event('hash_not_renewed', { err: error, userId: user.id });
  }
}
