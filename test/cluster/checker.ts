/** Checks the records of a cluster's clients against the guarantees of the protocol. Pure. */
import { closeCodes } from '../../generated/chat/index.ts';
import type { Account, Send } from './account.ts';
import { presenceRules } from './presence-rules.ts';
import { epochOf, type OrderedFrame, type Reading, read } from './reading.ts';
import type { Violation } from './violation.ts';

/** Close codes that may occur: those of RFC 6455, a server that stops, and a node that may have missed frames. */
const ends: readonly number[] = [1000, 1005, 1006, closeCodes.going_away, 1012];
/** Codes that leave the outcome unknown. */
const refusals: readonly number[] = [503];
/** Codes with which a send may fail while nodes and Redis fail. */
const answers: readonly string[] = ['unavailable', 'connection_lost', 'timeout', 'offline_queue_full', 'closed'];

const told = (frame: object): string => JSON.stringify(frame);

function* declared(account: Account, { undeclared }: Reading): Generator<Violation> {
  const rule = 'only what is declared';
  for (const { client, text, why } of undeclared)
    yield { rule, says: `${client} got no frame: ${why}`, frames: [text] };
  for (const { client, closeCode } of account.connections)
    if (closeCode !== undefined && !ends.includes(closeCode))
      yield { rule, says: `${client} was closed with ${closeCode}`, frames: [] };
  for (const status of account.refusals)
    if (!refusals.includes(status)) yield { rule, says: `a handshake was answered ${status}`, frames: [] };
  for (const { what } of account.incidents) yield { rule: 'nodes stay up', says: what, frames: [] };
}

/** Ids rise on every connection, and each stands for one frame. So no two clients see two frames in different order. */
function* ordered(_: Account, { heard, contradictions, order }: Reading): Generator<Violation> {
  for (const [one, other] of contradictions)
    yield { rule: 'one frame an id', says: 'an id stands for two frames', frames: [one, other] };
  for (const { connection, misplaced, replayed, live } of heard)
    for (const { frame, why } of misplaced) {
      const rule = why === 'again' ? 'nothing twice' : 'one order';
      const at = [...replayed, ...live].filter(({ id }) => id > frame.id).slice(0, 1);
      yield { rule, says: `${connection.client} got it ${why}`, frames: [...at, frame].map(told) };
    }
  let before: OrderedFrame | undefined;
  for (const frame of order.values()) {
    if (before && before.sent_at > frame.sent_at)
      yield { rule: 'time goes on', says: 'sent_at goes back', frames: [told(before), told(frame)] };
    before = frame;
  }
}

