import type { ChatMessageFromClient, ErrorMessage } from './generated/index.ts';
import { createNonce } from './nonce.ts';

/**
 * Asks the server for a sign of life with an empty message. The server refuses it, which nobody else sees, and only
 * after all that it has sent before.
 */
export interface Probe {
  ask(): void;
  isPending(): boolean;
  /** Returns whether this frame is the answer. */
  settle(frame: ErrorMessage): boolean;
  /** Calls back when the next answer comes, once. */
  onceAnswered(listener: () => void): void;
}

export function createProbe(send: (message: ChatMessageFromClient) => void): Probe {
  let nonce: string | undefined;
  let onAnswer: (() => void) | undefined;
  return {
    ask: () => {
      nonce = createNonce();
      send({ type: 'chat_message', msg: { text: '', nonce } });
    },
    isPending: () => nonce !== undefined,
    settle: (frame) => {
      if (nonce === undefined || frame.msg.nonce !== nonce) return false;
      nonce = undefined;
      const listener = onAnswer;
      onAnswer = undefined;
      listener?.();
      return true;
    },
    onceAnswered: (listener) => {
      onAnswer = listener;
    },
  };
}
