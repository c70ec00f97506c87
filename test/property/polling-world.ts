/** Two nodes with one store, and the plainest model of what clients that poll should read. Nothing here is a stream. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ChatMessage } from '../../generated/chat/index.ts';
import type { Envelope } from '../../src/backplane/backplane.ts';
import { idOf, padded } from '../../src/backplane/ids.ts';
import { StoreUnavailable } from '../../src/database/database.ts';
import { type History, openHistory } from '../../src/history/history.ts';
import type { MessageStore } from '../../src/history/message-store.ts';
import { silent as log } from '../harness/log.ts';
import type { Mood } from './unreliable-store.ts';

export const nodeCount = 2;

export type Step =
  | { readonly do: 'publish'; readonly isMessage: boolean }
  | { readonly do: 'deliver'; readonly node: number; readonly count: number }
  | { readonly do: 'store'; readonly node: number; readonly mood: Mood; readonly canRead: boolean }
  | { readonly do: 'ready'; readonly node: number; readonly isReady: boolean }
  | { readonly do: 'begin'; readonly node: number }
  | { readonly do: 'epoch' }
  | { readonly do: 'time'; readonly ms: number }
  /** `asked` and `answered`: turns before the store reads, and until it answers. */
  | {
      readonly do: 'poll';
      readonly client: number;
      readonly limit: number;
      readonly asked: number;
      readonly answered: number;
    };

type Poll = Extract<Step, { do: 'poll' }>;

const wireOf = ({ id, sentAt, frame }: Envelope): string =>
  JSON.stringify({ type: frame.type, id, sent_at: sentAt, msg: frame.msg });

/** Wraps the store as one node has it: it fails on demand, and takes a number of turns to answer. */
function storeOf(inner: MessageStore) {
  const state = { mood: 'up' as Mood, canRead: true, asked: 0, answered: 0 };
  const wait = async (turns: number): Promise<void> => {
    for (let n = 0; n < turns; n += 1) await nextTurn();
  };
  async function read<T>(question: () => Promise<T>): Promise<T> {
    await wait(state.asked);
    if (!state.canRead) throw new StoreUnavailable('planted');
    const answer = await question();
    await wait(state.answered);
    return answer;
  }
  async function write(change: () => Promise<void>): Promise<void> {
    if (state.mood === 'down') throw new StoreUnavailable('down');
    await change();
    if (state.mood === 'mute') throw new StoreUnavailable('mute');
  }
  const store: MessageStore = {
    ...inner,
    append: (messages, gaps) => write(() => inner.append(messages, gaps)),
    putRun: (run) => write(() => inner.putRun(run)),
    after: (id, limit) => read(() => inner.after(id, limit)),
    runs: () => read(() => inner.runs()),
  };
  return { store, state };
}

/** A node's history, and how far the node has delivered. */
async function openNode(inner: MessageStore) {
  const { store, state } = storeOf(inner);
  const known = { isReady: true };
  const history = await openHistory({
    store,
    isReady: () => known.isReady,
    maxAgeS: 9e6,
    maxCount: 1e6,
    log,
  });
  return { history, state, known, epoch: 0, delivered: 0 };
}
type Node = Awaited<ReturnType<typeof openNode>>;

/** A client that polls, as the contract tells it to. It asks the nodes in turn, or one of them only. */
function createClient(histories: readonly History[], start: string, fault: (what: string) => void) {
  const read: ChatMessage[] = [];
  const gaps: string[] = [];
  let at = start;
  let asked = 0;
  let isDone = false;

  return {
    read: read as readonly ChatMessage[],
    gaps: gaps as readonly string[],
    /** Whether the last page was the last one, with its position. */
    isDone: () => isDone,

    poll: async (limit: number): Promise<void> => {
      const history = histories[asked++ % histories.length]!;
      isDone = false;
      const page = await history.page({ after: at }, limit).catch((error: unknown) => {
        if (error instanceof StoreUnavailable) return undefined;
        throw error;
      });
      if (page === undefined) return;
      const { messages, after, as_of } = page;
      if ('before' in page) fault('a page forwards has before');
      if (messages.length > limit || page.gaps.length > limit) fault(`more than ${limit} on a page`);
      if (as_of !== undefined && as_of < at) fault(`as_of ${as_of}, after ${at}`);
      for (const place of [...messages.map(({ id }) => id), ...page.gaps])
        if (place <= at || (as_of !== undefined && place > as_of)) fault(`${place} in a page from ${at} to ${as_of}`);
      read.push(...messages);
      gaps.push(...page.gaps);
      isDone = after === undefined && as_of !== undefined;
      at = after ?? as_of ?? messages.at(-1)?.id ?? at;
    },
  };
}

