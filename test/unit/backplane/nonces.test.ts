import { describe, expect, it } from 'vitest';
import type { MessageEnvelope } from '../../../src/backplane/backplane.ts';
import { createNonces } from '../../../src/backplane/nonces.ts';

const message = (id: string, text = ''): MessageEnvelope => ({
  id,
  sentAt: '',
  frame: { type: 'chat_message', msg: { from_user: 'Ann', text } },
});

describe('nonces', () => {
  it('are remembered for five minutes, separately for each user', () => {
    const nonces = createNonces();
    nonces.remember('a', 'b c', message('1'), 0);
    nonces.remember('a b', 'c', message('2'), 0);
    const at = (nowMs: number) => [nonces.find('a', 'b c', nowMs)?.id, nonces.find('a b', 'c', nowMs)?.id];
    expect([at(299_999), at(300_000)]).toEqual([
      ['1', '2'],
      [undefined, undefined],
    ]);
  });

  it('stay with the later message where an earlier one, under the same nonce, is older than five minutes', () => {
    const nonces = createNonces();
    nonces.remember('a', 'b', message('1'), -302_000);
    nonces.remember('a', 'b', message('2'), 0);
    expect(nonces.find('a', 'b', 0)?.id).toBe('2');
  });

  it('are bounded in number and in text; the oldest are dropped first', () => {
    const many = createNonces();
    for (let n = 0; n <= 100_000; n += 1) many.remember('a', `${n}`, message(`${n}`), 0);
    expect([many.find('a', '0', 0), many.find('a', '1', 0)?.id, many.find('a', '100000', 0)?.id]).toEqual([
      undefined,
      '1',
      '100000',
    ]);
    const long = createNonces();
    for (let n = 0; n < 3_000; n += 1) long.remember('a', `${n}`, message(`${n}`, 'x'.repeat(4_096)), 0);
    expect([long.find('a', '0', 0), long.find('a', '2999', 0)?.id]).toEqual([undefined, '2999']);
  });
});
