import type { Beginning, Envelope } from '../backplane/backplane.ts';
import { createIdCheck } from '../backplane/ids.ts';
import { encodeEnvelope } from './frames.ts';

/** More than so many missed messages are read from the history. */
export const maxRecovered = 1_000;
const maxBytes = 8_388_608;

interface Parts {
  /** From here on nothing is missing. */
  readonly from: string;
  /** Whether an id can be one of an earlier run. */
  readonly wasGiven: (id: string) => boolean;
  /** The messages from there on, oldest first. */
  readonly past: readonly Envelope[];
}

interface Frame {
  readonly id: string;
  readonly bytes: Buffer;
}

/** The messages of late, for who was cut off: as they were sent. */
export interface Recovery {
  /** Forgets all, and knows what is remembered where the order begins anew. */
  begin(beginning: Pick<Beginning, 'epoch' | 'said' | 'wholeFrom'>): void;
  add(envelope: Envelope, bytes: Buffer): void;
  /** Every message after `lastEventId` and up to `to`; undefined where that can't be told, or is too much. */
  between(lastEventId: string, to: string): readonly Buffer[] | undefined;
}

export function createRecovery(parts: Parts): Recovery {
  let frames: Frame[];
  let bytesHeld: number;
  let floor: string;
  let wasGiven: Parts['wasGiven'];

  function add({ id, frame }: Envelope, bytes: Buffer): void {
    if (frame.type !== 'chat_message') return;
    frames.push({ id, bytes });
    bytesHeld += bytes.length;
    while (frames.length > maxRecovered || bytesHeld > maxBytes) {
      const gone = frames.shift()!;
      bytesHeld -= gone.bytes.length;
      // What comes before a gap is no less missing for being forgotten.
      if (gone.id > floor) floor = gone.id;
    }
  }
  function start({ from, past, ...rest }: Parts): void {
    frames = [];
    bytesHeld = 0;
    floor = from;
    wasGiven = rest.wasGiven;
    for (const envelope of past) add(envelope, encodeEnvelope(envelope));
  }
  start(parts);

  return {
    begin: ({ epoch, said, wholeFrom }) => start({ from: wholeFrom, wasGiven: createIdCheck(epoch), past: said }),
    add,
    between: (lastEventId, to) => {
      if (lastEventId < floor || lastEventId > to || !wasGiven(lastEventId)) return undefined;
      return frames.filter(({ id }) => id > lastEventId && id <= to).map(({ bytes }) => bytes);
    },
  };
}
