import { close, open, readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import type { Config } from '../config.ts';
import type { Log } from '../log/log.ts';

/** File descriptors that the process needs in addition to one per session: for files, stores and requests. */
const reserved = 100;
const checkIntervalMs = 5_000;
/** Number of successful checks in a row before the log says that descriptors are available again. */
const checksUntilAvailable = 3;

/**
 * Logs when the limit of file descriptors is too low for `MAX_SESSIONS`, and when none is left. Nothing else would show
 * it: libuv closes the connections that it can't accept. The checks don't keep the process alive.
 */
export function watchDescriptors(
  { maxSessions }: Pick<Config, 'maxSessions'>,
  log: Log,
  intervalMs = checkIntervalMs,
): void {
  const limit = descriptorLimit();
  if (limit !== undefined && limit < maxSessions + reserved)
    log.event('file_descriptors_few', { limit, needed: maxSessions + reserved });
  /** Number of successful checks in a row. */
  let found = checksUntilAvailable + 1;
  const check = (): void =>
    open(devNull, 'r', (error, fd) => {
      if (!error) {
        close(fd);
        found = Math.min(found + 1, checksUntilAvailable + 1);
        if (found === checksUntilAvailable) log.event('file_descriptors_available', {});
      } else if (error.code === 'EMFILE' || error.code === 'ENFILE') {
        if (found >= checksUntilAvailable) log.event('file_descriptors_exhausted', { code: error.code, limit });
        found = 0;
      }
    });
  setInterval(check, intervalMs).unref();
}

/**
 * Returns the limit of this process, or undefined on a system without /proc. Node raises the soft limit to the hard
 * one.
 */
function descriptorLimit(): number | undefined {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}
