import { header, type Response } from '../proxy/http.ts';
import type { Switch } from '../proxy/proxy.ts';
import { claimsOf, tokenOf } from '../proxy/room.ts';
import { admit, type Change, onAnswer, onAsk, problem, type Violation, withHeader } from './violation.ts';

const switched = (change: Change): (() => Switch) => onAnswer('GET', '/join', 101, change);
const upgradeRequired = (change: (response: Response) => Response): (() => Switch) =>
  onAnswer('GET', '/join', 426, change);

export const handshake: readonly Violation[] = [
  {
    name: 'subprotocol-not-answered',
    breaks: 'selects no subprotocol although one was offered',
    caughtBy: 'ws.handshake.subprotocol',
    plant: switched((response) => withHeader(response, 'Sec-WebSocket-Protocol', undefined)),
  },
  {
    name: 'subprotocol-unasked',
    breaks: 'selects a subprotocol that was not offered',
    caughtBy: 'ws.handshake.header',
    plant: switched((response, request) =>
      header(request, 'sec-websocket-protocol')
        ? undefined
        : withHeader(response, 'Sec-WebSocket-Protocol', 'palaver.v1'),
    ),
  },
  {
    name: 'post-refused',
    breaks: 'answers POST /join as an unknown method',
    caughtBy: 'ws.handshake.post.header',
    plant: onAsk('/join', (request) =>
      request.method === 'POST'
        ? withHeader(problem(405, 'method_not_allowed', 'Method not allowed'), 'Allow', 'GET')
        : undefined,
    ),
  },
  {
    name: 'key-ignored',
    breaks: 'accepts a handshake without a key',
    caughtBy: 'ws.handshake.no-key',
    plant: onAsk('/join', (request) =>
      header(request, 'upgrade') && header(request, 'sec-websocket-key') === undefined
        ? withHeader(request, 'Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==')
        : undefined,
    ),
  },
  {
    name: 'accept-wrong',
    breaks: 'sends a wrong Sec-WebSocket-Accept',
    caughtBy: 'rule.accept',
    plant: switched((response) => withHeader(response, 'Sec-WebSocket-Accept', 'c2hhMSBvZiBhbm90aGVyIGtleQ==')),
  },
  {
    name: 'upgrade-not-named',
    breaks: 'asks for an upgrade without naming the protocol',
    caughtBy: 'http.join.headers',
    plant: upgradeRequired((response) => withHeader(response, 'Upgrade', undefined)),
  },
  {
    name: 'upgrade-is-malformed',
    breaks: 'answers a plain request to /join with 400',
    caughtBy: 'ws.handshake.header',
    plant: upgradeRequired(() => problem(400, 'malformed_handshake', 'Malformed handshake')),
  },
  {
    name: 'namesake-let-in',
    breaks: 'lets two users of one name into the room',
    caughtBy: 'rule.presence.namesake',
    plant: onAsk('/join', (request, { sessions }) => {
      const { id, username } = claimsOf(tokenOf(request));
      const same = (name = ''): boolean => name.toLowerCase() === username?.toLowerCase();
      const taken = sessions.some(({ claims }) => claims.id !== id && same(claims.username));
      return taken && username ? admit(request, `${username}2`) : undefined;
    }),
  },
  {
    name: 'sessions-refused-for-good',
    breaks: 'refuses a session over the limit without Retry-After',
    caughtBy: 'http.join.headers',
    plant: onAnswer('GET', '/join', 429, (response) => withHeader(response, 'Retry-After', undefined)),
  },
  {
    name: 'version-ignored',
    breaks: 'accepts a handshake of another version',
    caughtBy: 'ws.handshake.version',
    plant: onAsk('/join', (request) =>
      header(request, 'sec-websocket-version') ? withHeader(request, 'Sec-WebSocket-Version', '13') : undefined,
    ),
  },
  {
    name: 'query-refused',
    breaks: 'does not know a path with a query',
    caughtBy: 'ws.handshake.token-in-url',
    plant: () => ({ ask: ({ target }) => (target.includes('?') ? problem(404, 'not_found', 'Not found') : undefined) }),
  },
  {
    name: 'body-ignored',
    breaks: 'asks a handshake with a body to upgrade',
    caughtBy: 'ws.handshake.post.body',
    plant: onAnswer('POST', '/join', 400, (response) =>
      response.body.includes('body_not_allowed')
        ? withHeader(
            withHeader(
              withHeader(problem(426, 'upgrade_required', 'Upgrade required'), 'Upgrade', 'websocket'),
              'Connection',
              'Upgrade',
            ),
            'Sec-WebSocket-Version',
            '13',
          )
        : undefined,
    ),
  },
];
