import type { ServerMessage } from '../../generated/chat/index.ts';

/** A frame of the stream, as it goes over the wire. */
export interface Frame {
  readonly id: string;
  readonly type: ServerMessage['type'];
  readonly bytes: Buffer;
}

/** The end of the stream on this node: frames not sent yet, and before them sent ones that a joiner may still need. */
export interface FrameLog {
  /** Appends a frame that was delivered. */
  append(frame: Frame): void;
  /** Returns the frames that were not sent yet, and counts them as sent. */
  takeUnsent(): readonly Frame[];
  /** Returns the sent frames after a position, as far as they are kept. */
  sentAfter(id: string): readonly Frame[];
  /** Drops the first `count` frames since the start, `sent` unless given. Frames not sent yet always stay. */
  forget(count?: number): void;
  /** Drops all frames and goes on from another position. */
  restart(id: string): void;
  /** Frames delivered since the start. */
  readonly delivered: number;
  /** Frames sent since the start. */
  readonly sent: number;
  /** Position of the last frame that was sent. */
  readonly sentId: string;
}

export function createFrameLog(): FrameLog {
  let frames: Frame[] = [];
  let delivered = 0;
  let sent = 0;
  let deliveredId = '';
  let sentId = '';

  /** Returns the index of the first frame that was not sent yet. */
  const unsentAt = (): number => frames.length - (delivered - sent);

  return {
    append: (frame) => {
      frames.push(frame);
      delivered += 1;
      deliveredId = frame.id;
    },
    takeUnsent: () => {
      const unsent = frames.slice(unsentAt());
      sent = delivered;
      sentId = deliveredId;
      return unsent;
    },
    sentAfter: (id) => frames.slice(0, unsentAt()).filter((frame) => frame.id > id),
    forget: (count = sent) => {
      frames = frames.slice(frames.length - (delivered - count));
    },
    restart: (id) => {
      frames = [];
      sent = delivered;
      sentId = deliveredId = id;
    },
    get delivered() {
      return delivered;
    },
    get sent() {
      return sent;
    },
    get sentId() {
      return sentId;
    },
  };
}
