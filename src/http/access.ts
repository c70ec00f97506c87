import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import type { Handlers } from '../../generated/http/index.ts';
import { authenticate } from '../auth/require-auth.ts';
import { InvalidToken, type VerifyToken } from '../auth/tokens.ts';
import type { Revocations } from '../revocations/revocations.ts';
import { hasBody } from './body.ts';
import type { AppEnv } from './env.ts';
import { problem } from './problem.ts';

interface AccessDeps {
  readonly verify: VerifyToken;
  readonly revocations: Revocations;
}

type AccessEvent = 'user_disabled' | 'user_enabled';

/** Operations that are absent where no `ADMIN_TOKEN` is set. */
export const adminOperations = ['disableUser', 'enableUser'] as const;

/** Returns the handlers of logout, and of disabling and enabling users, which `adminOnly` protects. */
export function accessHandlers({
  verify,
  revocations,
}: AccessDeps): Pick<Handlers<AppEnv>, 'logout' | (typeof adminOperations)[number]> {
  const change = async (c: Context<AppEnv>, userId: string, apply: Revocations['disable'], event: AccessEvent) => {
    if (hasBody(c.req.raw.headers)) return problem(c, 'body_not_allowed');
    await apply(userId);
    c.var.log.event(event, { userId });
    return c.body(null, 204);
  };
  return {
    logout: async (c) => {
      if (hasBody(c.req.raw.headers)) return problem(c, 'body_not_allowed');
      const identity = await authenticate(c.req.raw.headers, verify, c.var.log);
      if (typeof identity === 'string') return problem(c, identity);
      await revocations.revoke(identity);
      c.var.log.event('token_given_back', { userId: identity.id });
      return c.body(null, 204);
    },

    disableUser: (c) => change(c, c.req.valid('param').id, revocations.disable, 'user_disabled'),
    enableUser: (c) => change(c, c.req.valid('param').id, revocations.enable, 'user_enabled'),
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const adminSecretWrong = { reason: 'signature', expected: 'ADMIN_TOKEN' } as const;

/** Lets only requests with the operator's secret through. Takes the same time for every request. */
export function adminOnly(adminToken: string): MiddlewareHandler<AppEnv> {
  const wanted = digest(adminToken);
  const verify = async (token: string): Promise<object> => {
    if (!timingSafeEqual(digest(token), wanted)) throw new InvalidToken('The secret is another', adminSecretWrong);
    return {};
  };
  return async (c, next) => {
    const admin = await authenticate(c.req.raw.headers, verify, c.var.log);
    return typeof admin === 'string' ? problem(c, admin) : next();
  };
}

/**
 * Refuses a request without a body for its token first. So a program that only probes for tokens is answered as on every
 * other operation.
 */
export const tokenBeforeMissingBody =
  (verify: VerifyToken): MiddlewareHandler<AppEnv> =>
  async (c, next) => {
    const { headers } = c.req.raw;
    const identity = hasBody(headers) ? undefined : await authenticate(headers, verify, c.var.log);
    return typeof identity === 'string' ? problem(c, identity) : next();
  };
