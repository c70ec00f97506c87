import { setTimeout as sleep } from 'node:timers/promises';
import { within } from './deadline.ts';

/** Resolves once this holds: for what nobody tells of. */
export async function until(holds: () => boolean, what: string | (() => string), deadlineMs?: number): Promise<void> {
  let waiting = true;
  const watch = async (): Promise<void> => {
    while (waiting && !holds()) await sleep(5);
  };
  await within(watch(), what, deadlineMs).finally(() => {
    waiting = false;
  });
}
