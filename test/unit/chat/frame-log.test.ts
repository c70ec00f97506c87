import { describe, expect, it } from 'vitest';
import { createFrameLog, type Frame } from '../../../src/chat/frame-log.ts';

const frame = (id: string): Frame => ({ id, type: 'chat_message', bytes: Buffer.from(id) });
const idsOf = (frames: readonly Frame[]): string => frames.map(({ id }) => id).join('');

/** Returns a log with these frames, each of one letter. */
function start(ids: string) {
  const log = createFrameLog();
  const append = (more: string): void => {
    for (const id of more) log.append(frame(id));
  };
  append(ids);
  return { log, append };
}

describe('frame log', () => {
  it('is empty at first', () => {
    const { log } = start('');
    expect([log.delivered, log.sent, log.sentId, log.takeUnsent(), log.sentAfter('')]).toEqual([0, 0, '', [], []]);
  });

  it('returns each frame once for sending, in the order of delivery', () => {
    const { log, append } = start('abc');
    expect([log.delivered, log.sent, log.sentId]).toEqual([3, 0, '']);
    expect(idsOf(log.takeUnsent())).toBe('abc');
    append('d');
    expect([idsOf(log.takeUnsent()), idsOf(log.takeUnsent())]).toEqual(['d', '']);
    expect([log.delivered, log.sent, log.sentId]).toEqual([4, 4, 'd']);
  });

  it('finds the sent frames after a position, also one between two frames', () => {
    const { log, append } = start('bdf');
    log.takeUnsent();
    append('h');
    expect(['a', 'b', 'c', 'f', 'z'].map((id) => idsOf(log.sentAfter(id)))).toEqual(['bdf', 'df', 'df', '', '']);
  });

  const forgotten: [string, { given: number | undefined; want: string }][] = [
    ['drops all that was sent', { given: undefined, want: '' }],
    ['keeps what was sent after a count', { given: 1, want: 'bc' }],
    ['keeps everything from the start on', { given: 0, want: 'abc' }],
  ];
  it.each(forgotten)('%s, and never an unsent frame', (_, { given, want }) => {
    const { log, append } = start('abc');
    log.takeUnsent();
    append('de');
    log.forget(given);
    expect(idsOf(log.sentAfter(''))).toBe(want);
    expect([log.delivered, log.sent]).toEqual([5, 3]);
    expect(idsOf(log.takeUnsent())).toBe('de');
  });

  it('counts from the start, however often it forgets', () => {
    const { log, append } = start('abc');
    log.takeUnsent();
    log.forget(1);
    append('d');
    log.takeUnsent();
    log.forget(2);
    expect(idsOf(log.sentAfter(''))).toBe('cd');
    log.forget();
    expect(idsOf(log.sentAfter(''))).toBe('');
  });

  it('restarts at another position without any frame, sent or not', () => {
    const { log, append } = start('abc');
    log.takeUnsent();
    append('de');
    log.restart('m');
    expect([log.delivered, log.sent, log.sentId]).toEqual([5, 5, 'm']);
    expect([idsOf(log.sentAfter('')), idsOf(log.takeUnsent())]).toEqual(['', '']);
    append('nop');
    expect([idsOf(log.takeUnsent()), log.sentId]).toEqual(['nop', 'p']);
  });
});
