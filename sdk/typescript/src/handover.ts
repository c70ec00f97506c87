import type { Connect, Connection, ConnectionOptions } from './connection.ts';
import { PalaverError } from './error.ts';
import type { ServerMessage } from './generated/index.ts';
import type { Position } from './position.ts';
import type { UnknownFrame } from './read-frame.ts';
import type { Session, SessionStart, Succession } from './session.ts';

export interface HandoverDeps {
  readonly sessions: Succession;
  readonly position: Pick<Position, 'id'>;
  readonly timeoutMs: number;
  /** Aborted when the room is left. */
  readonly leaving: AbortSignal;
}

/** A connection that may replace that of the current session. */
export interface Successor {
  readonly connect: Connect;
  readonly token: string;
  readonly start: (start: SessionStart) => Session;
}

/** Lets one session replace another without a gap: the connection of the next one has resumed before. */
export interface Handover {
  /**
   * Connects beside the current session. Resolves with whether the connection has replaced it. Does nothing while
   * another one tries to, and without a current session.
   */
  replace(successor: Successor): Promise<boolean>;
}

const replaced = (): PalaverError => new PalaverError('connection_lost', 'Another connection has replaced this one.');

export function createHandover({ sessions, position, timeoutMs, leaving }: HandoverDeps): Handover {
  let isTrying = false;

  async function replace({ connect, token, start }: Successor): Promise<boolean> {
    const { current } = sessions;
    if (!current || isTrying || position.id === undefined) return false;
    isTrying = true;
    let session: ConnectionOptions | undefined;
    const connection: Connection = connect({
      token,
      lastId: position.id,
      onFrame: (frame) => (session ? session.onFrame(frame) : begin(frame)),
      onConfirmed: (message) => session?.onConfirmed(message),
      onReceived: () => session?.onReceived(),
    });
    const giveUp = (): void => connection.drop(replaced());
    const late = setTimeout(giveUp, timeoutMs);
    leaving.addEventListener('abort', giveUp);
    const settle = (): void => {
      clearTimeout(late);
      leaving.removeEventListener('abort', giveUp);
    };

    function begin(frame: ServerMessage | UnknownFrame): void {
      if (frame.type !== 'users_online') return;
      // A gap is worse than a connection that goes on.
      if (sessions.current !== current || frame.msg.recovered !== true) {
        giveUp();
        return;
      }
      settle();
      current?.drop(replaced());
      sessions.token = token;
      sessions.current = start({
        connect: (options) => {
          session = options;
          return connection;
        },
        ...{ token, lastId: position.id, hasGap: false, hasRoster: frame.id <= position.id! },
        giveUp: new AbortController().signal,
      });
      session!.onFrame(frame);
    }

    // It ends, or it takes over, which ends the other one.
    await Promise.race([connection.ended, current.ended]);
    settle();
    if (!session) giveUp();
    isTrying = false;
    return session !== undefined;
  }

  return { replace };
}
