import { testAdminToken } from '../../../test/harness/tokens.ts';
import { closeCodeOf, closeFrame } from '../proxy/frames.ts';
import type { Request, Response } from '../proxy/http.ts';
import type { Switch } from '../proxy/proxy.ts';
import { claimsOf, type Session, tokenOf } from '../proxy/room.ts';
import { done, json, onAnswer, pathOf, problem, tokenFor, type Violation, withHeader } from './violation.ts';

const invalidToken = problem(401, 'invalid_token', 'Token refused');
const refusedToken = withHeader(invalidToken, 'WWW-Authenticate', 'Bearer error="invalid_token"');
const userDisabled = problem(403, 'user_disabled', 'User disabled');
/** Replaces the token with a valid one, of a user who is not disabled. */
const asAnother = (request: Request, claims: Readonly<Record<string, unknown>>): Request =>
  withHeader(request, 'Authorization', `Bearer ${tokenFor({ jti: 'planted', ...claims })}`);

interface LogoutChange {
  /** Answers the first logout of a token, in the server's place. */
  readonly logoutAnswer?: Response;
  /** Answers or changes requests with a revoked token, or with another one of its user. */
  readonly withRevoked?: (request: Request) => Request | Response;
  readonly withAnother?: (request: Request) => Request | Response;
  readonly closes?: (session: Session) => boolean;
}

/** Changes the effect of a logout. */
const onLogout =
  ({ logoutAnswer, withRevoked, withAnother, closes }: LogoutChange): (() => Switch) =>
  () => {
    const tokens = new Set<string>();
    const users = new Set<string>();
    return {
      ask: (request) => {
        const token = tokenOf(request);
        const { id } = claimsOf(token);
        if (token === undefined || id === undefined) return undefined;
        if (tokens.has(token)) return withRevoked?.(request);
        if (users.has(id)) return withAnother?.(request);
        if (pathOf(request) !== '/logout') return undefined;
        tokens.add(token);
        users.add(id);
        return logoutAnswer;
      },
      answer: (response, request, { sessions }) => {
        const { id } = claimsOf(tokenOf(request));
        if (pathOf(request) !== '/logout' || response.status !== 204 || !closes) return undefined;
        for (const session of sessions) if (session.claims.id === id && closes(session)) session.tell(closeFrame(4003));
        return undefined;
      },
    };
  };

interface ShutOut {
  /** In the server's place. */
  readonly disable?: Response;
  readonly enable?: Response;
  /** Changes requests of a disabled user, and the responses to them. */
  readonly asks?: (request: Request) => Request | Response | undefined;
  readonly answers?: (response: Response, request: Request) => Response | undefined;
}

/** Changes the effect of disabling a user. */
const shutOut =
  ({ disable, enable, asks, answers }: ShutOut): (() => Switch) =>
  () => {
    const disabled = new Set<string>();
    return {
      ask: (request) => {
        const [, id = '', verb] = /^\/admin\/users\/([^/]+)\/(disable|enable)$/.exec(pathOf(request)) ?? [];
        if (verb === 'disable') {
          disabled.add(decodeURIComponent(id));
          return disable;
        }
        if (verb === 'enable') {
          disabled.delete(decodeURIComponent(id));
          return enable;
        }
        return disabled.has(claimsOf(tokenOf(request)).id ?? '') ? asks?.(request) : undefined;
      },
      answer: (response, request) => answers?.(response, request),
    };
  };

const isLogin = (request: Request): boolean => pathOf(request) === '/login';

