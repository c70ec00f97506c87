import { describe, expect, it } from 'vitest';
import { type Account, type Connection, emptyAccount, type Outcome, type Pages } from './account.ts';
import { check } from './checker.ts';
import type { Rule } from './violation.ts';

const sentAt = (offset: number): string => new Date(1_700_000_000_000 + offset).toISOString();
const idOf = (offset: number, epoch = 1): string => `${epoch}-${String(offset).padStart(3, '0')}`;

const online = (offset: number, list: string[], recovered?: boolean, epoch?: number): string =>
  JSON.stringify({
    type: 'users_online',
    id: idOf(offset, epoch),
    sent_at: sentAt(offset),
    msg: {
      list,
      users: list.map((username) => ({ username, user_id: username })),
      ...(recovered !== undefined && { recovered }),
    },
  });
const joined = (offset: number, username: string, epoch?: number): string =>
  JSON.stringify({
    type: 'user_joined',
    id: idOf(offset, epoch),
    sent_at: sentAt(offset),
    msg: { username, user_id: username },
  });
const left = (offset: number, username: string): string =>
  JSON.stringify({
    type: 'user_left',
    id: idOf(offset),
    sent_at: sentAt(offset),
    msg: { username, user_id: username },
  });
const said = (offset: number, from_user: string, text: string, nonce?: string): string =>
  JSON.stringify({
    type: 'chat_message',
    id: idOf(offset),
    sent_at: sentAt(offset),
    msg: { from_user, from_user_id: from_user, text, ...(nonce !== undefined && { nonce }) },
  });

/**
 * Ann is in the room. Bob joins, talks, is cut off, reconnects and misses nothing. Cleo joins and leaves. Dora publishes
 * over HTTP without joining. Ann's other tab is a stream of events, until its node stops.
 */
const order = {
  ann: joined(1, 'Ann'),
  bob: joined(2, 'Bob'),
  one: said(3, 'Bob', 'one', 'n1'),
  two: said(4, 'Ann', 'two', 'n2'),
  cleo: joined(5, 'Cleo'),
  three: said(6, 'Ann', 'three', 'n3'),
  gone: left(7, 'Cleo'),
  post: said(8, 'Dora', 'post', 'n1'),
  four: said(9, 'Bob', 'four', 'n4'),
};
const { bob, one, two, cleo, three, gone, post, four } = order;
const all = Object.values(order);

interface Life extends Account {
  readonly ann: Connection;
  readonly bob: Connection;
  readonly back: Connection;
  readonly stream: Connection;
  readonly end: NonNullable<Account['end']>;
}

function sound(): Life {
  const connection = (username: string, frames: string[], more: Partial<Connection> = {}): Connection => ({
    client: username.toLowerCase(),
    username,
    asked: undefined,
    frames,
    nonces: [],
    ...more,
  });
  const connections = {
    ann: connection('Ann', [online(0, []), ...all]),
    bob: connection('Bob', [online(1, ['Ann']), bob, one], { closeCode: 1006, nonces: ['n1'] }),
    // The client repeats its last message after the reconnect, and gets the answer again.
    back: connection('Bob', [online(5, ['Ann', 'Bob', 'Cleo'], true), two, one, three, gone, post, four], {
      asked: idOf(3),
      nonces: ['n1', 'n4'],
    }),
    stream: {
      ...connection('Ann', [online(5, ['Ann', 'Bob', 'Cleo']), three, gone, post, four], { closeCode: 1001 }),
      client: 'ann-2',
      isStream: true as const,
      mismatches: [],
    },
    cleo: connection('Cleo', [online(4, ['Ann', 'Bob']), cleo, three], { closeCode: 1000 }),
  };
  const pages = (node: string): Pages => ({ node, messages: [one, two, three, post, four], gaps: [] });
  return {
    ...emptyAccount(),
    ...connections,
    connections: Object.values(connections),
    sends: [
      { client: 'bob', text: 'one', atMs: 0, outcome: { kind: 'echoed', id: idOf(3) } },
      { client: 'dora', text: 'post', atMs: 0, outcome: { kind: 'echoed', id: idOf(8) }, isPost: true },
      { client: 'bob', text: 'never', atMs: 1, outcome: { kind: 'refused', code: 'unavailable' } },
    ],
    stretches: [{ client: 'bob', from: idOf(1), heard: [3, 4, 6, 8, 9].map((offset) => idOf(offset)) }],
    refusals: [503],
    polls: [{ client: 'poller', from: idOf(2), at: idOf(9), messages: [one, two, three, post, four], gaps: [] }],
    published: [{ client: 'dora', text: post }],
    answers: [{ client: 'dora', id: idOf(8), asOf: idOf(8) }],
    rollingRestarts: 1,
    end: {
      clients: ['ann', 'bob'],
      usernames: ['Bob', 'Ann'],
      marker: idOf(9),
      pages: [pages('a'), pages('b')],
    },
  };
}

