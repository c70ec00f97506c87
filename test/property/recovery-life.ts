/** One life of a server's room, without sockets, beside a plain model of its stream. */
import type { Backplane, Envelope, OrderedFrame } from '../../src/backplane/backplane.ts';
import type { Transport } from '../../src/chat/connection.ts';
import { createRoom } from '../../src/chat/room.ts';
import type { MessageStore } from '../../src/history/message-store.ts';
import { openLocalStream } from '../../src/stream.ts';
import { createTurns } from '../harness/fan-out.ts';
import { silent as log } from '../harness/log.ts';
import { createReceiver } from '../harness/received.ts';

const graceMs = 10_000;
const config = { presenceGraceS: graceMs / 1_000, historyMaxAgeS: 9e6, historyMaxCount: 1e6, maxSessionsPerUser: 10 };

export const wireOf = ({ id, sentAt, frame }: Envelope): string =>
  JSON.stringify({ type: frame.type, id, sent_at: sentAt, msg: frame.msg });

export function rosterAfter(roster: readonly string[], { frame }: Envelope): string[] {
  if (frame.type === 'user_joined') return [...roster, frame.msg.username];
  if (frame.type === 'user_left') return roster.filter((username) => username !== frame.msg.username);
  return [...roster];
}

/** Creates a model of who should be in the room, and of the frames that should have announced it. */
function createModel() {
  const expected: string[] = [];
  const users = new Map<string, { readonly username: string; sessions: number }>();
  let lingering: { readonly id: string; readonly untilMs: number }[] = [];

  const expectNext = (frame: OrderedFrame): void => void expected.push(JSON.stringify(frame));
  function leave(id: string): void {
    expectNext({ type: 'user_left', msg: { username: users.get(id)!.username, user_id: id } });
    users.delete(id);
  }

  return {
    expected: expected as readonly string[],
    expectNext,
    joined: (id: string, username: string): void => {
      const user = users.get(id) ?? { username, sessions: 0 };
      if (!users.has(id)) expectNext({ type: 'user_joined', msg: { username, user_id: id } });
      user.sessions += 1;
      users.set(id, user);
      lingering = lingering.filter((other) => other.id !== id);
    },
    released: (id: string, how: 'left' | 'lost'): void => {
      const user = users.get(id)!;
      user.sessions -= 1;
      if (user.sessions > 0) return;
      if (how === 'left') leave(id);
      else lingering.push({ id, untilMs: Date.now() + graceMs });
    },
    /** Call after time has passed. */
    lapsed: (): void => {
      while (lingering[0] && lingering[0].untilMs <= Date.now()) leave(lingering.shift()!.id);
    },
  };
}

/**
 * Wires a room as the server does. `onPublished` hears of each frame when it gets its position; the frame arrives at
 * the room when a test says so.
 */
export async function beginLife(
  store: MessageStore,
  dataDir: string,
  onPublished: (envelope: Envelope, wire: string) => void,
) {
  const { backplane, recovery, history } = await openLocalStream({ ...config, dataDir }, { store, log });
  const turns = createTurns();
  const model = createModel();
  const order: Envelope[] = [];
  /** The stream as it goes over the wire, and as frames. */
  const wires: string[] = [];
  const frames: string[] = [];
  /** Published frames that have not arrived at this node yet. */
  const underWay: Envelope[] = [];
  let deliver = (_: Envelope): void => {};
  const far: Backplane = {
    ...backplane,
    start: (to) => {
      deliver = to.deliver;
      return backplane.start({
        ...to,
        deliver: (envelope) => {
          const wire = wireOf(envelope);
          underWay.push(envelope);
          order.push(envelope);
          wires.push(wire);
          frames.push(JSON.stringify(envelope.frame));
          onPublished(envelope, wire);
        },
      });
    },
  };
  const room = createRoom(far, { pace: turns.pace, recovery, also: { deliver: history.add } });
  await room.start();

  /** Lets some frames arrive; all of them without a number. */
  const arrive = (count = Number.POSITIVE_INFINITY): void => {
    for (const envelope of underWay.splice(0, count)) deliver(envelope);
  };

  /** Joins a session that stays from the beginning to the end. Returns what it is sent after its roster. */
  async function stay(transport: Transport): Promise<readonly string[]> {
    const texts: string[] = [];
    const framesIn = createReceiver(transport);
    const witness = await room.join({ id: 'witness', username: 'Witness' });
    if ('refusal' in witness) throw new Error(witness.refusal);
    model.joined('witness', 'Witness');
    witness.session.open({
      transport,
      send: (bytes) => void texts.push(...framesIn(bytes).map(({ text }) => text)),
      end: (code) => void texts.push(`ended with ${code}`),
    });
    arrive();
    turns.flush();
    return texts;
  }
  // The second one's roster has the user already.
  const stayed = { websocket: await stay('websocket'), events: await stay('events') };
  const witnessed = () => [stayed.websocket.slice(1), [...wires.slice(0, 1), ...stayed.events.slice(1)]];
  return { ...model, backplane, history, room, flush: turns.flush, arrive, order, wires, frames, witnessed };
}
