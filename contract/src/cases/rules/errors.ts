import { codeOf, fault, newNonce } from '../../client/messages.ts';
import type { Door } from '../../client/seen.ts';
import { member } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { refusalOf, settle } from '../chat/say.ts';

const bad = '{"type":"contract"}';

const aloneThrough = (door: Door): Case['run'] => {
  return async (kit) => {
    const [ann, second, bob, observer] = [
      await kit.join('ann'),
      await kit.join('ann', { door }),
      await kit.join('bob', { door }),
      await kit.observer(),
    ];
    const others = [bob, observer, second];
    const from = new Map(others.map((other) => [other, other.frames.length]));
    await refusalOf(kit, ann, bad, 'a frame of an unknown type');
    await settle(kit, ann, others);
    for (const [other, start] of from) {
      const error = other.frames.slice(start).find(({ type }) => type === 'error');
      const whose = other.username === ann.username ? "another of this user's sessions" : "another user's session";
      if (error) throw fault(other, `an error that ${whose} was to have`, error);
    }
  };
};

const alone: Case = {
  id: 'rule.errors.alone',
  says: 'an error goes to the session that sent the frame, and to no other, not even of the same user',
  run: aloneThrough('websocket'),
};

export const errorsAloneOfEvents: Case = {
  id: 'rule.errors.alone.events',
  says: 'an error of a WebSocket goes to no stream of events, not even of the same user',
  run: aloneThrough('events'),
};

const once: Case = {
  id: 'rule.errors.once',
  says: 'a refused frame is answered with one error, is not published, and leaves the connection open',
  run: async (kit) => {
    const [ann, observer] = [await kit.join('ann'), await kit.observer()];
    const from = observer.frames.length;
    const nonce = newNonce();
    await refusalOf(kit, ann, JSON.stringify({ type: 'chat_message', msg: { text: '', nonce } }), 'an empty text');
    await settle(kit, ann, [observer]);
    const errors = ann.frames.filter(({ type }) => type === 'error');
    if (errors.length !== 1) throw fault(ann, `${errors.length} errors for one frame`, errors.at(-1));
    // The schema can't say so: it is one for all codes.
    if (codeOf(errors[0]!) !== 'rate_limited' && member(errors[0]!.msg, 'retry_after_ms') !== undefined)
      throw fault(ann, 'retry_after_ms comes with another code than rate_limited', errors[0]);
    const published = observer.frames
      .slice(from)
      .find(({ msg, type }) => type === 'chat_message' && member(msg, 'nonce') === nonce);
    if (published) throw fault(observer, 'a refused message is published', published);
  },
};

const nonces: Case = {
  id: 'rule.errors.nonce',
  says: 'an error repeats the nonce of the refused frame, and has none where the frame had none',
  run: async (kit) => {
    const ann = await kit.join('ann');
    for (const nonce of [newNonce(), undefined]) {
      const error = await refusalOf(
        kit,
        ann,
        JSON.stringify({ type: 'chat_message', msg: { text: '', nonce } }),
        'an empty text',
      );
      const got = member(error.msg, 'nonce');
      if (got !== nonce)
        throw fault(
          ann,
          `the error has the nonce ${JSON.stringify(got)}, where ${JSON.stringify(nonce)} is due`,
          error,
        );
    }
  },
};

const allowedAtOnce = 20;
/** One more may be refused with each second; and so many more are let pass, lest the clock decides. */
const tolerated = 3;

const tooMany: Case = {
  id: 'rule.errors.too-many',
  says: '20 frames may be refused at once, and one more each second; then the connection ends with 1008',
  run: async (kit) => {
    const ann = await kit.join('ann');
    await ann.until('first frame', () => true);
    const fromMs = performance.now();
    for (let sent = 0; sent < 3 * allowedAtOnce; sent += 1) ann.sendRaw(bad);
    const code = await ann.closed('close with 1008');
    if (code !== 1008) throw fault(ann, `closed with ${code}, where 1008 is due`);
    const refilled = Math.ceil((performance.now() - fromMs) / 1_000);
    const errors = ann.frames.filter(({ type }) => type === 'error').length;
    if (errors < allowedAtOnce)
      throw fault(ann, `closed after ${errors} errors, where ${allowedAtOnce} frames may be refused`);
    if (errors > allowedAtOnce + refilled + tolerated)
      throw fault(ann, `closed only after ${errors} errors, where ${allowedAtOnce} frames may be refused at once`);
  },
};

/** Rules about refused frames. */
export const errors: readonly Case[] = [alone, once, nonces, tooMany];
