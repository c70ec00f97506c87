import { brings, chatMessage, fault, newNonce, type Said } from '../../client/messages.ts';
import type { SeenFrame } from '../../client/seen.ts';
import type { Session } from '../../client/session.ts';
import { member } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { inOrder } from '../chat/hold.ts';
import { settle } from '../chat/say.ts';

export const threeClients: Case = {
  id: 'rule.order.three-clients',
  says: 'messages of three clients that send at once have one order for everyone, later sessions included, and keep the order of each sender',
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
    const end = await settle(kit, bob, [ann, second, observer, late]);
    sameOrder([ann, second, bob, observer, late], end);
  },
};

/** The messages of a session up to the last one that all have waited for. */
function messagesUntil(end: Said, { frames }: Session): SeenFrame[] {
  const at = frames.findIndex(brings(end, ''));
  return frames.slice(0, at + 1).filter(({ type }) => type === 'chat_message');
}

const inShort = (frame: SeenFrame | undefined): string => JSON.stringify(member(frame?.msg, 'text')) ?? 'nothing';

/** @throws {Violation} where one heard the messages in another order than the first, or missed one after its first */
function sameOrder([first, ...others]: readonly [Session, ...Session[]], end: Said): void {
  const heard = messagesUntil(end, first);
  const all = heard.map(({ text }) => text);
  for (const other of others) {
    // The sessions joined one after the other, so their streams begin at different messages.
    const whole = messagesUntil(end, other);
    const its = whole.slice(whole.findIndex(({ text }) => all.includes(text)));
    const due = all.slice(all.indexOf(its[0]?.text ?? ''));
    const at = due.findIndex((text, index) => text !== its[index]?.text);
    if (at >= 0)
      throw fault(
        other,
        `hears ${inShort(its[at])}, where ${first.label} heard ${inShort(heard.find(({ text }) => text === due[at]))}`,
        its[at],
      );
  }
}