/** Returns the part of a list, sorted by id, that lies after one id and up to another. */
function between<Frame extends { readonly id: string }>(frames: readonly Frame[], after: string, to: string): Frame[] {
  const firstAfter = (id: string): number => {
    let [low, high] = [0, frames.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (frames[middle]!.id <= id) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return frames.slice(firstAfter(after), firstAfter(to));
}

/**
 * Between its ends, a stretch without a break holds everything that any client saw. A stretch that recovered begins
 * where the one before ended.
 */
function* whole({ stretches }: Account, { heard, order, messages }: Reading): Generator<Violation> {
  const all = [...order.values()];
  const rule = 'nothing lost';
  for (const { connection, online, replayed, live } of heard) {
    if (!online) continue;
    const recovered = online.msg.recovered === true;
    const replayedTo = live.length > 0 ? online.id : (replayed.at(-1)?.id ?? '');
    const due = [
      ...(recovered ? between(messages, connection.asked ?? '', replayedTo) : []),
      ...between(all, online.id, live.at(-1)?.id ?? ''),
    ];
    const got = new Set([...replayed, ...live].map(({ id }) => id));
    for (const frame of due)
      if (!got.has(frame.id))
        yield { rule, says: `${connection.client} did not get it`, frames: [told(online), told(frame)] };
    for (const frame of replayed)
      if (frame.type !== 'chat_message')
        yield { rule: 'one order', says: `${connection.client} got it behind a later list`, frames: [told(frame)] };
  }
  for (const { client, from, heard: ids } of stretches) {
    const due = between(messages, from, ids.at(-1) ?? '').map(({ id }) => id);
    const got = new Set(ids);
    const missed = due.find((id) => !got.has(id));
    if (missed !== undefined)
      yield { rule, says: `${client} did not get it over its connections`, frames: [told(order.get(missed)!)] };
    const again = ids.find((id, at) => at > 0 && id <= ids[at - 1]!);
    if (again !== undefined)
      yield { rule: 'nothing twice', says: `${client} got ${again} out of order over its connections`, frames: [] };
  }
}

function* nonces(_: Account, { messages }: Reading): Generator<Violation> {
  const said = new Map<string, OrderedFrame>();
  for (const frame of messages) {
    if (frame.msg.nonce === undefined) continue;
    const key = `${epochOf(frame.id)} ${frame.msg.from_user_id ?? frame.msg.from_user} ${frame.msg.nonce}`;
    const first = said.get(key);
    if (first) yield { rule: 'a nonce once', says: 'it was published twice', frames: [told(first), told(frame)] };
    said.set(key, frame);
  }
}

const wrongOutcome = ({ outcome, text }: Send, order: Reading['order']): string | undefined => {
  if (outcome?.kind === 'unanswered') return 'was not answered';
  if (outcome?.kind === 'echoed') {
    const frame = order.get(outcome.id);
    return frame?.type === 'chat_message' && frame.msg.text === text ? undefined : `was echoed as ${told(frame ?? {})}`;
  }
  return outcome && !answers.includes(outcome.code) ? `was answered ${outcome.code}` : undefined;
};

function* answered({ sends, restarts, end }: Account, { order }: Reading): Generator<Violation> {
  for (const send of sends) {
    const wrong = wrongOutcome(send, order) ?? (end && !send.outcome ? 'was never settled' : undefined);
    if (wrong !== undefined)
      yield { rule: 'every send answered', says: `"${send.text}" of ${send.client} ${wrong}`, frames: [] };
    if (send.outcome?.kind !== 'echoed') continue;
    const { id } = send.outcome;
    if (restarts.some(({ epoch, upMs }) => send.atMs > upMs && epochOf(id) <= epoch))
      yield {
        rule: 'a restart is a new epoch',
        says: `"${send.text}" was said after Redis was restarted, in an epoch from before`,
        frames: order.has(id) ? [told(order.get(id)!)] : [],
      };
  }
}

function* streams({ connections, answers, rollingRestarts }: Account): Generator<Violation> {
  for (const { client, mismatches = [] } of connections)
    for (const says of mismatches) yield { rule: 'events fit their frames', says: `${client}: ${says}`, frames: [] };
  const ended = connections.filter(({ isStream }) => isStream);
  if (rollingRestarts > 0 && ended.length > 0 && !ended.some(({ closeCode }) => closeCode === closeCodes.going_away))
    yield { rule: 'streams say why they end', says: 'all nodes stopped, and no stream was told', frames: [] };
  for (const { client, id, asOf } of answers)
    if (asOf < id)
      yield { rule: 'answered after delivery', says: `${client} was answered ${id} by a node at ${asOf}`, frames: [] };
}

/** Checks that each client that polls has read every message once, unless a gap says that some are missing. */
function* polled({ polls, end }: Account, { messages }: Reading): Generator<Violation> {
  for (const { client, from, at, messages: texts, gaps } of polls) {
    const ids = texts.map((text) => (JSON.parse(text) as OrderedFrame).id);
    const again = ids.find((id, index) => index > 0 && id <= ids[index - 1]!);
    if (again !== undefined)
      yield { rule: 'nothing twice', says: `${client} polled ${again} out of order`, frames: [] };
    const got = new Set(ids);
    for (const frame of between(messages, from, at)) {
      if (got.has(frame.id)) continue;
      const next = ids.find((id) => id > frame.id) ?? '~';
      if (!gaps.some((gap) => gap >= frame.id && gap <= next))
        yield { rule: 'nothing lost', says: `${client} did not poll it, from ${from} to ${at}`, frames: [told(frame)] };
    }
    if (end && at < end.marker)
      yield { rule: 'nothing lost', says: `${client} polled to ${at}, not to the end`, frames: [] };
  }
}

/** Checks that every node has each delivered message in its history, or a gap in its place. */
function* histories({ end }: Account, { messages }: Reading): Generator<Violation> {
  const [first, ...others] = end?.pages ?? [];
  if (!first) return;
  for (const other of others)
    for (const part of ['messages', 'gaps'] as const) {
      const at = first[part].findIndex((one, index) => one !== other[part][index]);
      if (at >= 0 || first[part].length !== other[part].length)
        yield {
          rule: 'histories agree',
          says: `${first.node} and ${other.node} have other ${part}, from ${at < 0 ? 'the end' : at} on`,
          frames: [first, other].map((pages) => pages[part].at(at < 0 ? -1 : at) ?? 'nothing'),
        };
    }
  for (const { node, messages: texts, gaps } of [first, ...others]) {
    const ids = texts.map((text) => (JSON.parse(text) as OrderedFrame).id);
    if (ids.some((id, at) => at > 0 && id <= ids[at - 1]!))
      yield { rule: 'one order', says: `the pages of ${node} are not in order`, frames: [] };
    const kept = new Set(ids);
    for (const frame of messages) {
      if (kept.has(frame.id)) continue;
      const next = ids.find((id) => id > frame.id) ?? '~';
      if (!gaps.some((gap) => gap >= frame.id && gap <= next))
        yield { rule: 'stored or in a gap', says: `${node} has neither`, frames: [told(frame)] };
    }
  }
}

/** Returns all violations in the account. In an account that goes on, returns those that later records cannot undo. */
export function check(account: Account): Violation[] {
  const reading = read(account);
  return [declared, ordered, whole, streams, polled, nonces, presenceRules, answered, histories].flatMap((rules) => [
    ...rules(account, reading),
  ]);
}
