import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../../src/backplane/backplane.ts';
import { encodeEnvelope } from '../../../src/chat/frames.ts';
import { createRecovery } from '../../../src/chat/recovery.ts';
import { textsIn } from '../../harness/fan-out.ts';

const idOf = (n: number): string => String(n).padStart(6, '0');
const message = (n: number, text = `m${n}`): Envelope => ({
  id: idOf(n),
  sentAt: '',
  frame: { type: 'chat_message', msg: { from_user: 'Ann', text } },
});
const start = (from = 0, past: readonly Envelope[] = []) => {
  const recovery = createRecovery({ from: idOf(from), wasGiven: (id) => id !== idOf(7), past });
  return {
    add: (envelope: Envelope) => recovery.add(envelope, encodeEnvelope(envelope)),
    between: (after: number, to: number) =>
      recovery
        .between(idOf(after), idOf(to))
        ?.batches.flatMap(textsIn)
        .map((text) => JSON.parse(text).id),
  };
};

describe('recovery', () => {
  it('returns the messages after one position and up to another', () => {
    const { add, between } = start();
    for (const n of [1, 2, 4]) add(message(n));
    add({ id: idOf(3), sentAt: '', frame: { type: 'user_left', msg: { username: 'Bob' } } });
    expect(between(1, 4)).toEqual([idOf(2), idOf(4)]);
    expect(between(0, 3)).toEqual([idOf(1), idOf(2)]);
    expect(between(4, 4)).toEqual([]);
  });

  it.each([
    ['before its messages', 2, 9],
    ['after the end', 9, 8],
    ['that was never assigned', 7, 9],
  ])('returns undefined for a position %s', (_, after, to) => {
    const { add, between } = start(3);
    for (let n = 4; n <= 9; n += 1) add(message(n));
    expect(between(after, to)).toBeUndefined();
    expect(between(3, 9)).toHaveLength(6);
  });

  it('starts with past messages', () => {
    expect(start(1, [message(1), message(2)]).between(1, 5)).toEqual([idOf(2)]);
  });

  it('remembers a gap when it has dropped messages from before it', () => {
    const { add, between } = start(
      600,
      Array.from({ length: 500 }, (_, n) => message(n + 1)),
    );
    for (let n = 601; n <= 1_200; n += 1) add(message(n));
    expect([between(450, 1_200), between(600, 1_200)?.length]).toEqual([undefined, 600]);
  });

  it('forgets everything when the stream starts over', () => {
    const epoch = idOf(1).padStart(16, '0');
    const at = (n: number): string => `${epoch}-${String(n).padStart(16, '0')}`;
    const recovery = createRecovery({ from: '~', wasGiven: () => false, past: [] });
    recovery.begin({ epoch, completeFrom: at(2), messages: [3, 5].map((n) => ({ ...message(n), id: at(n) })) });
    const last = (after: string) => recovery.between(after, at(6))?.count;
    expect([at(2), at(3), at(5), at(1), idOf(4), `${epoch}-~`].map(last)).toEqual([
      2,
      1,
      0,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('shares its bytes among all sessions that resume, from any position', () => {
    const recovery = createRecovery({ from: idOf(0), wasGiven: () => true, past: [] });
    const add = (n: number): void => recovery.add(message(n), encodeEnvelope(message(n, 'x'.repeat(1_000))));
    for (let n = 1; n <= 900; n += 1) add(n);
    const [first, second] = [recovery.between(idOf(5), idOf(900))!, recovery.between(idOf(100), idOf(900))!];
    const shared = second.batches.filter((bytes) => first.batches.includes(bytes));
    const lengthOf = (batches: readonly Buffer[]): number => batches.reduce((sum, bytes) => sum + bytes.length, 0);
    // Only parts of the first block and of the last are not shared.
    expect(lengthOf(second.batches) - lengthOf(shared)).toBeLessThan(2 * 70_000);
    expect(shared.length).toBeGreaterThan(8);
    // The same after older messages were dropped.
    for (let n = 901; n <= 1_200; n += 1) add(n);
    const later = recovery.between(idOf(300), idOf(1_200))!;
    expect(later.count).toBe(900);
    expect(later.batches.flatMap(textsIn)).toHaveLength(900);
    expect(later.batches.filter((bytes) => first.batches.includes(bytes)).length).toBeGreaterThan(5);
  });

  it('keeps at most 1,000 messages and 8 MiB', () => {
    const many = start();
    for (let n = 1; n <= 1_001; n += 1) many.add(message(n));
    expect([many.between(0, 1_001), many.between(1, 1_001)?.length]).toEqual([undefined, 1_000]);
    const long = start();
    for (let n = 1; n <= 600; n += 1) long.add(message(n, '€'.repeat(4_096) + '"'.repeat(4_000)));
    expect([long.between(100, 600), long.between(300, 600)?.length]).toEqual([undefined, 300]);
  });
});