const rulesOf = (account: Account): Rule[] => [...new Set(check(account).map(({ rule }) => rule))];

const without = (frames: string[], frame: string): void => void frames.splice(frames.indexOf(frame), 1);
const insteadOf = (frames: string[], frame: string, ...others: string[]): void =>
  void frames.splice(frames.indexOf(frame), 1, ...others);

const outcome =
  (of: Outcome) =>
  ({ sends: [send] }: Life): void =>
    void Object.assign(send!, { outcome: of });
const closed =
  (which: 'bob' | 'back', closeCode: number) =>
  (life: Life): void =>
    void Object.assign(life[which], { closeCode });

/** Changes to a faultless record, and exactly the rules that each must break. */
const bugs: readonly [name: string, plant: (life: Life) => void, ...rules: Rule[]][] = [
  ['one message is dropped for one client', ({ ann }) => without(ann.frames, two), 'nothing lost'],
  ['one message is dropped from a recovery', ({ back }) => without(back.frames, two), 'nothing lost'],
  [
    'a message that only the history has',
    ({ connections }) => {
      for (const { frames } of connections) if (frames.includes(two)) without(frames, two);
    },
    'nothing lost',
  ],
  ['the SDK swallows one', ({ stretches }) => void stretches[0]!.heard.splice(1, 1), 'nothing lost'],
  ['the SDK emits one twice', ({ stretches }) => void stretches[0]!.heard.splice(1, 0, idOf(3)), 'nothing twice'],
  [
    'two messages are swapped',
    ({ ann }) => insteadOf(ann.frames, one, two, one) ?? ann.frames.splice(5, 1),
    'one order',
    'nothing lost',
  ],
  ['a message comes twice', ({ ann }) => void ann.frames.push(four), 'nothing twice'],
  ['a nonce is answered more often than asked', ({ back }) => void back.frames.push(one), 'one order'],
  ['the roster comes twice', ({ ann }) => void ann.frames.push(online(9, ['Ann', 'Bob'])), 'nothing twice'],
  ['an id is given twice', ({ ann }) => insteadOf(ann.frames, two, said(4, 'Ann', 'another')), 'one frame an id'],
  [
    'time goes back',
    (life) => {
      const old = two.replace(sentAt(4), sentAt(2));
      for (const { frames } of life.connections) if (frames.includes(two)) insteadOf(frames, two, old);
      for (const { messages } of [...life.end.pages, ...life.polls]) insteadOf(messages as string[], two, old);
    },
    'time goes on',
  ],
  [
    'a nonce is not looked at',
    ({ ann, back, end }) => {
      for (const { frames } of [ann, back]) frames.push(said(10, 'Bob', 'four', 'n4'));
      for (const { messages } of end.pages) (messages as string[]).push(said(10, 'Bob', 'four', 'n4'));
    },
    'a nonce once',
  ],
  [
    'a dead node is not swept',
    (life) => {
      for (const { frames } of life.connections) if (frames.includes(gone)) without(frames, gone);
    },
    'final rosters',
  ],
  [
    'user_left comes twice',
    ({ ann, back }) => {
      for (const { frames } of [ann, back]) frames.push(left(10, 'Cleo'));
    },
    'joins and leaves alternate',
  ],
  [
    'user_joined comes twice',
    ({ ann, back }) => {
      for (const { frames } of [ann, back]) frames.push(joined(10, 'Bob'));
    },
    'joins and leaves alternate',
  ],
  [
    'a list without its offset',
    ({ back }) => insteadOf(back.frames, back.frames[0]!, online(5, ['Ann', 'Bob'], true)),
    'joins and leaves alternate',
    'rosters agree',
  ],
  [
    'a gap is ignored',
    ({ back }) => {
      without(back.frames, three);
      without(back.frames, gone);
    },
    'nothing lost',
    'final rosters',
  ],
  [
    'a ghost speaks',
    ({ ann, back }) => {
      for (const { frames } of [ann, back]) frames.push(said(10, 'Cleo', 'boo'));
    },
    'senders are present',
    'stored or in a gap',
  ],
  [
    'an epoch is not renewed',
    ({ restarts }) => void restarts.push({ epoch: '1', upMs: -1 }),
    'a restart is a new epoch',
  ],
  ['a send has no answer', outcome({ kind: 'unanswered' }), 'every send answered'],
  ['a send is never settled', ({ sends }) => void delete sends[0]!.outcome, 'every send answered'],
  ['a send is refused for no reason', outcome({ kind: 'refused', code: 'rate_limited' }), 'every send answered'],
  ['an echo is another’s', outcome({ kind: 'echoed', id: idOf(4) }), 'every send answered'],
  ['a frame is not declared', ({ ann }) => void ann.frames.push('{"type":"error"}'), 'only what is declared'],
  ['a frame is not JSON', ({ ann }) => void ann.frames.push('{'), 'only what is declared'],
  ['a node fails inside', closed('bob', 1011), 'only what is declared'],
  ['a handshake is refused for no reason', ({ refusals }) => void refusals.push(409), 'only what is declared'],
  ['a batch of events is lost for one stream', ({ stream }) => without(stream.frames, gone), 'nothing lost'],
  [
    'a message over HTTP is in no stream',
    ({ published }) => void published.push({ client: 'dora', text: post.replace(idOf(8), `${idOf(8)}5`) }),
    'a nonce once',
    'nothing lost',
    'stored or in a gap',
  ],
  [
    'a roster that was recovered has an id line',
    ({ stream }) => void stream.mismatches!.push('planted'),
    'events fit their frames',
  ],
  [
    'a close event is missing',
    ({ stream }) => void Object.assign(stream, { closeCode: 1006 }),
    'streams say why they end',
  ],
  [
    'a node answers before it delivers',
    ({ answers }) => void Object.assign(answers[0]!, { asOf: idOf(7) }),
    'answered after delivery',
  ],
  ['a poller misses a message', ({ polls }) => without(polls[0]!.messages, two), 'nothing lost'],
  ['a poller gets a message twice', ({ polls }) => void polls[0]!.messages.push(four), 'nothing twice'],
  ['a poller does not come to the end', ({ polls }) => void Object.assign(polls[0]!, { at: idOf(8) }), 'nothing lost'],
  [
    'a user has two names',
    ({ ann, back, stream }) => {
      for (const { frames } of [ann, back, stream])
        frames.push(said(10, 'Ann', 'never').replace('_id":"Ann', '_id":"Bob'));
    },
    'a user has one name',
    'stored or in a gap',
  ],
  ['a node ends by itself', ({ incidents }) => void incidents.push({ what: 'a ended' }), 'nodes stay up'],
  [
    'a message is not kept',
    ({ end }) => {
      for (const { messages } of end.pages) without(messages as string[], two);
    },
    'stored or in a gap',
  ],
  [
    'one node misses a message',
    ({ end }) => without(end.pages[1]!.messages as string[], four),
    'stored or in a gap',
    'histories agree',
  ],
  [
    'the pages are not in order',
    ({ end }) => {
      for (const { messages } of end.pages) (messages as string[]).reverse();
    },
    'one order',
  ],
  ['nodes keep other gaps', ({ end }) => void (end.pages[1]!.gaps as string[]).push(idOf(4)), 'histories agree'],
  ['a user who has left is in the roster', ({ end }) => void (end.usernames as string[]).pop(), 'final rosters'],
  ['somebody is closed before the end', closed('back', 1001), 'final rosters'],
];

describe('the checker', () => {
  it('finds nothing wrong with a faultless record', () => {
    expect(check(sound())).toEqual([]);
  });

  it.each(bugs)('reports that %s', (_, plant, ...rules) => {
    const life = sound();
    plant(life);
    expect(rulesOf(life).sort()).toEqual([...rules].sort());
  });
});
