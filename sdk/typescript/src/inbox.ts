import type { ServerMessage, Username } from './generated/index.ts';
import type { Outbox } from './outbox.ts';
import type { Position } from './position.ts';
import type { UnknownFrame } from './read-frame.ts';
import type { RoomEvents, RoomUser } from './room.ts';
import { usersAfter } from './roster.ts';

interface InboxDeps {
  readonly position: Position;
  readonly outbox: Pick<Outbox, 'settle' | 'rejectUnsettled'>;
  readonly emit: <Name extends keyof RoomEvents>(name: Name, event: RoomEvents[Name]) => void;
}

/** Turns the frames of all connections into the roster and the events of the room. */
export interface Inbox {
  readonly roster: readonly Username[];
  /** The users of the roster, with their ids. */
  readonly users: readonly RoomUser[];
  receive(frame: ServerMessage | UnknownFrame): void;
  /**
   * Holds frames back until the caller of `join` has had the chance to add listeners. One turn of the event loop can bring
   * many frames.
   */
  buffer(): void;
  /** Drops what is held back, and ignores what comes later. */
  close(): void;
}

export function createInbox({ position, outbox, emit }: InboxDeps): Inbox {
  let users: readonly RoomUser[] = Object.freeze([]);
  let roster: readonly Username[] = Object.freeze([]);
  let buffered: (ServerMessage | UnknownFrame)[] | undefined;
  let closed = false;

  function emitFrame(frame: ServerMessage): void {
    const before = users;
    users = usersAfter(users, frame);
    const hasChanged = users !== before;
    if (hasChanged) roster = Object.freeze(Object.freeze(users).map(({ username }) => username));
    emit(frame.type, frame);
    if (hasChanged) emit('roster', roster);
  }

  function take(frame: ServerMessage | UnknownFrame): void {
    if (frame.type === 'unknown') {
      position.pass(frame.id);
      return;
    }
    if (position.advance(frame)) emitFrame(frame);
    if (frame.type === 'users_online' && frame.msg.recovered !== true) outbox.rejectUnsettled();
    if (frame.type === 'chat_message' || frame.type === 'error') outbox.settle(frame);
  }

  return {
    get roster() {
      return roster;
    },
    get users() {
      return users;
    },
    receive: (frame) => {
      if (closed) return;
      if (buffered) buffered.push(frame);
      else take(frame);
    },
    buffer: () => {
      buffered = [];
      setTimeout(() => {
        const frames = buffered!;
        buffered = undefined;
        if (!closed) frames.forEach(take);
      });
    },
    close: () => {
      closed = true;
    },
  };
}
