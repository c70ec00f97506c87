import type { ServerMessage } from '../../generated/chat/index.ts';
import type { Position } from '../backplane/backplane.ts';
import type { Transport } from './connection.ts';
import type { ChatCounts } from './counts.ts';
import { eventsOf } from './events.ts';
import type { Frame, FrameLog } from './frame-log.ts';
import { encodeUsersOnline } from './frames.ts';
import type { Recovery } from './recovery.ts';
import { pieceBytes } from './send-queue.ts';

/** A session that has not caught up with the stream. */
export interface Newcomer {
  /** Last id that it has seen on an earlier connection. */
  readonly lastEventId?: string | undefined;
  /** Its position in the stream, while it needs one: a roster is large. */
  position?: Position | undefined;
  /** Whether it was sent `users_online`. */
  greeted?: boolean;
}

export interface Greetings {
  /**
   * Returns what a newcomer at this position is sent: `users_online` and the messages it missed, both once, and the
   * frames sent since. Newcomers at one position share the bytes. Returns undefined while it has to wait: what it
   * missed ends at its position, and this node has not come to that yet.
   */
  next(newcomer: Newcomer, position: Position, transport: Transport): readonly Buffer[] | undefined;
  /** Counts what was returned since the last call, and lets go of it. */
  finish(): void;
}

export interface GreetingsDeps {
  readonly log: Pick<FrameLog, 'sentAfter' | 'sentId'>;
  /** Without it, no missed messages are replayed. */
  readonly recovery: Pick<Recovery, 'between'> | undefined;
  readonly counts: Readonly<Record<Transport, Pick<ChatCounts, 'sent'>>>;
}

/** The frames for newcomers at one position. */
interface Greeting {
  readonly transport: Transport;
  readonly batches: readonly Buffer[];
  readonly types: readonly ServerMessage['type'][];
  /** Missed messages, on top of `types`. */
  readonly missed: number;
  newcomers: number;
}

/** Returns one buffer where that is small, as nearly always. The given batches may be shared: they are not changed. */
function joinBatches(batches: readonly Buffer[], frames: readonly Frame[]): readonly Buffer[] {
  const all = [...batches, ...frames.map(({ bytes }) => bytes)];
  const length = all.reduce((sum, bytes) => sum + bytes.length, 0);
  if (length === 0) return [];
  if (length <= pieceBytes) return [Buffer.concat(all, length)];
  return frames.length === 0 ? batches : [...batches, Buffer.concat(all.slice(batches.length))];
}

export function createGreetings({ log, recovery, counts }: GreetingsDeps): Greetings {
  /** Greetings of this flush, by all that they depend on. */
  const greetings = new Map<string, Greeting>();
  /** Events of missed messages, by the frames that recovery shares. A replay is long, and its reader may be slow. */
  const replayed = new WeakMap<Buffer, Buffer>();

  function replayedEvents(frames: Buffer): Buffer {
    const known = replayed.get(frames);
    if (known !== undefined) return known;
    const events = eventsOf(frames);
    replayed.set(frames, events);
    return events;
  }

  /** Returns `users_online` and missed messages as events. Nobody may resume behind a roster that messages before it follow. */
  const greetingEvents = (usersOnline: Buffer, missed: readonly Buffer[] | undefined): readonly Buffer[] => [
    eventsOf(usersOnline, missed === undefined),
    ...(missed ?? []).map(replayedEvents),
  ];

  function greetingOf({ greeted, lastEventId }: Newcomer, position: Position, transport: Transport): Greeting {
    const sent = log.sentAfter(position.id);
    const types = sent.map(({ type }) => type);
    const isOverHttp = transport === 'events';
    const frames = isOverHttp ? sent.map((frame) => ({ ...frame, bytes: eventsOf(frame.bytes) })) : sent;
    if (greeted) return { transport, batches: joinBatches([], frames), types, missed: 0, newcomers: 0 };
    const missed = lastEventId === undefined ? undefined : recovery?.between(lastEventId, position.id);
    const recovered = lastEventId === undefined ? undefined : missed !== undefined;
    const usersOnline = encodeUsersOnline(position, recovered);
    const first = isOverHttp ? greetingEvents(usersOnline, missed?.batches) : [usersOnline, ...(missed?.batches ?? [])];
    return {
      transport,
      batches: joinBatches(first, frames),
      types: ['users_online', ...types],
      missed: missed?.count ?? 0,
      newcomers: 0,
    };
  }

  return {
    next: (newcomer, position, transport) => {
      const { greeted = false, lastEventId } = newcomer;
      if (lastEventId !== undefined && log.sentId < position.id) return undefined;
      const key = `${transport} ${position.id} ${position.sentAt} ${greeted} ${lastEventId}`;
      const greeting = greetings.get(key) ?? greetingOf(newcomer, position, transport);
      greetings.set(key, greeting);
      greeting.newcomers += 1;
      newcomer.greeted = true;
      return greeting.batches;
    },
    finish: () => {
      if (greetings.size === 0) return;
      for (const { transport, types, missed, newcomers } of greetings.values()) {
        const { sent: counted } = counts[transport];
        for (const type of types) counted[type] += newcomers;
        counted.chat_message += missed * newcomers;
      }
      greetings.clear();
    },
  };
}
