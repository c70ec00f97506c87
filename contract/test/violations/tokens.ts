import { testIssuer } from '../../../test/harness/tokens.ts';
import { header, type Request, type Response } from '../proxy/http.ts';
import type { Switch } from '../proxy/proxy.ts';
import { claimsOf, tokenOf } from '../proxy/room.ts';
import {
  admit,
  type Change,
  hasToken,
  isSigned,
  onAnswer,
  onAsk,
  problem,
  tokenFor,
  type Violation,
  withHeader,
  without,
} from './violation.ts';

const expired = (request: Request): boolean => {
  const { exp } = claimsOf(tokenOf(request)) as { exp?: number };
  return typeof exp === 'number' && exp < Date.now() / 1_000 - 5;
};
const forged = (request: Request): boolean => {
  const token = tokenOf(request);
  return token !== undefined && claimsOf(token).id !== undefined && !isSigned(token);
};

/** Accepts correctly signed tokens that the server refuses, with these claims in place of theirs, if there are any. */
const claiming = (change: (claims: Record<string, unknown>) => Record<string, unknown> | undefined): (() => Switch) =>
  onAsk('/join', (request) => {
    const token = tokenOf(request);
    const claims = token && isSigned(token) && change(claimsOf(token) as Record<string, unknown>);
    return claims ? withHeader(request, 'Authorization', `Bearer ${tokenFor(claims)}`) : undefined;
  });

const unauthenticated = (code: string, change: (response: Response) => Response): (() => Switch) =>
  onAnswer('GET', '/join', 401, (response) => (response.body.includes(`"${code}"`) ? change(response) : undefined));
const switched = (change: Change): (() => Switch) => onAnswer('GET', '/join', 101, change);
const refused = problem(401, 'invalid_token', 'Token refused');

export const tokens: readonly Violation[] = [
  {
    name: 'no-token-let-in',
    breaks: 'accepts a handshake without a token',
    caughtBy: 'ws.handshake.no-token',
    plant: onAsk('/join', (request) => (hasToken(request) ? undefined : admit(request))),
  },
  {
    name: 'forged-let-in',
    breaks: 'accepts a token with a foreign signature',
    caughtBy: 'ws.handshake.forged-token',
    plant: onAsk('/join', (request) => (forged(request) ? admit(request) : undefined)),
  },
  {
    name: 'garbage-let-in',
    breaks: 'accepts a malformed token',
    caughtBy: 'ws.handshake.bad-token',
    plant: onAsk('/join', (request) =>
      tokenOf(request) !== undefined && claimsOf(tokenOf(request)).id === undefined ? admit(request) : undefined,
    ),
  },
  {
    name: 'expired-let-in',
    breaks: 'accepts an expired token',
    caughtBy: 'ws.token.expired',
    plant: onAsk('/join', (request) => (expired(request) ? admit(request) : undefined)),
  },
  {
    name: 'scheme-ignored',
    breaks: 'reports credentials of another scheme as an invalid token',
    caughtBy: 'ws.handshake.other-scheme',
    plant: onAnswer('GET', '/join', 401, (_, request) =>
      /^bearer /i.test(header(request, 'authorization') ?? 'Bearer ')
        ? undefined
        : withHeader(refused, 'WWW-Authenticate', 'Bearer error="invalid_token"'),
    ),
  },
  {
    name: 'missing-token-is-an-error',
    breaks: 'reports a missing token as an invalid one',
    caughtBy: 'rule.www-authenticate',
    plant: unauthenticated('missing_token', (response) =>
      withHeader(response, 'WWW-Authenticate', 'Bearer error="invalid_token"'),
    ),
  },
  {
    name: 'refusal-not-explained',
    breaks: 'refuses a token without error="invalid_token"',
    caughtBy: 'rule.www-authenticate',
    plant: unauthenticated('invalid_token', (response) => withHeader(response, 'WWW-Authenticate', 'Bearer')),
  },
  {
    name: 'join-401-bare',
    breaks: 'refuses a handshake for its missing token without WWW-Authenticate',
    caughtBy: 'http.join.headers',
    plant: unauthenticated('missing_token', (response) => withHeader(response, 'WWW-Authenticate', undefined)),
  },
  {
    name: 'token-in-url',
    breaks: 'accepts a token in the URL',
    caughtBy: 'ws.handshake.token-in-url',
    plant: onAsk('/join', (request) => {
      const token = /[?&][^=]*token=([^&]+)/.exec(request.target)?.[1];
      return token && !hasToken(request) ? withHeader(request, 'Authorization', `Bearer ${token}`) : undefined;
    }),
  },
  {
    name: 'subprotocol-refused',
    breaks: 'ignores a token in a subprotocol, as a browser sends it',
    caughtBy: 'ws.handshake.subprotocol',
    plant: onAsk('/join', (request) =>
      /bearer\./.test(header(request, 'sec-websocket-protocol') ?? '')
        ? withHeader(request, 'Sec-WebSocket-Protocol', 'palaver.v1')
        : undefined,
    ),
  },
  {
    name: 'subprotocol-tells-the-token',
    breaks: 'selects the subprotocol that holds the token',
    caughtBy: 'ws.handshake.subprotocol',
    plant: switched((response, request) =>
      header(response, 'sec-websocket-protocol')
        ? withHeader(response, 'Sec-WebSocket-Protocol', `bearer.${tokenOf(request)}`)
        : undefined,
    ),
  },
  {
    name: 'contradiction-let-in',
    breaks: 'accepts one of two different tokens',
    caughtBy: 'ws.handshake.two-tokens',
    plant: onAsk('/join', (request) =>
      header(request, 'authorization') && /bearer\./.test(header(request, 'sec-websocket-protocol') ?? '')
        ? withHeader(request, 'Sec-WebSocket-Protocol', 'palaver.v1')
        : undefined,
    ),
  },
  {
    name: 'unsigned-let-in',
    breaks: 'accepts an unsigned token',
    caughtBy: 'ws.handshake.unsigned-token',
    plant: onAsk('/join', (request) => (tokenOf(request)?.endsWith('.') ? admit(request) : undefined)),
  },
  {
    name: 'issuer-ignored',
    breaks: 'accepts a token of another issuer',
    caughtBy: 'ws.token.other-issuer',
    plant: claiming(({ iss, ...claims }) => (iss === testIssuer ? undefined : claims)),
  },
  {
    name: 'not-before-ignored',
    breaks: 'accepts a token before its nbf',
    caughtBy: 'ws.token.not-yet',
    plant: claiming(({ nbf, ...claims }) => (typeof nbf === 'number' ? claims : undefined)),
  },
  {
    name: 'subject-ignored',
    breaks: 'accepts a token whose sub is another user',
    caughtBy: 'ws.token.other-sub',
    plant: claiming(({ sub, ...claims }) => (typeof sub === 'string' && sub !== claims.id ? claims : undefined)),
  },
  {
    name: 'expiry-optional',
    breaks: 'accepts a token that never expires',
    caughtBy: 'ws.token.exp.required',
    plant: claiming((claims) => (claims.exp === undefined ? without(claims, 'exp') : undefined)),
  },
  {
    name: 'scheme-has-a-case',
    breaks: 'refuses the scheme in lower case',
    caughtBy: 'ws.handshake.scheme-case',
    plant: onAsk('/join', (request) =>
      header(request, 'authorization')?.startsWith('bearer ')
        ? withHeader(request, 'Authorization', undefined)
        : undefined,
    ),
  },
];
