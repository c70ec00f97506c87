import { member } from '../specs/schema.ts';
import { type Answer, parsed, type Request } from './send.ts';

export interface SeenAnswer {
  readonly request: Request;
  readonly answer: Answer;
}

/** A frame of the server, as it came. */
export interface SeenFrame {
  /** The frame's own members; empty where it has none. */
  readonly type: string;
  readonly id: string;
  readonly sentAt: string;
  readonly msg: unknown;
  /** Its JSON; undefined if it is none. */
  readonly value: unknown;
  readonly text: string;
  readonly binary: boolean;
  /** How long the session's exchange was when it came. */
  readonly line: number;
  /** The event that brought it; undefined for a frame of a WebSocket. */
  readonly event: EventFields | undefined;
}

/** The fields of one event, as they were sent (WHATWG HTML, 9.2.6). */
export interface EventFields {
  /** Its `event` field; empty if it has none. */
  readonly name: string;
  /** Its `id` field; undefined if it has none. */
  readonly id: string | undefined;
  /** The number of its `data` fields. */
  readonly lines: number;
}

/** A user as tokens name it. */
export interface Identity {
  readonly username: string;
  readonly id: string;
}

/** The way on which a session reached the room. */
export type Door = 'websocket' | 'events';

export interface SeenSession {
  /** Such as `Ann 2`. */
  readonly label: string;
  readonly username: string;
  readonly door: Door;
  /** The user that its token names; undefined if that cannot be read. */
  readonly identity: Identity | undefined;
  readonly frames: readonly SeenFrame[];
  /** The `close` events of a stream: one at most, at its end. */
  readonly closeEvents: readonly SeenFrame[];
  /** The frames sent and received, one line each. */
  readonly exchange: readonly string[];
  /** The close code of its end; undefined while it is open. */
  readonly closeCode: number | undefined;
  /** How the kit ended the session: by a close, a cut, or a frame that the server must close for. */
  readonly ending: 'closed' | 'dropped' | 'provoked' | undefined;
  /** The `last_event_id` that it sent when it reconnected. */
  readonly lastEventId: string | undefined;
  /** Nonces that it has sent again: what answers them is no news. */
  readonly repeats: ReadonlySet<string>;
}

/** Everything that any case got to see: what the standing checks judge at the end. */
export interface Seen {
  readonly answers: readonly SeenAnswer[];
  readonly sessions: readonly SeenSession[];
  /** All sessions to compare with, where `sessions` are only some of them. */
  readonly others?: readonly SeenSession[];
  /** Messages that were published over HTTP, as the answer had them. */
  readonly published: readonly Published[];
}

/** A message published over HTTP. */
export interface Published {
  readonly identity: Identity | undefined;
  readonly frame: SeenFrame;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

interface FrameSource {
  readonly binary?: boolean;
  readonly line: number;
  readonly event?: EventFields;
}

export function readFrame(data: Uint8Array, { binary = false, line, event }: FrameSource): SeenFrame {
  const text = Buffer.from(data).toString();
  const value = binary ? undefined : parsed(text);
  const own = (key: string): string => textOf(member(value, key));
  return {
    type: own('type'),
    id: own('id'),
    sentAt: own('sent_at'),
    msg: member(value, 'msg'),
    value,
    text,
    binary,
    line,
    event,
  };
}

const maxLines = 14;
const maxLength = 240;

/** The part of an exchange that ends with this line: enough to see what happened. */
export function excerpt({ exchange }: Pick<SeenSession, 'exchange'>, line = exchange.length): string {
  const upTo = exchange.slice(Math.max(0, line - maxLines), line);
  return upTo.map((each) => (each.length > maxLength ? `${each.slice(0, maxLength)}…` : each)).join('\n');
}
