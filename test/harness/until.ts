import { setTimeout as sleep } from 'node:timers/promises';
import { within } from './deadline.ts';

/** Polls until `holds()` is true, for changes that emit no event. */
export async function until(holds: () => boolean, what: string | (() => string), deadlineMs?: number): Promise<void> {
  let waiting = true;
  const watch = async (): Promise<void> => {
    while (waiting && !holds()) await sleep(5);
  };
  await within(watch(), what, deadlineMs).finally(() => {
    waiting = false;
  });
}
