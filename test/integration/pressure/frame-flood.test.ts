import { describe, expect, it } from 'vitest';
import { createFrameLimit } from '../../../src/limits/frames.ts';
import { type Chat, connect } from '../../harness/chat.ts';
import { startTestServer } from '../../harness/server.ts';
import { mint } from '../../harness/tokens.ts';

const perSecond = 20;
const burst = 2 * perSecond;

/** Returns the answer to each nonce, in order: `published`, or the code of the error. */
async function answersTo(chat: Chat, nonces: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  for (const nonce of nonces) {
    for (;;) {
      const frame = await chat.next();
      if (frame.type !== 'chat_message' && frame.type !== 'error') continue;
      if (frame.msg.nonce !== nonce) continue;
      answers.push(frame.type === 'error' ? frame.msg.code : 'published');
      break;
    }
  }
  return answers;
}

describe('a user that floods the room', () => {
  it('is limited over all its sessions together; each frame is published or answered, and the others chat on', async () => {
    await using server = await startTestServer({ env: { RATE_LIMIT_FRAMES: `${perSecond}` } });
    const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
    const token = await mint({ id: '1', username: 'Ann' });
    const sessions = await Promise.all(Array.from({ length: 10 }, () => connect(server, { token })));
    const startMs = performance.now();
    const asked = sessions.map((session, index) => {
      const nonces = Array.from({ length: 15 }, (_, n) => `${index}-${n}`);
      for (const nonce of nonces) session.say('flood', nonce);
      return answersTo(session, nonces);
    });
    const answers = (await Promise.all(asked)).flat();
    const seconds = Math.ceil((performance.now() - startMs) / 1_000);
    const published = answers.filter((answer) => answer === 'published').length;
    expect(answers).toHaveLength(150);
    expect([...new Set(answers)].sort()).toEqual(['published', 'rate_limited']);
    expect(published).toBeGreaterThanOrEqual(burst);
    expect(published).toBeLessThanOrEqual(burst + seconds * perSecond);
    bob.say('I am still here', 'mine');
    expect(await answersTo(bob, ['mine'])).toEqual(['published']);
    const seen = bob.frames.filter((frame) => frame.type === 'chat_message' && frame.msg.from_user === 'Ann');
    expect(seen).toHaveLength(published);
  });

  it('is closed with 1008 if it does not stop, and only on that connection', async () => {
    await using server = await startTestServer({ env: { RATE_LIMIT_FRAMES: '1' } });
    const token = await mint({ id: '1', username: 'Ann' });
    const [loud, quiet] = [await connect(server, { token }), await connect(server, { token })];
    for (let n = 0; n < 400; n += 1) loud.say('flood', `${n}`);
    expect(await loud.closed()).toBe(1008);
    const refused = loud.frames.filter((frame) => frame.type === 'error');
    expect(refused.length).toBeGreaterThanOrEqual(200);
    expect(new Set(refused.map((frame) => frame.type === 'error' && frame.msg.code))).toEqual(
      new Set(['rate_limited']),
    );
    quiet.say('not me', 'q');
    expect(['published', 'rate_limited']).toContain((await answersTo(quiet, ['q']))[0]);
  });

  it('delivers 60 messages sent at once by a client that obeys retry_after_ms', async () => {
    await using server = await startTestServer({ env: { RATE_LIMIT_FRAMES: `${perSecond}` } });
    const ann = await connect(server, { token: await mint({ id: '1', username: 'Ann' }) });
    let unsaid = Array.from({ length: 60 }, (_, n) => `${n}`);
    const waits: number[] = [];
    for (let rounds = 0; unsaid.length > 0; rounds += 1) {
      expect(rounds).toBeLessThan(10);
      const from = ann.frames.length;
      for (const nonce of unsaid) ann.say('a paste', nonce);
      const answers = await answersTo(ann, unsaid);
      const retries = ann.frames
        .slice(from)
        .flatMap((frame) => (frame.type === 'error' ? [frame.msg.retry_after_ms!] : []));
      unsaid = unsaid.filter((_, index) => answers[index] === 'rate_limited');
      expect(retries).toHaveLength(unsaid.length);
      waits.push(...retries);
      await new Promise((resolve) => setTimeout(resolve, retries.at(-1) ?? 0));
    }
    expect(waits.length).toBeGreaterThanOrEqual(60 - burst);
    // Each wait is at most a second.
    for (const waitMs of waits) expect(waitMs > 0 && waitMs <= 1_000 && Number.isInteger(waitMs)).toBe(true);
  });

  it('does not count rate-limited frames against the budget of invalid frames', async () => {
    await using server = await startTestServer({ env: { RATE_LIMIT_FRAMES: '1' } });
    const ann = await connect(server, { token: await mint({ id: '1', username: 'Ann' }) });
    for (let n = 0; n < 150; n += 1) ann.say('flood', `${n}`);
    for (let n = 0; n < 20; n += 1) ann.send({ type: 'chat_message', msg: { text: '', nonce: `bad ${n}` } });
    const nonces = Array.from({ length: 20 }, (_, n) => `bad ${n}`);
    expect(await answersTo(ann, nonces)).toEqual(nonces.map(() => 'invalid_message'));
    const invalid = ann.frames.filter((frame) => frame.type === 'error' && frame.msg.code === 'invalid_message');
    expect(invalid.every((frame) => frame.type === 'error' && frame.msg.retry_after_ms === undefined)).toBe(true);
  });

  it('is not limited with RATE_LIMIT_FRAMES=0', async () => {
    expect(createFrameLimit(0)).toBe(undefined);
    await using server = await startTestServer({ env: { RATE_LIMIT_FRAMES: '0' } });
    const ann = await connect(server, { token: await mint({ id: '1', username: 'Ann' }) });
    const nonces = Array.from({ length: 200 }, (_, n) => `${n}`);
    for (const nonce of nonces) ann.say('flood', nonce);
    expect(new Set(await answersTo(ann, nonces))).toEqual(new Set(['published']));
  });
});

it('keeps the order of frames under the limit, and in a burst', async () => {
  await using server = await startTestServer({ env: { RATE_LIMIT_FRAMES: `${perSecond}` } });
  const ann = await connect(server, { token: await mint({ id: '1', username: 'Ann' }) });
  const nonces = Array.from({ length: burst }, (_, n) => `${n}`);
  for (const nonce of nonces) ann.say('in order', nonce);
  expect(await answersTo(ann, nonces)).toEqual(nonces.map(() => 'published'));
});
