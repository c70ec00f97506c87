/** The proxy's view of the room, from the frames that pass. Some violations need more than one connection. */
import { type Frame, type Message, messageFrame, messageOf } from './frames.ts';
import { header, type Request } from './http.ts';

export interface Session {
  /** Its handshake. */
  readonly request: Request;
  readonly claims: Claims;
  /** Whether the server has let it in. */
  readonly open: boolean;
  /** Sends these to its client. */
  tell(...frames: Frame[]): void;
  /** Sends these to the server, as if its client had. */
  say(...frames: Frame[]): void;
  /** Cuts its connection. */
  cut(): void;
}

interface Claims {
  readonly id?: string;
  readonly username?: string;
  readonly exp?: number;
}

export interface Room {
  /** The sessions, in the order of joining. */
  readonly sessions: readonly Session[];
  /** How many frames of the order have been seen up to the one with this id. */
  positionOf(id: string): number;
  /** Puts a frame into the order, for everybody, right before the next one: with an id between, at the same time. */
  insert(message: Pick<Message, 'type' | 'msg'>): void;
}

export interface SeenRoom extends Room {
  readonly sessions: Session[];
  /** Returns the frames to deliver before this one. */
  before(frame: Frame): Frame[];
}

export function createRoom(): SeenRoom {
  const positions = new Map<string, number>();
  const inserted = new Map<string, Frame[]>();
  let due: Pick<Message, 'type' | 'msg'>[] = [];
  let last = '0';
  return {
    sessions: [],
    positionOf: (id) => positions.get(id) ?? 0,
    insert: (message) => void due.push(message),
    before: (frame) => {
      const { type, id, sent_at } = messageOf(frame) ?? {};
      if (id === undefined || type === 'users_online') return [];
      if (!positions.has(id)) {
        positions.set(id, positions.size + 1);
        // Plain string comparison: longer than the last, and before whatever differs from it earlier.
        const frames = due.map((message, index) => ({ ...message, id: last + '0'.repeat(index + 1), sent_at }));
        inserted.set(id, frames.map(messageFrame));
        due = [];
        last = id;
      }
      return inserted.get(id) ?? [];
    },
  };
}

/** The token of a request, wherever it travels. */
export function tokenOf(request: Request): string | undefined {
  const inHeader = /^bearer +(\S+)$/i.exec(header(request, 'authorization') ?? '')?.[1];
  return inHeader ?? /(?:^|[, ])bearer\.([^, ]+)/.exec(header(request, 'sec-websocket-protocol') ?? '')?.[1];
}

/** Returns the claims of a token, or none if it is malformed. */
export function claimsOf(token: string | undefined): Claims {
  try {
    return JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString()) as Claims;
  } catch {
    return {};
  }
}
