import { afterEach, describe, expect, it, vi } from 'vitest';
import { codePoints, createNonce, nonceFault } from '../../src/nonce.ts';

afterEach(() => void vi.unstubAllGlobals());

describe('a nonce', () => {
  it.each(['with', 'without'])('is 32 random hexadecimal digits on a platform %s crypto', (how) => {
    if (how === 'without') vi.stubGlobal('crypto', undefined);
    const nonces = Array.from({ length: 100 }, createNonce);
    expect(new Set(nonces).size).toBe(100);
    for (const nonce of nonces) expect(nonce).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    ['a', true],
    ['😀'.repeat(64), true],
    ['😀'.repeat(65), false],
    ['', false],
    [7, false],
    [null, false],
    [undefined, false],
  ])('%j fits: %s', (nonce, fits) => {
    expect(nonceFault(nonce) === undefined).toBe(fits);
  });

  it('is measured in code points', () => {
    expect(['', 'abc', 'ä😀'].map(codePoints)).toEqual([0, 3, 2]);
  });
});
