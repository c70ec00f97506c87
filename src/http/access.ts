import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { Handlers } from '../../generated/http/index.ts';
import { authenticate, tokenIn } from '../auth/require-auth.ts';
import { InvalidToken, type VerifyToken } from '../auth/tokens.ts';
import type { Revocations } from '../revocations/revocations.ts';
import { hasBody } from './body.ts';
import type { AppEnv } from './env.ts';
import { problem } from './problem.ts';

interface Parts {
  readonly verify: VerifyToken;
  readonly revocations: Revocations;
}

/** What is not there where nobody has the token for it. */
export const adminOperations = ['disableUser', 'enableUser'] as const;

/** Where access ends before its time. Who may ask for what concerns others is seen to by `adminOnly`. */
export function accessHandlers({
  verify,
  revocations,
}: Parts): Pick<Handlers<AppEnv>, 'logout' | (typeof adminOperations)[number]> {
  return {
    logout: async (c) => {
      if (hasBody(c.req.raw.headers)) return problem(c, 'body_not_allowed');
      const identity = await authenticate(c.req.raw.headers, verify);
      if (typeof identity === 'string') return problem(c, identity);
      await revocations.revoke(identity);
      c.var.log.info({ userId: identity.id }, 'a token was given back');
      return c.body(null, 204);
    },

    disableUser: async (c) => {
      if (hasBody(c.req.raw.headers)) return problem(c, 'body_not_allowed');
      const { id } = c.req.valid('param');
      await revocations.disable(id);
      c.var.log.info({ userId: id }, 'a user was disabled');
      return c.body(null, 204);
    },

    enableUser: async (c) => {
      if (hasBody(c.req.raw.headers)) return problem(c, 'body_not_allowed');
      const { id } = c.req.valid('param');
      await revocations.enable(id);
      c.var.log.info({ userId: id }, 'a user was enabled');
      return c.body(null, 204);
    },
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Lets only those through who have the secret of whoever runs the server. */
export function adminOnly(adminToken: string): MiddlewareHandler<AppEnv> {
  const wanted = digest(adminToken);
  /** As slow whatever is offered. */
  const offered = (headers: Headers): 'missing_token' | 'invalid_token' | undefined => {
    try {
      const token = tokenIn(headers);
      if (token === undefined) return 'missing_token';
      return timingSafeEqual(digest(token), wanted) ? undefined : 'invalid_token';
    } catch (error) {
      if (error instanceof InvalidToken) return 'invalid_token';
      throw error;
    }
  };
  return async (c, next) => {
    const refusal = offered(c.req.raw.headers);
    return refusal ? problem(c, refusal) : next();
  };
}
