import { closeCodes, type ServerMessage } from '../../generated/chat/index.ts';
import { createTokenBucket } from '../limits/token-bucket.ts';
import type { Log } from '../log/log.ts';
import type { ChatCounts } from './counts.ts';
import { encodeError, type FrameRefusal } from './frames.ts';
import type { RoomSession } from './room.ts';

/** Invalid frames that a session may send at once. It may send one more each second. */
const invalidFrames = { capacity: 20, refillMs: 1_000 };
/** Frames above the rate limit, likewise. A client that is too fast is slowed down, and only a flood is closed. */
const excessFrames = { capacity: 200, refillMs: 100 };

export interface RepliesDeps {
  readonly roomSession: Pick<RoomSession, 'reply'>;
  readonly counts: Pick<ChatCounts, 'sent' | 'refused'>;
  readonly note: Log['event'];
  /** Ends the session behind all replies before. */
  readonly finish: (code: typeof closeCodes.policy) => void;
}

/** Frames for one client alone, behind what was delivered to it before. */
export class Replies {
  readonly #deps: RepliesDeps;
  /** Made by the first frame that is refused: most sessions have none. */
  #allowInvalid: (() => boolean) | undefined;
  #allowExcess: (() => boolean) | undefined;

  constructor(deps: RepliesDeps) {
    this.#deps = deps;
  }

  send(type: ServerMessage['type'], bytes: Buffer): void {
    this.#deps.counts.sent[type] += 1;
    this.#deps.roomSession.reply(bytes);
  }

  sendError(refusal: FrameRefusal): void {
    const { code } = refusal;
    this.#deps.counts.refused[code] += 1;
    this.#deps.note('frame_refused', { code });
    this.send('error', encodeError(refusal));
  }

  /** Answers an invalid frame with an error. Ends the session of a client that sends too many. */
  refuse(refusal: FrameRefusal): void {
    this.#allowInvalid ??= createTokenBucket(invalidFrames);
    if (this.#allowInvalid()) this.sendError(refusal);
    else this.#deps.finish(closeCodes.policy);
  }

  /** Answers a frame above the rate limit with an error. Ends the session of a client that keeps on. */
  slowDown(retryAfterMs: number, nonce?: string): void {
    this.#allowExcess ??= createTokenBucket(excessFrames);
    const detail = `Too many frames. Send the next one in ${retryAfterMs} ms.`;
    if (this.#allowExcess()) this.sendError({ code: 'rate_limited', detail, retryAfterMs, nonce });
    else this.#deps.finish(closeCodes.policy);
  }
}
