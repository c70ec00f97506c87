import type { FrameId, ServerMessage } from './generated/index.ts';

/** How far the room's order was heard, over all connections. */
export interface Position {
  /** A new connection resumes behind this frame; undefined before the first one. */
  readonly id: FrameId | undefined;
  /** Takes note of a frame; false for a message that was heard before: it answers one that was sent twice. */
  advance(frame: ServerMessage): boolean;
  /** Takes note of a place, and of nothing else. */
  pass(id: FrameId): void;
  /** Begins anew: the server has no use for this place. */
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
      if (frame.type === 'chat_message' && id !== undefined && frame.id <= id) return false;
      // Behind a recovery comes what was missed, up to its id, and the connection may end in the midst of that.
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
