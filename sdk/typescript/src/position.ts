import type { FrameId, ServerMessage } from './generated/index.ts';

/** Position in the room's stream, over all connections. */
export interface Position {
  /** Id of the last frame, after which a new connection resumes; undefined before the first one. */
  readonly id: FrameId | undefined;
  /** Advances to a frame. Returns false for one that came before: over another connection, or because it was sent twice. */
  advance(frame: ServerMessage): boolean;
  /** Advances to the id of a frame that can't be read. */
  pass(id: FrameId): void;
  /** Forgets the position: the server can't resume from it. */
  forget(): void;
}

export function createPosition(): Position {
  let id: FrameId | undefined;
  return {
    get id() {
      return id;
    },
    advance: (frame) => {
      if (!('id' in frame)) return true;
      if (frame.type !== 'users_online' && id !== undefined && frame.id <= id) return false;
      // The missed messages follow a recovery, up to its id, and the connection may end between them.
      if (frame.type !== 'users_online' || frame.msg.recovered !== true) id = frame.id;
      return true;
    },
    pass: (to) => {
      if (id !== undefined && to > id) id = to;
    },
    forget: () => {
      id = undefined;
    },
  };
}
