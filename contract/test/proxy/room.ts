/** The proxy's view of the room, from the frames that pass. Some violations need more than one connection. */
import type { StreamEvent } from './events.ts';
import { type Frame, type Message, messageFrame, messageOf } from './frames.ts';
import { header, type Request } from './http.ts';

export interface Session {
  /** The handshake's request. */
  readonly request: Request;
  readonly claims: Claims;
  /** True once the server has accepted it. */
  readonly open: boolean;
  /** Sends these to its client. */
  tell(...frames: Frame[]): void;
  /** Sends these to the server, as if from its client. */
  say(...frames: Frame[]): void;
  /** Cuts its connection. */
  cut(): void;
}

/** A stream of events to one client. */
export interface Stream {
  readonly claims: Claims;
  /** Sends these to its client. */
  tell(...events: StreamEvent[]): void;
}

interface Claims {
  readonly id?: string;
  readonly username?: string;
  readonly exp?: number;
}

export interface Room {
  /** The sessions, in the order of joining. */
  readonly sessions: readonly Session[];
  /** The streams of events, in the order of joining. */
  readonly streams: readonly Stream[];
  /** Number of stream frames seen up to this id. */
  positionOf(id: string): number;
  /**
   * Inserts a frame into the stream, for all sessions, right before the next one. Its id lies between both, and its
   * time is the same.
   */
  insert(message: Pick<Message, 'type' | 'msg'>): void;
}

export interface SeenRoom extends Room {
  readonly sessions: Session[];
  readonly streams: Stream[];
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
    streams: [],
    positionOf: (id) => positions.get(id) ?? 0,
    insert: (message) => void due.push(message),
    before: (frame) => {
      const { type, id, sent_at } = messageOf(frame) ?? {};
      if (id === undefined || type === 'users_online') return [];
      if (!positions.has(id)) {
        positions.set(id, positions.size + 1);
        // Plain string comparison: this id is longer than the last, and sorts before any id that differs from it
        // earlier.
        const frames = due.map((message, index) => ({ ...message, id: last + '0'.repeat(index + 1), sent_at }));
        inserted.set(id, frames.map(messageFrame));
        due = [];
        last = id;
      }
      return inserted.get(id) ?? [];
    },
  };
}

/** Returns the token of a request, from wherever it travels. */
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
