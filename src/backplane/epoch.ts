import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Name of the file in the data folder. */
export const epochFile = 'epoch';
/** Up to 15 digits: below 2 ** 53 with room for many more runs. */
const wholeNumber = /^\d{1,15}\n?$/;

const readEpoch = async (file: string): Promise<number> => {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return 0;
  if (!wholeNumber.test(text))
    throw new Error(`${file} is damaged: it should hold one number, the epoch of the last run`);
  return Number(text);
};

/**
 * Begins a run and returns its epoch, in milliseconds since 1970. It is greater than that of every earlier run with
 * this `dataDir`, and than `after`, also when the clock went back. The file `dataDir`/epoch keeps it; the directory is
 * made if it is missing. Call it for one run at a time.
 * @throws when the file can't be read or written, or isn't a number
 */
export const nextEpoch = async (dataDir: string, now: () => number = Date.now, after = 0): Promise<number> => {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, epochFile);
  const epoch = Math.max(now(), (await readEpoch(file)) + 1, after + 1);
  // Written aside, flushed and renamed: a crash leaves the old number or the new one, never half of one.
  const aside = `${file}.tmp`;
  await writeFile(aside, `${epoch}\n`, { flush: true });
  await rename(aside, file);
  return epoch;
};