/** @param inner Store without anything in it */
export async function createWorld(inner: MessageStore) {
  const faults: string[] = [];
  const fault = (what: string): void => void faults.push(what);
  const nodes: Node[] = [];
  for (let n = 0; n < nodeCount; n += 1) nodes.push(await openNode(inner));
  const histories = nodes.map(({ history }) => history);

  /** The stream of the current epoch, and the messages of all epochs that some node delivered. */
  let epoch = 0;
  let stream: Envelope[] = [];
  const published = new Map<string, string>();
  /** Epochs whose stream was lost, before some node had all of it. */
  let lost = 0;

  function begin(node: Node): void {
    node.epoch = epoch;
    node.delivered = stream.length;
    // More than what isn't stored: a node tells late how far it has stored.
    const messages = stream.filter(({ frame }) => frame.type === 'chat_message');
    for (const message of messages) published.set(message.id, wireOf(message));
    const id = idOf(epoch, stream.length);
    node.history.begin({
      id,
      epoch: padded(epoch),
      messages,
      completeFrom: idOf(epoch, 0),
      unstored: { messages },
    });
  }

  function deliver(node: Node, count: number): void {
    if (node.epoch !== epoch) {
      begin(node);
      return;
    }
    for (const envelope of stream.slice(node.delivered, node.delivered + count)) {
      if (envelope.frame.type === 'chat_message') published.set(envelope.id, wireOf(envelope));
      node.history.add(envelope);
      node.delivered += 1;
    }
  }

  function publish(isMessage: boolean): void {
    const n = stream.length + 1;
    const { frame, userId }: Pick<Envelope, 'frame' | 'userId'> = isMessage
      ? {
          frame: { type: 'chat_message', msg: { from_user: 'Ann', from_user_id: 'ann', text: `${epoch} ${n}` } },
          userId: 'ann',
        }
      : { frame: { type: 'user_joined', msg: { username: 'Bob', user_id: 'bob' } } };
    stream.push({ id: idOf(epoch, n), sentAt: new Date().toISOString(), frame, ...(userId && { userId }) });
  }

  function renew(): void {
    // A node that never knew an epoch can't say that messages of it may be missing.
    if (nodes.some((node) => node.epoch !== epoch)) return;
    if (nodes.some((node) => node.delivered < stream.length)) lost += 1;
    epoch += 1;
    stream = [];
  }

  renew();
  lost = 0;
  for (const node of nodes) begin(node);
  const start = idOf(epoch, 0);
  // The first ones ask one node each, the last one asks all in turn.
  const clients = [...histories.map((one) => [one]), histories].map((some) => createClient(some, start, fault));
  const underWay = clients.map(() => Promise.resolve());

  async function poll({ client, limit, asked, answered }: Poll): Promise<void> {
    await underWay[client];
    for (const { state } of nodes) Object.assign(state, { asked, answered });
    underWay[client] = clients[client]!.poll(limit);
  }

  /** Checks that a client has read each message once, unless a gap says that some are missing. */
  function check({ read, gaps }: (typeof clients)[number]): void {
    const ids = read.map(({ id }) => id);
    if (ids.some((id, at) => at > 0 && id <= ids[at - 1]!)) fault(`not in order, or twice: ${ids}`);
    for (const message of read)
      if (published.get(message.id) !== JSON.stringify(message)) fault(`not as published: ${JSON.stringify(message)}`);
    for (const id of [...published.keys()].filter((one) => !ids.includes(one))) {
      const next = ids.find((other) => other > id) ?? '~';
      if (!gaps.some((gap) => gap >= id && gap <= next)) fault(`${id} is missing, in no gap`);
      if (lost === 0) fault(`${id} is missing, where nothing was lost`);
    }
  }

  return {
    faults: faults as readonly string[],

    perform: async (step: Step, advance: (ms: number) => Promise<void>): Promise<void> => {
      if (step.do === 'publish') publish(step.isMessage);
      else if (step.do === 'deliver') deliver(nodes[step.node]!, step.count);
      else if (step.do === 'store') Object.assign(nodes[step.node]!.state, { mood: step.mood, canRead: step.canRead });
      else if (step.do === 'ready') nodes[step.node]!.known.isReady = step.isReady;
      else if (step.do === 'begin') begin(nodes[step.node]!);
      else if (step.do === 'epoch') renew();
      else if (step.do === 'time') await advance(step.ms);
      else await poll(step);
      await nextTurn();
    },

    /** Delivers everything, lets all clients poll to the end, and checks what they have read. */
    finish: async (): Promise<void> => {
      await Promise.all(underWay);
      for (const node of nodes) {
        Object.assign(node.state, { mood: 'up', canRead: true, asked: 0, answered: 0 });
        node.known.isReady = true;
        deliver(node, stream.length);
      }
      for (const client of clients) {
        // Once for each node, and each time to the end.
        for (let ends = 0; ends < nodeCount; ends += 1)
          do await client.poll(3);
          while (!client.isDone());
        check(client);
      }
      for (const { history } of nodes) await history.close();
    },
  };
}
