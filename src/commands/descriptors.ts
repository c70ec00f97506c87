import { close, open, readFileSync } from 'node:fs';
import { devNull } from 'node:os';
import type { Config } from '../config.ts';
import type { Log } from '../log/log.ts';

/** How many the process needs besides one for each session: files, stores, requests. */
const reserved = 100;
const checkIntervalMs = 5_000;
/** So many checks in a row must find one before they are available again. */
const checksUntilAvailable = 3;

/**
 * Says in the log when the limit of file descriptors is lower than `MAX_SESSIONS` needs, and when none is left. Nobody
 * else notices: libuv closes the connections that it can't take. Ends with the process, and doesn't keep it.
 */
export function watchDescriptors(
  { maxSessions }: Pick<Config, 'maxSessions'>,
  log: Log,
  intervalMs = checkIntervalMs,
): void {
  const limit = descriptorLimit();
  if (limit !== undefined && limit < maxSessions + reserved)
    log.event('file_descriptors_few', { limit, needed: maxSessions + reserved });
  /** Checks in a row that found one, since there was none. */
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

/** The limit of this process; undefined where the system doesn't tell. Node raises the soft limit to the hard one. */
function descriptorLimit(): number | undefined {
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}
