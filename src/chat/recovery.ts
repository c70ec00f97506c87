import type { Beginning, Envelope } from '../backplane/backplane.ts';
import { createIdCheck } from '../backplane/ids.ts';
import { encodeEnvelope } from './frames.ts';
import { pieceBytes } from './send-queue.ts';

/** Messages that are kept for replay. A client that missed more reads the history. */
export const maxRecovered = 1_000;
const maxBytes = 8_388_608;

interface RecoveryOptions {
  /** Position from which on no message is missing. */
  readonly from: string;
  /** Returns whether an id can be one that a client was sent: of this run, or of a known earlier one. */
  readonly wasGiven: (id: string) => boolean;
  /** Messages from there on, oldest first. */
  readonly past: readonly Envelope[];
}

interface Frame {
  readonly id: string;
  /** A slice of its block, once that is joined. */
  bytes: Buffer;
  readonly block: Block;
}

/** Consecutive frames, about `pieceBytes` in all: joined once, for all sessions that resume. */
interface Block {
  frames: number;
  length: number;
  joined?: Buffer;
}

/** Missed messages. */
interface Missed {
  readonly count: number;
  /** Whole frames, in order. Other sessions that resume share nearly all of these bytes. */
  readonly batches: readonly Buffer[];
}

/** Recent messages as they were sent, for replay to sessions that resume. */
export interface Recovery {
  /** Forgets everything, and goes on with what is remembered where the stream begins anew. */
  begin(beginning: Pick<Beginning, 'epoch' | 'messages' | 'completeFrom'>): void;
  /** Keeps an envelope that was delivered, if it is a message. `bytes` is its frame. */
  add(envelope: Envelope, bytes: Buffer): void;
  /** Returns the messages after `lastEventId` and up to `to`, or undefined where some may be missing. */
  between(lastEventId: string, to: string): Missed | undefined;
}

/** Joins a block's frames, and makes them slices of the result, so that the bytes are in memory once. */
function joinBlock(block: Block, frames: readonly Frame[]): Buffer {
  const joined = Buffer.concat(frames.map(({ bytes }) => bytes));
  let at = 0;
  for (const frame of frames) {
    frame.bytes = joined.subarray(at, at + frame.bytes.length);
    at += frame.bytes.length;
  }
  block.joined = joined;
  return joined;
}

/** Returns one buffer for each block. A full block that is wanted whole is joined once, and then shared. */
function joinBlocks(frames: readonly Frame[]): readonly Buffer[] {
  const batches: Buffer[] = [];
  for (let from = 0, to = 0; from < frames.length; from = to) {
    const { block } = frames[from]!;
    while (to < frames.length && frames[to]!.block === block) to += 1;
    const wanted = frames.slice(from, to);
    const isWhole = wanted.length === block.frames && block.length >= pieceBytes;
    if (!isWhole) batches.push(Buffer.concat(wanted.map(({ bytes }) => bytes)));
    else batches.push(block.joined ?? joinBlock(block, wanted));
  }
  return batches;
}

export function createRecovery(options: RecoveryOptions): Recovery {
  let frames: Frame[];
  let bytesHeld: number;
  /** Position from which on no message is missing. */
  let floor: string;
  let wasGiven: RecoveryOptions['wasGiven'];
  let block: Block = { frames: 0, length: 0 };

  function add({ id, frame }: Envelope, bytes: Buffer): void {
    if (frame.type !== 'chat_message') return;
    if (block.length >= pieceBytes) block = { frames: 0, length: 0 };
    block.frames += 1;
    block.length += bytes.length;
    frames.push({ id, bytes, block });
    bytesHeld += bytes.length;
    while (frames.length > maxRecovered || bytesHeld > maxBytes) {
      const dropped = frames.shift()!;
      bytesHeld -= dropped.bytes.length;
      // A message from before a gap must not lower the floor.
      if (dropped.id > floor) floor = dropped.id;
    }
  }
  function start({ from, past, ...rest }: RecoveryOptions): void {
    frames = [];
    block = { frames: 0, length: 0 };
    bytesHeld = 0;
    floor = from;
    wasGiven = rest.wasGiven;
    for (const envelope of past) add(envelope, encodeEnvelope(envelope));
  }
  start(options);

  return {
    begin: ({ epoch, messages, completeFrom }) =>
      start({ from: completeFrom, wasGiven: createIdCheck(epoch), past: messages }),
    add,
    between: (lastEventId, to) => {
      if (lastEventId < floor || lastEventId > to || !wasGiven(lastEventId)) return undefined;
      const missed = frames.filter(({ id }) => id > lastEventId && id <= to);
      return { count: missed.length, batches: joinBlocks(missed) };
    },
  };
}
