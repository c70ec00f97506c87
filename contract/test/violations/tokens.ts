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

/** Takes tokens of the right signature that the server refuses: for these claims in their place, where there are any. */
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
    breaks: 'who has no token is let in',
    caughtBy: 'ws.handshake.no-token',
    plant: onAsk('/join', (request) => (hasToken(request) ? undefined : admit(request))),
  },
  {
    name: 'forged-let-in',
    breaks: 'a token that somebody else has signed is taken',
    caughtBy: 'ws.handshake.forged-token',
    plant: onAsk('/join', (request) => (forged(request) ? admit(request) : undefined)),
  },
  {
    name: 'garbage-let-in',
    breaks: 'a token that is none is taken',
    caughtBy: 'ws.handshake.bad-token',
    plant: onAsk('/join', (request) =>
      tokenOf(request) !== undefined && claimsOf(tokenOf(request)).id === undefined ? admit(request) : undefined,
    ),
  },
  {
    name: 'expired-let-in',
    breaks: 'a token that has expired is taken',
    caughtBy: 'ws.token.expired',
    plant: onAsk('/join', (request) => (expired(request) ? admit(request) : undefined)),
  },
  {
    name: 'scheme-ignored',
    breaks: 'credentials of another scheme are told as a token that does not hold',
    caughtBy: 'ws.handshake.other-scheme',
    plant: onAnswer('GET', '/join', 401, (_, request) =>
      /^bearer /i.test(header(request, 'authorization') ?? 'Bearer ')
        ? undefined
        : withHeader(refused, 'WWW-Authenticate', 'Bearer error="invalid_token"'),
    ),
  },
  {
    name: 'missing-token-is-an-error',
    breaks: 'who has no token is told that it does not hold',
    caughtBy: 'rule.www-authenticate',
    plant: unauthenticated('missing_token', (response) =>
      withHeader(response, 'WWW-Authenticate', 'Bearer error="invalid_token"'),
    ),
  },
  {
    name: 'refusal-not-explained',
    breaks: 'a token is refused without error="invalid_token"',
    caughtBy: 'rule.www-authenticate',
    plant: unauthenticated('invalid_token', (response) => withHeader(response, 'WWW-Authenticate', 'Bearer')),
  },
  {
    name: 'join-401-bare',
    breaks: 'the door asks for a token without WWW-Authenticate',
    caughtBy: 'http.join.headers',
    plant: unauthenticated('missing_token', (response) => withHeader(response, 'WWW-Authenticate', undefined)),
  },
  {
    name: 'token-in-url',
    breaks: 'a token in the URL opens the door',
    caughtBy: 'ws.handshake.token-in-url',
    plant: onAsk('/join', (request) => {
      const token = /[?&][^=]*token=([^&]+)/.exec(request.target)?.[1];
      return token && !hasToken(request) ? withHeader(request, 'Authorization', `Bearer ${token}`) : undefined;
    }),
  },
  {
    name: 'subprotocol-refused',
    breaks: 'a token in a subprotocol, as from a browser, is not found',
    caughtBy: 'ws.handshake.subprotocol',
    plant: onAsk('/join', (request) =>
      /bearer\./.test(header(request, 'sec-websocket-protocol') ?? '')
        ? withHeader(request, 'Sec-WebSocket-Protocol', 'palaver.v1')
        : undefined,
    ),
  },
  {
    name: 'subprotocol-tells-the-token',
    breaks: 'the subprotocol that is answered is the one with the token',
    caughtBy: 'ws.handshake.subprotocol',
    plant: switched((response, request) =>
      header(response, 'sec-websocket-protocol')
        ? withHeader(response, 'Sec-WebSocket-Protocol', `bearer.${tokenOf(request)}`)
        : undefined,
    ),
  },
  {
    name: 'contradiction-let-in',
    breaks: 'of two tokens that differ one is taken',
    caughtBy: 'ws.handshake.two-tokens',
    plant: onAsk('/join', (request) =>
      header(request, 'authorization') && /bearer\./.test(header(request, 'sec-websocket-protocol') ?? '')
        ? withHeader(request, 'Sec-WebSocket-Protocol', 'palaver.v1')
        : undefined,
    ),
  },
  {
    name: 'unsigned-let-in',
    breaks: 'a token that nobody has signed is taken',
    caughtBy: 'ws.handshake.unsigned-token',
    plant: onAsk('/join', (request) => (tokenOf(request)?.endsWith('.') ? admit(request) : undefined)),
  },
  {
    name: 'issuer-ignored',
    breaks: 'a token of another issuer is taken',
    caughtBy: 'ws.token.other-issuer',
    plant: claiming(({ iss, ...claims }) => (iss === testIssuer ? undefined : claims)),
  },
  {
    name: 'not-before-ignored',
    breaks: 'a token that is not good yet is taken',
    caughtBy: 'ws.token.not-yet',
    plant: claiming(({ nbf, ...claims }) => (typeof nbf === 'number' ? claims : undefined)),
  },
  {
    name: 'subject-ignored',
    breaks: 'a token whose sub is somebody else is taken',
    caughtBy: 'ws.token.other-sub',
    plant: claiming(({ sub, ...claims }) => (typeof sub === 'string' && sub !== claims.id ? claims : undefined)),
  },
  {
    name: 'expiry-optional',
    breaks: 'a token that never expires is taken',
    caughtBy: 'ws.token.exp.required',
    plant: claiming((claims) => (claims.exp === undefined ? without(claims, 'exp') : undefined)),
  },
  {
    name: 'scheme-has-a-case',
    breaks: 'the scheme is not known in small letters',
    caughtBy: 'ws.handshake.scheme-case',
    plant: onAsk('/join', (request) =>
      header(request, 'authorization')?.startsWith('bearer ')
        ? withHeader(request, 'Authorization', undefined)
        : undefined,
    ),
  },
];
