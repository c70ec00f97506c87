import type { WebSocket } from 'ws';
import { type ClientMessage, type CloseCode, closeCodes } from '../../generated/chat/index.ts';
import type { CountFrame } from '../limits/frames.ts';
import type { Access } from './access.ts';
import type { ChatCounts } from './counts.ts';
import { decode, encodeEnvelope } from './frames.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Replies } from './replies.ts';
import type { RoomSession } from './room.ts';

/** Frames that may wait to be taken. Once there are so many, nothing is read until all before are taken. */
const maxUntaken = 256;

type ChatMessage = Extract<ClientMessage, { type: 'chat_message' }>['msg'];

/** The session that the frames are for. */
export interface Session {
  readonly heartbeat: Pick<Heartbeat, 'hear'>;
  readonly replies: Pick<Replies, 'send' | 'sendError' | 'refuse' | 'slowDown'>;
  readonly access: Pick<Access, 'refresh'>;
  /** Returns whether nothing is taken from the client any more. */
  isOver(): boolean;
  /** Ends the session with a code, behind what was sent before. */
  finish(code: CloseCode): void;
  /** Ends the session with 1011 at once. */
  readonly fail: (error: unknown) => void;
}

export interface ClientFramesDeps {
  readonly roomSession: Pick<RoomSession, 'publish'>;
  readonly userId: string;
  readonly countFrame: CountFrame | undefined;
  readonly counts: Pick<ChatCounts, 'received' | 'receivedBytes'>;
}

/** Takes the frames of a client one at a time, in the order in which it sent them. */
export class ClientFrames {
  readonly #webSocket: WebSocket;
  readonly #deps: ClientFramesDeps;
  #turn = Promise.resolve();
  #untaken = 0;

  constructor(webSocket: WebSocket, deps: ClientFramesDeps) {
    this.#webSocket = webSocket;
    this.#deps = deps;
  }

  /** Calls back once all frames that have arrived are taken. */
  readonly afterTaken = (call: () => void): void => {
    this.#turn = this.#turn.then(call);
  };

  /** Begins to take frames for a session. */
  read(session: Session): void {
    const webSocket = this.#webSocket;
    webSocket.on('message', (data: Buffer, isBinary) => {
      session.heartbeat.hear();
      this.#untaken += 1;
      if (this.#untaken === maxUntaken) webSocket.pause();
      // One at a time: a limit that is counted elsewhere must not change their order.
      this.#turn = this.#turn
        .then(() => this.#take(session, data, isBinary))
        .catch(session.fail)
        .finally(() => {
          this.#untaken -= 1;
          if (webSocket.isPaused) webSocket.resume();
        });
    });
  }

  async #take(session: Session, data: Buffer, isBinary: boolean): Promise<void> {
    const { userId, countFrame, counts } = this.#deps;
    const { replies } = session;
    const retryAfterMs = await countFrame?.(userId);
    if (session.isOver()) return;
    counts.receivedBytes += data.length;
    const decoded = isBinary ? undefined : decode(data.toString());
    counts.received[decoded && 'message' in decoded ? decoded.message.type : 'invalid'] += 1;
    if (!decoded) return session.finish(closeCodes.binary_frame);
    if ('refusal' in decoded) return replies.refuse(decoded.refusal);
    const { message } = decoded;
    if (retryAfterMs !== undefined) return replies.slowDown(retryAfterMs, message.msg.nonce);
    // Not awaited: the frames behind need not wait for a broker or an issuer far away.
    if (message.type === 'chat_message') this.#publish(session, message.msg);
    else session.access.refresh(message.msg).catch(session.fail);
  }

  #publish({ replies, fail }: Session, { text, nonce }: ChatMessage): void {
    // The call itself hands the draft over, so messages keep their order.
    this.#deps.roomSession.publish({ text, nonce }).then((result) => {
      if (typeof result === 'object') replies.send('chat_message', encodeEnvelope(result.repeats));
      else if (result === 'refused') {
        const detail = 'The message could not be published. Send it again later.';
        replies.sendError({ code: 'unavailable', detail, nonce });
      }
    }, fail);
  }
}
