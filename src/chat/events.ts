/** The frames of the room as Server-Sent Events (WHATWG HTML, 9.2), made of the same bytes that WebSockets get. */
import type { CloseCode, StreamClose } from '../../generated/chat/index.ts';
import { headerBytesAt, lengthOfFrameAt } from './frames.ts';
import type { Ends } from './send-queue.ts';

/** Begins a line without meaning, which keeps proxies from taking the stream for dead. */
export const comment = Buffer.from(':\n\n');

/** Beginning of the JSON of every frame, as `frames.ts` encodes it. */
const head = /^\{"type":"(\w+)"(?:,"id":"([!-~]+?)")?[,}]/;
/** Enough for a type and an id of the longest kind. */
const maxHeadBytes = 256;

/** Ends every event and every comment, and is nowhere else in one. */
const emptyLine = Buffer.from('\n\n');

function appendEvent(parts: Buffer[], payload: Buffer, hasId: boolean): void {
  const [, type, id] = head.exec(payload.toString('latin1', 0, maxHeadBytes))!;
  const idLine = hasId && id !== undefined ? `id: ${id}\n` : '';
  parts.push(Buffer.from(`event: ${type}\n${idLine}data: `, 'latin1'), payload, emptyLine);
}

/**
 * Returns whole WebSocket frames as events: `event` is the type, `id` the id, and `data` the JSON.
 * @param hasId Whether a reader may resume behind them; without it there is no `id` line
 */
export function eventsOf(frames: Buffer, hasId = true): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < frames.length; at += lengthOfFrameAt(frames, at))
    appendEvent(parts, frames.subarray(at + headerBytesAt(frames, at), at + lengthOfFrameAt(frames, at)), hasId);
  return Buffer.concat(parts);
}

/** Returns the last event of a stream that the server ends. */
export const closeEvent = (code: CloseCode, reason: string): Buffer =>
  Buffer.from(`event: close\ndata: ${JSON.stringify({ code, reason } as StreamClose)}\n\n`);

/** The ends of events and comments. The last one is looked for from behind: each stream does so for each piece. */
export const eventEnds: Ends = {
  lengthAt: (bytes, at) => bytes.indexOf(emptyLine, at) + emptyLine.length - at,
  lastWithin: (bytes, from, most) => {
    // A negative offset would count from the end of the buffer.
    if (most < emptyLine.length) return from;
    const last = bytes.lastIndexOf(emptyLine, from + most - emptyLine.length);
    return last < from ? from : last + emptyLine.length;
  },
};
