import { type Ended, endedBy } from './ended.ts';
import { PalaverError } from './error.ts';
import type { ChatMessage, ChatMessageFromClient, ErrorCode, ErrorMessage, FrameId } from './generated/index.ts';
import { backoffMs, pause } from './timing.ts';

type Outgoing = ChatMessageFromClient['msg'];

/** How often the same message is published if nobody answers. */
const maxTries = 3;

interface PublisherOptions {
  /** Publishes a message in one try. @throws {PalaverError} */
  readonly publish: (message: Outgoing) => Promise<ChatMessage>;
  /** Tells whether the stream has come to this frame. */
  readonly hasReached: (id: FrameId) => boolean;
  readonly onConfirmed: (message: ChatMessage) => void;
  readonly onRefused: (frame: ErrorMessage) => void;
  /** Called after each answer that settles a message. */
  readonly onAnswered: () => void;
  /** Called where no further message can be published over this connection. */
  readonly onEnded: (how: Ended) => void;
}

/** Publishes messages one after the other, so that their order holds. */
export interface Publisher {
  send(message: Outgoing): void;
  /** Notes that the stream has come further. */
  reached(): void;
  /** Confirms what the server has confirmed, and publishes nothing more. */
  stop(): void;
}

/** Returns the code that a WebSocket session would get for this refusal. */
function codeOf({ code, status = 0 }: PalaverError): ErrorCode {
  if (code === 'rate_limited') return code;
  if (status >= 500) return 'unavailable';
  return status === 400 || status === 413 ? 'invalid_message' : (code as ErrorCode);
}

function refusalOf(error: PalaverError, { nonce }: Outgoing): ErrorMessage {
  const { message: detail, retryAfterMs } = error;
  return {
    type: 'error',
    sent_at: new Date().toISOString(),
    msg: {
      code: codeOf(error),
      detail,
      ...(nonce !== undefined && { nonce }),
      ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
    },
  };
}

export function createPublisher(options: PublisherOptions): Publisher {
  const { publish, hasReached, onConfirmed, onRefused, onAnswered, onEnded } = options;
  const stopping = new AbortController();
  let waiting: Outgoing[] = [];
  /** Published messages that the stream has not shown yet. The app sees a message before `send` resolves. */
  let unseen: ChatMessage[] = [];
  let isPublishing = false;

  function confirm(published: readonly ChatMessage[]): void {
    for (const message of published) onConfirmed(message);
    if (published.length > 0) onAnswered();
  }

  function refuse(message: Outgoing, error: PalaverError): void {
    // Those behind it would overtake it.
    const refused = [message, ...(error.code === 'rate_limited' ? waiting.splice(0) : [])];
    for (const one of refused) onRefused(refusalOf(error, one));
    onAnswered();
  }

  /** Publishes a message, also where an earlier try may have done so: its nonce makes it one. */
  async function publishOnce(message: Outgoing): Promise<ChatMessage> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await publish(message);
      } catch (error) {
        if (!(error instanceof PalaverError) || error.status !== undefined || tries >= maxTries) throw error;
        await pause(backoffMs(tries - 1), stopping.signal);
        if (stopping.signal.aborted) throw error;
      }
    }
  }

  async function proceed(): Promise<void> {
    if (isPublishing) return;
    isPublishing = true;
    for (let message = waiting.shift(); message; message = waiting.shift()) {
      try {
        const published = await publishOnce(message);
        if (stopping.signal.aborted || hasReached(published.id)) confirm([published]);
        else unseen.push(published);
      } catch (cause) {
        if (stopping.signal.aborted) break;
        const error = cause as PalaverError;
        // Another connection decides about the message: with another token, or because nobody answered.
        if (error.status === undefined || error.status === 401 || error.status === 403) onEnded(endedBy(error));
        else refuse(message, error);
      }
    }
    isPublishing = false;
  }

  return {
    send: (message) => {
      waiting.push(message);
      void proceed();
    },
    reached: () => {
      const seen = unseen.filter(({ id }) => hasReached(id));
      if (seen.length === 0) return;
      unseen = unseen.filter(({ id }) => !hasReached(id));
      confirm(seen);
    },
    stop: () => {
      stopping.abort();
      waiting = [];
      confirm(unseen.splice(0));
    },
  };
}
