/**
 * Parses the records of the clients: the kind of each frame, and the one stream that all of them have seen together.
 */
import {
  type ChatMessage,
  type ServerMessage,
  serverMessageSchemas,
  type UserJoined,
  type UserLeft,
  type UsersOnline,
} from '../../generated/chat/index.ts';
import type { Account, Connection } from './account.ts';

export type OrderedFrame = UserJoined | UserLeft | ChatMessage;

/** The parsed frames of a connection. */
export interface Heard {
  readonly connection: Connection;
  online?: UsersOnline;
  /** The missed frames, up to the id of its `users_online`. */
  readonly replayed: OrderedFrame[];
  /** The frames after that id. */
  readonly live: OrderedFrame[];
  /** Answers to repeated nonces. */
  readonly repeats: ChatMessage[];
  /** Frames in places where the protocol forbids them. */
  readonly misplaced: { readonly frame: OrderedFrame | UsersOnline; readonly why: 'again' | 'late' }[];
}

export interface Reading {
  readonly heard: readonly Heard[];
  /** Texts that are not frames of the server. */
  readonly undeclared: readonly { readonly client: string; readonly text: string; readonly why: string }[];
  /** The frames of the stream by id, sorted. */
  readonly order: ReadonlyMap<string, OrderedFrame>;
  /** Ids that stand for different frames. */
  readonly contradictions: readonly (readonly [string, string])[];
  /** Messages in the stream, oldest first. */
  readonly messages: readonly ChatMessage[];
}

export const epochOf = (id: string): string => id.split('-')[0]!;

/** Returns the frame in a text, or the reason why it is invalid. */
function frameIn(text: string): ServerMessage | { readonly wrong: string } {
  try {
    const frame = JSON.parse(text) as ServerMessage;
    const schema = serverMessageSchemas[frame.type];
    if (schema === undefined) return { wrong: 'no frame of the server has this type' };
    const result = schema.safeParse(frame);
    return result.success ? frame : { wrong: result.error.message };
  } catch (error) {
    return { wrong: (error as Error).message };
  }
}

function listen(connection: Connection, parse: (text: string) => ServerMessage | undefined): Heard {
  const heard: Heard = { connection, replayed: [], live: [], repeats: [], misplaced: [] };
  const { replayed, live, repeats, misplaced } = heard;
  const owed = [...connection.nonces];
  const ids = new Set<string>();
  let position = '';

  function take(frame: OrderedFrame): void {
    const { online } = heard;
    if (online && frame.id > position) {
      position = frame.id;
      ids.add(frame.id);
      (frame.id <= online.id ? replayed : live).push(frame);
      return;
    }
    const at = frame.type === 'chat_message' ? owed.indexOf(frame.msg.nonce ?? '') : -1;
    if (online && at >= 0) {
      owed.splice(at, 1);
      repeats.push(frame as ChatMessage);
    } else misplaced.push({ frame, why: ids.has(frame.id) ? 'again' : 'late' });
  }

  for (const text of connection.frames) {
    const frame = parse(text);
    if (frame === undefined || !('id' in frame)) continue;
    if (frame.type !== 'users_online') take(frame);
    else if (heard.online) misplaced.push({ frame, why: 'again' });
    else {
      heard.online = frame;
      position = frame.msg.recovered === true ? (connection.asked ?? frame.id) : frame.id;
    }
  }
  return heard;
}

export function read({ connections, published, polls, end }: Account): Reading {
  const parsed = new Map<string, ReturnType<typeof frameIn>>();
  const undeclared: Reading['undeclared'][number][] = [];
  const parse = (client: string) => (text: string) => {
    const frame = parsed.get(text) ?? frameIn(text);
    parsed.set(text, frame);
    if (!('wrong' in frame)) return frame;
    undeclared.push({ client, text, why: frame.wrong });
    return undefined;
  };
  const heard = connections.map((connection) => listen(connection, parse(connection.client)));

  const texts = new Map<string, string>();
  const frames = new Map<string, OrderedFrame>();
  const contradictions: (readonly [string, string])[] = [];
  const note = (frame: OrderedFrame): void => {
    const text = JSON.stringify(frame);
    const known = texts.get(frame.id);
    if (known !== undefined && known !== text) contradictions.push([known, text]);
    texts.set(frame.id, text);
    frames.set(frame.id, frame);
  };
  for (const { replayed, live, repeats, misplaced } of heard)
    for (const frame of [...replayed, ...live, ...repeats, ...misplaced.map((one) => one.frame)])
      if (frame.type !== 'users_online') note(frame);
  const told = [
    ...published.map(({ client, text }) => ({ client, texts: [text] })),
    ...polls.map(({ client, messages }) => ({ client, texts: messages })),
    ...(end?.pages ?? []).map(({ node, messages }) => ({ client: node, texts: messages })),
  ];
  for (const { client, texts: some } of told)
    for (const text of some) {
      const frame = parse(client)(text);
      if (frame?.type === 'chat_message') note(frame);
    }
  const order = new Map([...frames].sort(([a], [b]) => (a < b ? -1 : 1)));
  const messages = [...order.values()].filter((frame) => frame.type === 'chat_message');
  return { heard, undeclared, order, contradictions, messages };
}
