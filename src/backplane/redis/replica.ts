/** This node's copy of the room: its position in the stream, and the roster there. Pure: no clock and no I/O. */
import type { Envelope, Member, MessageEnvelope, OrderedFrame, Position } from '../backplane.ts';
import { idOf } from '../ids.ts';
import type { StreamEntry } from './link.ts';

interface Start {
  readonly epoch: number;
  readonly offset: number;
  readonly timeMs: number;
  readonly roster: readonly Member[];
}

export interface Replica {
  readonly epoch: number;
  readonly offset: number;
  readonly members: number;
  begin(start: Start): void;
  /**
   * Goes on by one entry. Returns the envelope that sessions get for it, undefined where the entry is for nodes only, and
   * false where it isn't the next one.
   */
  advance(entry: StreamEntry): Envelope | undefined | false;
  /** Returns the current position. */
  position(): Position;
  /**
   * Returns a position for a user who is about to join: the current one, or an earlier one since the id `since` if nobody
   * has left meanwhile.
   */
  positionBeforeJoin(since: string | undefined): Position;
}

const rfc3339 = (ms: number): string => new Date(ms).toISOString();

/** Returns the user of a session, `node/serial/user`. */
const userOf = (session: string): string => session.slice(session.indexOf('/', session.indexOf('/') + 1) + 1);

/** Returns a message as sessions get it. Nodes of version 0.1 send its fields on as they are, so the id isn't among them. */
function messageOf(json: string, userId: string) {
  const { from_user, ...rest } = JSON.parse(json);
  return { from_user, from_user_id: userId, ...rest };
}

function envelopeOf<Frame extends OrderedFrame>(
  { epoch, offset, fields }: StreamEntry,
  frame: Frame,
  userId?: string,
): Envelope<Frame> {
  const sentAt = rfc3339(Number(fields.get('t')));
  return { id: idOf(epoch, offset), sentAt, frame, ...(userId !== undefined && { userId }) };
}

/** Returns the envelope of a message; undefined for an entry of another kind. */
export function messageEnvelopeOf(entry: StreamEntry): MessageEnvelope | undefined {
  const { fields } = entry;
  if (fields.get('k') !== 'said') return undefined;
  const userId = fields.get('u')!;
  return envelopeOf(entry, { type: 'chat_message', msg: messageOf(fields.get('m')!, userId) }, userId);
}

export function createReplica(): Replica {
  let at: Omit<Start, 'roster'> = { epoch: 0, offset: 0, timeMs: 0 };
  /** Id of the last entry that sessions get. Entries for nodes are no positions. */
  let id = idOf(0, 0);
  /** Members by their names, in join order. */
  let members = new Map<string, Member>();
  let roster: readonly Member[] | undefined;
  /** Position of the last newcomer. Nobody has left since, so no further newcomer is in its roster. */
  let shared: Position | undefined;

  const position = (): Position => {
    roster ??= Object.freeze([...members.values()]);
    return { id, sentAt: rfc3339(at.timeMs), roster };
  };

  /** Takes a join or a departure over into the roster. An entry of a kind that this node doesn't know is neither. */
  function presenceEnvelopeOf(entry: StreamEntry): Envelope | undefined {
    const [kind, username] = [entry.fields.get('k'), entry.fields.get('n')];
    if (username === undefined) return undefined;
    roster = undefined;
    if (kind === 'joined') {
      const userId = userOf(entry.fields.get('s')!);
      members.set(username, { id: userId, username });
      return envelopeOf(entry, { type: 'user_joined', msg: { username, user_id: userId } });
    }
    // Only a join names the session, and with it the user.
    const userId = members.get(username)?.id;
    if (members.delete(username)) shared = undefined;
    if (kind !== 'left') return undefined;
    return envelopeOf(entry, {
      type: 'user_left',
      msg: { username, ...(userId !== undefined && { user_id: userId }) },
    });
  }

  return {
    get epoch() {
      return at.epoch;
    },
    get offset() {
      return at.offset;
    },
    get members() {
      return members.size;
    },
    begin: ({ roster: present, ...start }) => {
      at = start;
      id = idOf(start.epoch, start.offset);
      members = new Map(present.map((member) => [member.username, member]));
      roster = shared = undefined;
    },
    advance: (entry) => {
      const { epoch, offset, fields } = entry;
      if (epoch !== at.epoch || offset !== at.offset + 1) return false;
      at = { epoch, offset, timeMs: Number(fields.get('t')) };
      if (fields.get('k') === 'access') return undefined;
      id = idOf(epoch, offset);
      return messageEnvelopeOf(entry) ?? presenceEnvelopeOf(entry);
    },
    position,
    positionBeforeJoin: (since) => {
      if (shared === undefined || since === undefined || shared.id < since) shared = position();
      return shared;
    },
  };
}