export const revoked: readonly Violation[] = [
  {
    name: 'logout-closes-nothing',
    breaks: 'keeps the connections of a revoked token open',
    caughtBy: 'rule.logout',
    plant: onLogout({ logoutAnswer: done, withRevoked: () => refusedToken }),
  },
  {
    name: 'logout-is-going-away',
    breaks: 'closes the connections of a revoked token with another code',
    caughtBy: 'rule.logout',
    plant: () => ({ tell: (frame) => (closeCodeOf(frame) === 4003 ? [closeFrame(1001)] : undefined) }),
  },
  {
    name: 'logout-revokes-nothing',
    breaks: 'accepts a revoked token',
    caughtBy: 'rule.logout',
    plant: onLogout({ withRevoked: (request) => asAnother(request, { ...claimsOf(tokenOf(request)) }) }),
  },
  {
    name: 'logout-is-for-the-door',
    breaks: 'accepts a revoked token everywhere but at /join',
    caughtBy: 'rule.logout',
    plant: onLogout({
      withRevoked: (request) =>
        pathOf(request) === '/join' ? request : asAnother(request, { ...claimsOf(tokenOf(request)) }),
    }),
  },
  {
    name: 'logout-closes-all',
    breaks: 'closes all connections of the user of a revoked token',
    caughtBy: 'rule.logout',
    plant: onLogout({ closes: () => true }),
  },
  {
    name: 'logout-revokes-all',
    breaks: 'refuses all tokens of the user of a revoked token',
    caughtBy: 'rule.logout',
    plant: onLogout({ withAnother: () => refusedToken }),
  },
  {
    name: 'disable-closes-nothing',
    breaks: 'keeps the connections of a disabled user open',
    caughtBy: 'rule.disabled',
    plant: shutOut({ disable: done, asks: () => userDisabled }),
  },
  {
    name: 'disable-is-going-away',
    breaks: 'closes the connections of a disabled user with another code',
    caughtBy: 'rule.disabled',
    plant: () => ({ tell: (frame) => (closeCodeOf(frame) === 4003 ? [closeFrame(1001)] : undefined) }),
  },
  {
    name: 'disabled-let-in',
    breaks: "accepts a disabled user's handshake",
    caughtBy: 'rule.disabled',
    plant: shutOut({
      asks: (request) =>
        pathOf(request) === '/join' ? asAnother(request, { id: 'planted', username: 'A stranger' }) : undefined,
    }),
  },
  {
    name: 'disabled-reads-on',
    breaks: 'lets a disabled user read the history',
    caughtBy: 'rule.disabled',
    plant: shutOut({
      asks: (request) =>
        pathOf(request) === '/messages' ? asAnother(request, { id: 'planted', username: 'A stranger' }) : undefined,
    }),
  },
  {
    name: 'disabled-logs-in',
    breaks: 'lets a disabled user log in',
    caughtBy: 'rule.disabled',
    plant: onAnswer('POST', '/login', 403, () =>
      json(200, { id: 'planted', username: 'A stranger', token: tokenFor({ id: 'planted', username: 'A stranger' }) }),
    ),
  },
  {
    name: 'disabled-is-invalid',
    breaks: "reports a disabled user's token as invalid",
    caughtBy: 'rule.disabled',
    plant: shutOut({ asks: () => refusedToken }),
  },
  {
    name: 'enable-without-effect',
    breaks: 'refuses an enabled user as before',
    caughtBy: 'rule.disabled',
    plant: shutOut({ enable: done }),
  },
  {
    name: 'enabled-has-no-login',
    breaks: "refuses an enabled user's login",
    caughtBy: 'rule.disabled',
    plant: () => {
      let disabled = false;
      return {
        answer: (response, request) => {
          disabled ||= pathOf(request).endsWith('/disable') && response.status === 204;
          return disabled && isLogin(request) && response.status === 200 ? userDisabled : undefined;
        },
      };
    },
  },
  {
    name: 'admin-for-everybody',
    breaks: 'lets any token disable a user',
    caughtBy: 'http.disableUser.bad-token',
    plant: () => ({
      ask: (request) =>
        pathOf(request).startsWith('/admin/') && tokenOf(request) !== undefined
          ? withHeader(request, 'Authorization', `Bearer ${testAdminToken}`)
          : undefined,
    }),
  },
  {
    name: 'admin-without-a-token',
    breaks: 'disables a user without a token',
    caughtBy: 'http.disableUser.no-token',
    plant: () => ({
      ask: (request) =>
        pathOf(request).startsWith('/admin/') && tokenOf(request) === undefined
          ? withHeader(request, 'Authorization', `Bearer ${testAdminToken}`)
          : undefined,
    }),
  },
];
