import type { Case } from '../cases.ts';
import { brings, chatMessage, echoOf, fault, newNonce, type Said, say, settle } from '../chat/say.ts';
import type { Session } from '../chat/session.ts';
import type { SeenFrame } from '../seen.ts';
import { member } from '../specs/schema.ts';

function checkPart(session: Session, frame: SeenFrame, name: string, want: unknown): void {
  const got = member(frame.msg, name);
  if (got !== want)
    throw fault(session, `${name} is ${JSON.stringify(got)}, where ${JSON.stringify(want)} is due`, frame);
}

const echo: Case = {
  id: 'rule.echo',
  says: 'a message comes back to its sender, as to everybody else, under the name of the sender',
  run: async (kit) => {
    const [ann, observer] = [await kit.join('ann'), await kit.observer()];
    for (const said of [{ text: 'Hello!', nonce: newNonce() }, { text: `Hello, without ${newNonce()}` }]) {
      const back = await say(kit, ann, said);
      for (const [name, want] of Object.entries({ from_user: ann.username, text: said.text, nonce: said.nonce }))
        checkPart(ann, back, name, want);
      await observer.until('the message', brings(said, ann.username));
    }
  },
};

/** What servers like to mend: white space, controls, composition, markup, and characters of more than one code point. */
const delicate = [
  '  two spaces  ',
  '\n',
  '\u0000',
  '\u2028\u2029',
  '<b>&amp;</b>',
  'e\u0301',
  '\u202eabc',
  '\ufeff',
  '{"type":"x"}',
  '👩‍👩‍👧',
  'ﬁ',
  'İ',
  '\\u0041',
];

const exact: Case = {
  id: 'rule.exact',
  says: 'text and nonce are delivered exactly as sent, to everybody',
  run: async (kit) => {
    const [ann, observer] = [await kit.join('ann'), await kit.observer()];
    for (const text of delicate) {
      const said: Said = { text, nonce: `${newNonce()}${text}` };
      const from = observer.frames.length;
      // Told by its place where neither text nor nonce can be trusted: nobody else has this name.
      const mine = ({ type, msg }: SeenFrame): boolean =>
        type === 'chat_message' && member(msg, 'from_user') === ann.username;
      const start = ann.frames.length;
      await kit.pacer.take(ann.username);
      ann.send(chatMessage(said));
      const [back, seen] = [
        await ann.until(`echo of ${JSON.stringify(text)}`, (frame) => mine(frame) || frame.type === 'error', start),
        await observer.until(`message ${JSON.stringify(text)}`, mine, from),
      ];
      for (const [session, frame] of [
        [ann, back],
        [observer, seen],
      ] as const) {
        checkPart(session, frame, 'text', said.text);
        checkPart(session, frame, 'nonce', said.nonce);
      }
    }
  },
};

const spoof: Case = {
  id: 'rule.spoof',
  says: 'from_user, sent_at and id of a client are ignored, whatever they hold',
  run: async (kit) => {
    const ann = await kit.join('ann');
    const { username } = await kit.user('observer');
    const spoofs = [
      { from_user: username, sent_at: '1970-01-01T00:00:00.000Z', id: '9' },
      { from_user: { a: [null] }, sent_at: 7, id: null },
    ];
    for (const { from_user, sent_at, id } of spoofs) {
      const said = { text: 'I am somebody else', nonce: newNonce() };
      const back = await echoOf(
        kit,
        ann,
        { type: 'chat_message', id, sent_at, msg: { ...said, from_user, sent_at, id } },
        said,
      );
      checkPart(ann, back, 'from_user', ann.username);
      const own = { sent_at: member(back.value, 'sent_at'), id: member(back.value, 'id') };
      if (own.sent_at === sent_at) throw fault(ann, 'sent_at is that of the client', back);
      if (own.id === id) throw fault(ann, 'id is that of the client', back);
    }
  },
};

const early: Case = {
  id: 'rule.early-frames',
  says: 'what a client sends the moment its connection opens is published, in the order sent',
  run: async (kit) => {
    const said = Array.from({ length: 5 }, (_, index) => ({ text: `early ${index}`, nonce: newNonce() }));
    const { username } = await kit.user('ann');
    await kit.pacer.take(username, said.length);
    const ann = await kit.join('ann', { early: said.map((each) => JSON.stringify(chatMessage(each))) });
    await inOrder(ann, said);
  },
};

/** Waits for all of these, and checks that they come in this order. */
async function inOrder(session: Session, said: readonly Said[], username = session.username): Promise<void> {
  let last = -1;
  for (const each of said) {
    const frame = await session.until(`message '${each.text}'`, brings(each, username));
    const at = session.frames.indexOf(frame);
    if (at < last) throw fault(session, `'${each.text}' comes before what was sent before it`, session.frames[last]);
    last = at;
  }
}

const lastWords: Case = {
  id: 'rule.last-words',
  says: 'what a client sent before its close is published',
  run: async (kit) => {
    const [ann, observer] = [await kit.join('ann'), await kit.observer()];
    const said = Array.from({ length: 3 }, (_, index) => ({ text: `last word ${index}`, nonce: newNonce() }));
    await kit.pacer.take(ann.username, said.length);
    for (const each of said) ann.send(chatMessage(each));
    await ann.close();
    await inOrder(observer, said, ann.username);
  },
};

const order: Case = {
  id: 'rule.order.three-clients',
  says: 'three clients that speak at once are heard in one order by everybody, each as it spoke, also by who comes late',
  run: async (kit) => {
    const [ann, second, bob, observer] = [
      await kit.join('ann'),
      await kit.join('ann'),
      await kit.join('bob'),
      await kit.observer(),
    ];
    const speakers = [ann, bob, observer];
    const words = new Map(
      speakers.map((speaker) => [
        speaker,
        Array.from({ length: 10 }, (_, index) => ({ text: `${speaker.label} says ${index}`, nonce: newNonce() })),
      ]),
    );
    for (const [speaker, said] of words) await kit.pacer.take(speaker.username, said.length);
    const rounds = Array.from({ length: 10 }, (_, index) => index);
    for (const round of rounds)
      for (const [speaker, said] of words) {
        const each = said[round];
        if (each) speaker.send(chatMessage(each));
      }
    const late = await kit.join('bob');
    for (const [speaker, said] of words)
      for (const listener of [ann, second, bob, observer]) await inOrder(listener, said, speaker.username);
    await settle(kit, bob, [ann, second, observer, late]);
    sameOrder([ann, second, bob, observer, late]);
  },
};

const messagesOf = ({ frames }: Session): SeenFrame[] => frames.filter(({ type }) => type === 'chat_message');

/** @throws {Violation} where two saw the messages that both saw in another order, or one missed one in between */
function sameOrder(sessions: readonly Session[]): void {
  const [first, ...others] = sessions;
  if (!first) return;
  const all = messagesOf(first).map(({ text }) => text);
  for (const other of others) {
    const [mine, its] = [new Set(all), messagesOf(other).map(({ text }) => text)];
    const start = all.indexOf(its.find((text) => mine.has(text)) ?? '');
    const due = all.slice(start);
    const got = its.filter((text) => mine.has(text));
    const at = due.findIndex((text, index) => text !== got[index]);
    if (at >= 0)
      throw fault(
        other,
        `${got[at] ?? 'nothing'}, where ${first.label} heard ${due[at]}`,
        messagesOf(other).find(({ text }) => text === got[at]),
      );
  }
}

/** What becomes of messages. */
export const messageRules: readonly Case[] = [echo, exact, spoof, early, lastWords, order];
