/** A user of the room over several connections, and the frames that it may receive on them. */
import type { ServerMessage } from '../../generated/chat/index.ts';
import { createPosition } from '../../sdk/typescript/src/position.ts';
import type { Envelope } from '../../src/backplane/backplane.ts';
import type { Transport } from '../../src/chat/connection.ts';
import type { RoomSession } from '../../src/chat/room.ts';
import type { Received } from '../harness/received.ts';
import { rosterAfter } from './recovery-life.ts';
import type { LivesRecord, ResumeId } from './recovery-record.ts';

export interface Person {
  readonly member: { readonly id: string; readonly username: string };
  readonly transport: Transport;
  position: ReturnType<typeof createPosition>;
  session?: RoomSession | undefined;
  /** Frames that arrived on this connection and were not read yet. */
  arriving: Received[];
  /** Last `id` line that was read over all streams of events; empty if there was none. */
  lastEventId: string;
  greeted: boolean;
  asked?: ResumeId | undefined;
  /** `seen` has the messages after this position, over all connections that recovered. */
  from: string;
  seen: string[];
}

export const createPerson = (user: number, transport: Transport): Person => ({
  member: { id: `${user}`, username: `User ${user}` },
  transport,
  position: createPosition(),
  arriving: [],
  lastEventId: '',
  greeted: false,
  from: '',
  seen: [],
});

/** Returns the position of a client that knows only this id of the stream. */
function positionAt(id: string): Person['position'] {
  const position = createPosition();
  position.advance({ type: 'user_joined', id, sent_at: '', msg: { username: '' } });
  return position;
}

export interface ResumeStep {
  readonly after: 'nothing' | 'last' | 'older' | 'foreign';
  readonly at: number;
}

/** Returns the id that a person resumes after. */
function resumeIdOf({ position, transport, lastEventId }: Person, { after, at }: ResumeStep, given: readonly string[]) {
  const id = transport === 'events' ? lastEventId || undefined : position.id;
  if (after === 'nothing') return undefined;
  if (after === 'last') return id === undefined ? undefined : { id, foreign: false };
  if (after === 'older') return { id: given[at % given.length]!, foreign: false };
  const epoch = given[at % given.length]!.slice(0, 16);
  const never = [
    '~',
    'x',
    `${epoch}-${'9'.repeat(16)}`,
    `${'0'.repeat(16)}-${'0'.repeat(16)}`,
    `${epoch}-`,
    given.at(-1)!.replace(/^./, '1'),
  ];
  return { id: never[at % never.length]!, foreign: true };
}

/** Prepares a person for its next connection. */
export function prepare(person: Person, step: ResumeStep, given: readonly string[]): void {
  person.asked = resumeIdOf(person, step, given);
  person.greeted = false;
  if (step.after === 'last') return;
  const { id } = person.asked ?? {};
  person.position = id === undefined || person.asked?.foreign ? createPosition() : positionAt(id);
  person.lastEventId = person.position.id ?? '';
  person.from = id ?? '';
  person.seen = [];
}

/** The stream of this life, and the oldest message at its beginning. */
export interface LifeStream {
  readonly order: readonly Envelope[];
  readonly first: string | undefined;
}

type UsersOnline = Extract<ServerMessage, { type: 'users_online' }>;

function readGreeting(person: Person, { id, msg }: UsersOnline, record: LivesRecord, { order, first }: LifeStream) {
  const { fault } = record;
  person.greeted = true;
  record.given.push(id);
  const roster = order.filter((envelope) => envelope.id <= id).reduce(rosterAfter, [] as string[]);
  if (roster.join() !== msg.list.join()) fault(`roster ${msg.list}, not ${roster}`);
  if ((msg.recovered === undefined) !== (person.asked === undefined))
    fault('recovered is sent to a client that asked, and to no other');
  const must = person.asked && record.mustRecover(person.asked, id, first);
  if (must !== undefined && msg.recovered !== must)
    fault(`recovered after ${person.asked?.id}: ${msg.recovered}, not ${must}`);
  if (msg.recovered === true) return;
  person.from = id;
  person.seen = [];
}

/** Reads up to `most` of a person's frames. The others are lost. */
export function read(person: Person, record: LivesRecord, life: LifeStream, most = Number.POSITIVE_INFINITY): void {
  const { fault } = record;
  for (const { text, idLine } of person.arriving.splice(0).slice(0, most)) {
    if (idLine !== undefined) person.lastEventId = idLine;
    const frame = JSON.parse(text) as ServerMessage;
    if (!person.greeted !== (frame.type === 'users_online')) fault(`${frame.type} out of its turn`);
    if (!person.position.advance(frame)) fault(`received twice: ${text}`);
    if (frame.type === 'users_online') readGreeting(person, frame, record, life);
    else if (frame.type === 'chat_message') person.seen.push(text);
    // The WHATWG algorithm arrives at the same position as the SDK.
    if (person.transport === 'events' && person.lastEventId !== (person.position.id ?? ''))
      fault(`a reader of events is at ${person.lastEventId}, not ${person.position.id}`);
  }
}
