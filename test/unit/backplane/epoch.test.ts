import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nextEpoch } from '../../../src/backplane/epoch.ts';

describe('nextEpoch', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'palaver-epoch-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  it('is the time in milliseconds, and creates the directory', async () => {
    const dataDir = join(root, 'new', 'deep');
    expect(await nextEpoch(dataDir, () => 1_700_000_000_000)).toBe(1_700_000_000_000);
    expect(await readFile(join(dataDir, 'epoch'), 'utf8')).toBe('1700000000000\n');
    expect(await readdir(dataDir)).toEqual(['epoch']);
  });

  it('uses the clock of the machine when none is given', async () => {
    const before = Date.now();
    const epoch = await nextEpoch(root);
    expect(epoch).toBeGreaterThanOrEqual(before);
    expect(epoch).toBeLessThanOrEqual(Date.now());
  });

  it('rises with every run, also when the clock stands still or goes back', async () => {
    const epochs: number[] = [];
    for (const now of [1_000, 1_000, 400, 0, 1_004, 5_000]) epochs.push(await nextEpoch(root, () => now));
    expect(epochs).toEqual([1_000, 1_001, 1_002, 1_003, 1_004, 5_000]);
  });

  it('ignores the leftovers of an interrupted run', async () => {
    await nextEpoch(root, () => 1_000);
    await writeFile(join(root, 'epoch.tmp'), '99');
    expect(await nextEpoch(root, () => 500)).toBe(1_001);
  });

  for (const damaged of ['', '\n', 'abc', '12 34', '-5', '1.5', '1e3', '9'.repeat(16), '0x10', '\u0000\u0000']) {
    it(`names the file with ${JSON.stringify(damaged)} as its content, and leaves it unchanged`, async () => {
      const file = join(root, 'epoch');
      await writeFile(file, damaged);
      await expect(nextEpoch(root, () => 1_000)).rejects.toThrow(`${file} is damaged`);
      expect(await readFile(file, 'utf8')).toBe(damaged);
    });
  }

  it('reports the reason when the directory is a file', async () => {
    const file = join(root, 'file');
    await writeFile(file, '');
    await expect(nextEpoch(file)).rejects.toMatchObject({ code: 'EEXIST' });
  });
});
