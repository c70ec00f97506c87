/** This node's copy of the room: its position in the stream, and the roster there. Pure: no clock and no I/O. */
import type { Envelope, OrderedFrame, Position } from '../backplane.ts';
import { idOf } from '../ids.ts';
import type { StreamEntry } from './link.ts';

interface Start {
  readonly epoch: number;
  readonly offset: number;
  readonly timeMs: number;
  readonly roster: readonly string[];
}

export interface Replica {
  readonly epoch: number;
  readonly offset: number;
  readonly members: number;
  begin(start: Start): void;
  /** Goes on by one entry. Returns false where it isn't the next one. */
  advance(entry: StreamEntry): boolean;
  /** Returns the current position. */
  position(): Position;
  /**
   * Returns a position for a user who is about to join: the current one, or an earlier one since the id `since` if nobody
   * has left meanwhile.
   */
  positionBeforeJoin(since: string | undefined): Position;
}

const rfc3339 = (ms: number): string => new Date(ms).toISOString();

function frameOf({ fields }: StreamEntry): OrderedFrame | undefined {
  const username = fields.get('n')!;
  switch (fields.get('k')) {
    case 'joined':
      return { type: 'user_joined', msg: { username } };
    case 'left':
      return { type: 'user_left', msg: { username } };
    case 'said':
      return { type: 'chat_message', msg: JSON.parse(fields.get('m')!) };
    default:
      return undefined;
  }
}

/** Returns the envelope that sessions get for an entry; undefined where the entry is for nodes only. */
export function envelopeOf(entry: StreamEntry): Envelope | undefined {
  const frame = frameOf(entry);
  if (frame === undefined) return undefined;
  const { epoch, offset, fields } = entry;
  const userId = fields.get('u');
  const sentAt = rfc3339(Number(fields.get('t')));
  return { id: idOf(epoch, offset), sentAt, frame, ...(userId !== undefined && { userId }) };
}

export function createReplica(): Replica {
  let at: Omit<Start, 'roster'> = { epoch: 0, offset: 0, timeMs: 0 };
  /** Id of the last entry that sessions get. Entries for nodes are no positions. */
  let id = idOf(0, 0);
  /** In join order. */
  let names = new Set<string>();
  let roster: readonly string[] | undefined;
  /** Position of the last newcomer. Nobody has left since, so no further newcomer is in its roster. */
  let shared: Position | undefined;

  const position = (): Position => {
    roster ??= Object.freeze([...names]);
    return { id, sentAt: rfc3339(at.timeMs), roster };
  };

  return {
    get epoch() {
      return at.epoch;
    },
    get offset() {
      return at.offset;
    },
    get members() {
      return names.size;
    },
    begin: ({ roster: present, ...start }) => {
      at = start;
      id = idOf(start.epoch, start.offset);
      names = new Set(present);
      roster = shared = undefined;
    },
    advance: ({ epoch, offset, fields }) => {
      if (epoch !== at.epoch || offset !== at.offset + 1) return false;
      at = { epoch, offset, timeMs: Number(fields.get('t')) };
      const [kind, name] = [fields.get('k'), fields.get('n')];
      if (kind === 'access') return true;
      id = idOf(epoch, offset);
      if (name === undefined) return true;
      roster = undefined;
      if (kind === 'joined') names.add(name);
      else if (names.delete(name)) shared = undefined;
      return true;
    },
    position,
    positionBeforeJoin: (since) => {
      if (shared === undefined || since === undefined || shared.id < since) shared = position();
      return shared;
    },
  };
}
