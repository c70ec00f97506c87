import { type Connect, connectWebSocket, type EventsOptions, type WebSocketOptions } from './connection.ts';
import { type Ended, endedBy } from './ended.ts';
import { PalaverError } from './error.ts';
import type { Fallback } from './fallback.ts';
import type { Position } from './position.ts';
import type { Transport } from './room.ts';
import type { Session, SessionStart, Succession } from './session.ts';

export interface AttemptsOptions {
  readonly webSocket: WebSocketOptions;
  readonly events: EventsOptions;
  readonly timeoutMs: number;
}

interface AttemptsDeps extends AttemptsOptions {
  readonly wanted: Transport | 'auto';
  readonly position: Position;
  readonly start: (over: Transport, start: SessionStart) => Session;
  /** Tells whether no connection has been open yet. */
  readonly isJoining: () => boolean;
  /** Aborted when the room is left. */
  readonly leaving: AbortSignal;
}

/** Connects to the room, over the transport that works. */
export interface Attempts {
  readonly sessions: Readonly<Pick<Succession, 'current'>>;
  /** Makes one attempt with this token. Resolves when its connection has ended, and those that replaced it. */
  connect(token: string, giveUp: AbortSignal): Promise<Ended>;
  /** Notes that the server has answered over a transport. */
  answered(over: Transport): void;
  /** Notes that the network has returned. */
  online(): void;
  stop(): void;
}

export function createAttempts(deps: AttemptsDeps): Attempts {
  const { position, start, isJoining } = deps;
  const { wanted, webSocket } = deps;
  const sessions: Succession = { current: undefined, token: '' };
  let fallback: Fallback | undefined;
  let wasAnswered = false;

  async function loadFallback(): Promise<Fallback> {
    const { createFallback } = await import('./fallback.ts');
    fallback ??= createFallback({ ...deps, sessions });
    return fallback;
  }

  /** Resolves when the session has ended, or the last of those that replaced it. */
  async function follow(first: Session): Promise<Ended> {
    sessions.current = first;
    for (let session = first; ; session = sessions.current!) {
      const ended = await session.ended;
      if (session !== sessions.current) continue;
      sessions.current = undefined;
      return ended;
    }
  }

  async function connectOnce(token: string, giveUp: AbortSignal): Promise<Ended> {
    if (wanted === 'http') await loadFallback();
    // A room that was never open has missed nothing.
    const isFirst = isJoining();
    const lastId = isFirst ? undefined : position.id;
    const hasGap = !isFirst && lastId === undefined;
    const over = fallback?.next ?? 'websocket';
    const connect: Connect = (to) => (over === 'http' ? fallback!.connect(to) : connectWebSocket(webSocket, to));
    const ended = await follow(start(over, { connect, token, lastId, hasGap, giveUp }));
    if (ended.error.status !== 400 || lastId === undefined) return ended;
    // The server rejects this position, so the next attempt goes without it.
    position.forget();
    return { ...ended, next: 'reconnect' };
  }

  async function connect(token: string, giveUp: AbortSignal): Promise<Ended> {
    sessions.token = token;
    for (;;) {
      wasAnswered = false;
      const ended = await connectOnce(token, giveUp);
      if (giveUp.aborted || wasAnswered || wanted !== 'auto') return ended;
      // Without a network there may be no code for HTTP, and no use for it.
      const { after } = await loadFallback().catch(() => ({ after: () => ended }));
      const counted = after(ended);
      if (counted) return counted;
    }
  }

  return {
    sessions,
    connect: (token, giveUp) =>
      connect(token, giveUp).catch((cause) =>
        endedBy(new PalaverError('connection_failed', 'Cannot load the code for HTTP.', { cause })),
      ),
    answered: (over) => {
      wasAnswered = true;
      fallback?.answered(over);
    },
    online: () => fallback?.online(),
    stop: () => fallback?.stop(),
  };
}
