import { EventEmitter, once } from 'node:events';
import type { ServerMessage } from '../../generated/chat/index.ts';
import { within } from './deadline.ts';
import { recordClose, recordFrame } from './recorder.ts';

type FrameType = ServerMessage['type'];
export type FrameOf<Type extends FrameType> = Extract<ServerMessage, { type: Type }>;

/** Frames of one connection, as they come, over either transport. */
export interface Inbox {
  /** Every frame so far. */
  readonly frames: readonly ServerMessage[];
  /** Takes the text of a frame. */
  take(text: string): ServerMessage;
  /** Notes the end of the connection. */
  close(code: number): void;
  /** Notes a violation: it rejects pending and later calls. */
  fail(error: unknown): never;
  /** Returns the first frame after the last one that `next` has returned; with a type, the first of that type. */
  next(): Promise<ServerMessage>;
  next<Type extends FrameType>(type: Type): Promise<FrameOf<Type>>;
  /** Resolves with the close code. */
  closed(): Promise<number>;
}

export function createInbox(): Inbox {
  const frames: ServerMessage[] = [];
  const news = new EventEmitter().setMaxListeners(0);
  let passed = 0;
  let closeCode: number | undefined;
  let violation: unknown;

  /** Rejects pending calls on a violation, and fails the test run even without any. */
  function observe<T>(record: () => T): T {
    try {
      return record();
    } catch (error) {
      violation ??= error;
      throw error;
    } finally {
      news.emit('news');
    }
  }

  async function until<T>(look: () => T | undefined, what: string): Promise<T> {
    const watch = async (): Promise<T> => {
      for (;;) {
        const found = look();
        if (violation !== undefined) throw violation;
        if (found !== undefined) return found;
        if (closeCode !== undefined) throw new Error(`The connection closed with ${closeCode} before ${what}`);
        await once(news, 'news');
      }
    };
    return within(watch(), () => `${what}; so far: ${JSON.stringify(frames.slice(-5))}`);
  }

  const next = (type?: FrameType): Promise<ServerMessage> =>
    until(
      () => {
        const at = frames.findIndex((frame, index) => index >= passed && (type === undefined || frame.type === type));
        if (at < 0) return undefined;
        passed = at + 1;
        return frames[at];
      },
      `a frame${type ? ` of type ${type}` : ''}`,
    );

  return {
    frames,
    take: (text) =>
      observe(() => {
        const frame = recordFrame(text);
        frames.push(frame);
        return frame;
      }),
    close: (code) => {
      closeCode = code;
      observe(() => recordClose(code));
    },
    fail: (error) =>
      observe(() => {
        throw error;
      }),
    next: next as Inbox['next'],
    closed: () => until(() => closeCode, 'the close'),
  };
}
