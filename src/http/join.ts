import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import type { Handlers } from '../../generated/http/index.ts';
import { authenticate, offeredProtocols } from '../auth/require-auth.ts';
import type { VerifyToken } from '../auth/tokens.ts';
import type { Room } from '../chat/room.ts';
import { hasBody } from './body.ts';
import type { AppEnv } from './env.ts';
import { problem } from './problem.ts';

interface JoinDeps {
  readonly verify: VerifyToken;
  readonly room: Room;
  readonly isAllowedOrigin: (headers: Headers) => boolean;
  readonly isStopping: () => boolean;
}

/** Key of a handshake: 16 bytes in base64 (RFC 6455, 4.1). */
const handshakeKey = /^[A-Za-z0-9+/]{22}==$/;
/** Token in the sense of RFC 9110, 5.6.2. */
const token = /[\w!#$%&'*+.^`|~-]+/.source;
const protocolName = new RegExp(`^${token}$`);
/** List of extensions (RFC 6455, 9.1). The server speaks none, but a handshake with a malformed list is malformed. */
const extension = String.raw`${token}(\s*;\s*${token}(\s*=\s*(${token}|"${token}"))?)*`;
const extensions = new RegExp(String.raw`^[\s,]*${extension}(\s*,(\s*${extension})?)*$`);

function isHandshake(headers: Headers): boolean {
  const offered = offeredProtocols(headers);
  return (
    handshakeKey.test(headers.get('sec-websocket-key') ?? '') &&
    offered.every((name) => protocolName.test(name)) &&
    new Set(offered).size === offered.length &&
    (offered.length > 0 || !headers.has('sec-websocket-protocol')) &&
    extensions.test(headers.get('sec-websocket-extensions') ?? 'none')
  );
}

/**
 * Creates the handlers of the handshake: they authenticate the client and let it join the room. A plain request gets the
 * same refusals as a handshake would, and 426 if the handshake would succeed.
 */
export function joinHandlers({
  verify,
  room,
  isAllowedOrigin,
  isStopping,
}: JoinDeps): Pick<Handlers<AppEnv>, 'join' | 'joinByPost'> {
  const join = async (c: Context<AppEnv>, lastEventId: string | undefined) => {
    const { headers } = c.req.raw;
    const { upgrade } = c.env;
    if (hasBody(headers)) return problem(c, 'body_not_allowed');
    if (upgrade && !isHandshake(headers)) return problem(c, 'malformed_handshake');
    if (!isAllowedOrigin(headers)) return problem(c, 'origin_not_allowed');
    const identity = await authenticate(headers, verify, c.var.log);
    if (typeof identity === 'string') return problem(c, identity);
    if (isStopping()) return problem(c, 'shutting_down');
    const { id, username } = identity;
    if (!upgrade || headers.get('sec-websocket-version') !== '13') {
      return problem(c, (await room.refusalOf({ id, username })) ?? 'upgrade_required');
    }
    const admission = await room.join({ id, username }, lastEventId);
    if ('refusal' in admission) return problem(c, admission.refusal);
    upgrade.admitted = {
      roomSession: admission.session,
      identity,
      requestId: c.var.requestId,
      sessionId: randomUUID(),
    };
    // Never sent: the upgrade answers with 101.
    return c.body(null);
  };
  return {
    join: (c) => join(c, c.req.valid('query').last_event_id),
    joinByPost: (c) => join(c, c.req.valid('query').last_event_id),
  };
}
