import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import type { Handlers } from '../../generated/http/index.ts';
import type { IssueToken } from '../auth/tokens.ts';
import type { CountAttempt } from '../limits/attempts.ts';
import type { Log } from '../log/log.ts';
import type { Revocations } from '../revocations/revocations.ts';
import type { Passwords } from '../users/passwords.ts';
import type { StoredUser, UserStore } from '../users/user-store.ts';
import { networkOfClient } from './address.ts';
import type { AppEnv } from './env.ts';
import { problem } from './problem.ts';

export interface UserDeps {
  readonly users: UserStore;
  readonly passwords: Passwords;
  readonly issue: IssueToken;
  readonly revocations: Pick<Revocations, 'isDisabled'>;
  readonly countSignUp: CountAttempt;
  readonly countLogin: CountAttempt;
  /** Number of proxies in front of this server whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: number;
}

/** Operations that are absent where an external issuer has the users. */
export const userOperations = ['createUser', 'login'] as const;
/** Operations that are absent where sign-up is off. */
export const signUpOperations = ['createUser'] as const;

/** Returns the handlers of the user routes: sign-up and login. */
export function userHandlers(deps: UserDeps): Pick<Handlers<AppEnv>, (typeof userOperations)[number]> {
  const { users, passwords, issue, revocations, countSignUp, countLogin, trustedProxies } = deps;
  const tooMany = (c: Context<AppEnv>, waitS: number) =>
    problem(c, 'too_many_attempts', { headers: { 'Retry-After': String(waitS) } });
  return {
    createUser: async (c) => {
      const { email, username, password } = c.req.valid('json');
      const waitS = await countSignUp(networkOfClient(c, trustedProxies), email);
      if (waitS !== undefined) return tooMany(c, waitS);
      const user = { id: randomUUID(), username, email };
      const result = await users.insert({ ...user, passwordHash: await passwords.hash(password) });
      return result === 'inserted' ? c.json(user, 201) : problem(c, result);
    },

    login: async (c) => {
      const { email, password } = c.req.valid('json');
      const waitS = await countLogin(networkOfClient(c, trustedProxies), email);
      if (waitS !== undefined) return tooMany(c, waitS);
      const user = await users.findByEmail(email);
      // An unknown e-mail is verified all the same, so that it takes as long.
      if (!(await passwords.verify(password, user?.passwordHash)) || !user) return problem(c, 'invalid_credentials');
      if (revocations.isDisabled(user.id)) return problem(c, 'user_disabled');
      if (!passwords.isCurrent(user.passwordHash)) await renewHash(deps, user, password, c.var.log);
      const { id, username } = user;
      return c.json({ id, username, token: await issue({ id, username }) }, 200);
    },
  };
}

/** Hashes a password again with today's parameters. A failure is logged, and the login succeeds all the same. */
async function renewHash({ users, passwords }: UserDeps, user: StoredUser, password: string, log: Log): Promise<void> {
  try {
    await users.replaceHash(user, await passwords.hash(password));
  } catch (error) {
    log.event('hash_not_renewed', { err: error, userId: user.id });
  }
}
