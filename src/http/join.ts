import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import type { Handlers } from '../../generated/http/index.ts';
import { authenticate, offeredProtocols } from '../auth/require-auth.ts';
import type { Identity, VerifyToken } from '../auth/tokens.ts';
import type { Room } from '../chat/room.ts';
import type { Upgrade } from '../chat/upgrade.ts';
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

/** Headers of a stream of events: nothing on the way may keep them, or wait for more of them. */
const eventHeaders = { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' };

/**
 * Creates the handlers of the handshake and of the request for events: they authenticate the client and let it join the
 * room. A plain request to `/join` gets the same refusals as a handshake would, and 426 if the handshake would succeed.
 */
export function joinHandlers({
  verify,
  room,
  isAllowedOrigin,
  isStopping,
}: JoinDeps): Pick<Handlers<AppEnv>, 'join' | 'joinByPost' | 'events'> {
  /** Returns who asks to join, or why nobody from there may. */
  async function identify(c: Context<AppEnv>) {
    const { headers } = c.req.raw;
    if (!isAllowedOrigin(headers)) return 'origin_not_allowed';
    const identity = await authenticate(headers, verify, c.var.log);
    return typeof identity !== 'string' && isStopping() ? 'shutting_down' : identity;
  }

  /** Lets a client join, or returns why it may not. */
  async function admit(c: Context<AppEnv>, upgrade: Upgrade, identity: Identity, lastEventId: string | undefined) {
    const { id, username } = identity;
    const admission = await room.join({ id, username }, lastEventId);
    if ('refusal' in admission) return admission.refusal;
    const { session: roomSession } = admission;
    upgrade.admitted = { roomSession, identity, requestId: c.var.requestId, sessionId: randomUUID() };
    return undefined;
  }

  const join = async (c: Context<AppEnv>, lastEventId: string | undefined) => {
    const { headers } = c.req.raw;
    const { upgrade } = c.env;
    if (hasBody(headers)) return problem(c, 'body_not_allowed');
    if (upgrade && !isHandshake(headers)) return problem(c, 'malformed_handshake');
    const identity = await identify(c);
    if (typeof identity === 'string') return problem(c, identity);
    if (!upgrade || headers.get('sec-websocket-version') !== '13')
      return problem(c, (await room.refusalOf(identity)) ?? 'upgrade_required');
    const refusal = await admit(c, upgrade, identity, lastEventId);
    // The body is never sent: the upgrade answers with 101.
    return refusal === undefined ? c.body(null) : problem(c, refusal);
  };

  return {
    join: (c) => join(c, c.req.valid('query').last_event_id),
    joinByPost: (c) => join(c, c.req.valid('query').last_event_id),
    events: async (c) => {
      const { upgrade } = c.env;
      const { last_event_id: lastEventId = c.req.valid('header')['last-event-id'] } = c.req.valid('query');
      if (hasBody(c.req.raw.headers)) return problem(c, 'body_not_allowed');
      const identity = await identify(c);
      if (typeof identity === 'string') return problem(c, identity);
      const isHead = c.req.method === 'HEAD';
      // An answer is pending on this connection, so that no events may follow.
      if (!upgrade && !isHead) return problem(c, 'unavailable');
      const refusal = upgrade ? await admit(c, upgrade, identity, lastEventId) : await room.refusalOf(identity);
      return refusal === undefined ? c.body(null, 200, eventHeaders) : problem(c, refusal);
    },
  };
}
