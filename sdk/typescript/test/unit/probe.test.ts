import { describe, expect, it, vi } from 'vitest';
import type { ChatMessageFromClient } from '../../src/index.ts';
import { createProbe } from '../../src/probe.ts';

function start() {
  const sent: ChatMessageFromClient['msg'][] = [];
  const probe = createProbe(({ msg }) => sent.push(msg));
  const refuse = (nonce: string | undefined): boolean =>
    probe.settle({
      ...{ type: 'error', sent_at: '' },
      msg: { code: 'invalid_message', detail: 'no', ...(nonce !== undefined && { nonce }) },
    });
  return { probe, sent, refuse };
}

describe('the probe', () => {
  it('sends an empty message, and takes its refusal as the answer', () => {
    const { probe, sent, refuse } = start();
    expect(probe.isPending()).toBe(false);
    probe.ask();
    expect([sent, probe.isPending()]).toEqual([[{ text: '', nonce: expect.any(String) }], true]);
    expect([refuse(undefined), refuse('other'), probe.isPending()]).toEqual([false, false, true]);
    expect([refuse(sent[0]!.nonce), probe.isPending()]).toEqual([true, false]);
    expect(refuse(sent[0]!.nonce)).toBe(false);
  });

  it('calls back once, with the next answer', () => {
    const { probe, sent, refuse } = start();
    const listener = vi.fn();
    probe.onceAnswered(listener);
    for (const n of [0, 1]) {
      probe.ask();
      expect(listener).toHaveBeenCalledTimes(n);
      refuse(sent[n]!.nonce);
      expect(listener).toHaveBeenCalledTimes(1);
    }
  });
});
