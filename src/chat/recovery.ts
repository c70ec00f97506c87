import type { Beginning, Envelope } from '../backplane/backplane.ts';
import { createIdCheck } from '../backplane/ids.ts';
import { encodeEnvelope } from './frames.ts';
import { pieceBytes } from './send-queue.ts';

/** More than so many missed messages are read from the history. */
export const maxRecovered = 1_000;
const maxBytes = 8_388_608;

interface RecoveryOptions {
  /** From here on nothing is missing. */
  readonly from: string;
  /** Whether an id can be one of an earlier run. */
  readonly wasGiven: (id: string) => boolean;
  /** The messages from there on, oldest first. */
  readonly past: readonly Envelope[];
}

interface Frame {
  readonly id: string;
  /** A part of its block, once that is joined. */
  bytes: Buffer;
  readonly block: Block;
}

/** Frames that lie behind one another, about `pieceBytes` of them: joined once, for all who come back. */
interface Block {
  frames: number;
  length: number;
  joined?: Buffer;
}

/** Missed messages. */
interface Missed {
  readonly count: number;
  /** In order, whole frames. Nearly all of it is shared with others who come back. */
  readonly batches: readonly Buffer[];
}

/** The messages of late, for who was cut off: as they were sent. */
export interface Recovery {
  /** Forgets all, and knows what is remembered where the order begins anew. */
  begin(beginning: Pick<Beginning, 'epoch' | 'messages' | 'completeFrom'>): void;
  add(envelope: Envelope, bytes: Buffer): void;
  /** Every message after `lastEventId` and up to `to`; undefined where that can't be told, or is too much. */
  between(lastEventId: string, to: string): Missed | undefined;
}

/** From then on its frames are parts of the whole, so that they are there once. */
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

/** One buffer for each block. One that is full and wanted whole is joined for the first that asks, and kept for the next. */
function inBlocks(frames: readonly Frame[]): readonly Buffer[] {
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

export function createRecovery(parts: RecoveryOptions): Recovery {
  let frames: Frame[];
  let bytesHeld: number;
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
      const gone = frames.shift()!;
      bytesHeld -= gone.bytes.length;
      // What comes before a gap is no less missing for being forgotten.
      if (gone.id > floor) floor = gone.id;
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
  start(parts);

  return {
    begin: ({ epoch, messages, completeFrom }) =>
      start({ from: completeFrom, wasGiven: createIdCheck(epoch), past: messages }),
    add,
    between: (lastEventId, to) => {
      if (lastEventId < floor || lastEventId > to || !wasGiven(lastEventId)) return undefined;
      const missed = frames.filter(({ id }) => id > lastEventId && id <= to);
      return { count: missed.length, batches: inBlocks(missed) };
    },
  };
}
