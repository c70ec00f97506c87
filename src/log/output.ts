import { constants, fstatSync, openSync, writeSync } from 'node:fs';

/** Lines that wait for an output that takes none take up to this much memory; further ones are lost. */
const maxWaitingBytes = 1_048_576;
/** One write takes at most this much of what waits. */
const maxWriteBytes = 65_536;
/** How soon the output is tried again, and how seldom after it has failed for a while. */
const minRetryMs = 10;
const maxRetryMs = 1_000;
/** How long the end of the process may wait for an output that takes nothing, and how often it looks. */
const endTimeoutMs = 1_000;
const endRetryMs = 10;

export interface LogOutput {
  /** Writes a line at once where that is possible. Never throws, and never waits for the output. */
  write(line: string): void;
  /** Writes what waits, as far as the output takes it within a second. The event loop waits meanwhile. */
  end(): void;
}

/** Writes bytes without waiting and returns how many the output took; throws as `writeSync` does. */
export type WriteNow = (bytes: string | Uint8Array) => number;

/**
 * An output for the lines of the log that can fail or stall without anything else noticing. Lines that can't be written
 * wait, up to a bound; then they are lost.
 * @param onLost is told how many lines were lost, once all that waited is written
 */
export function createLogOutput(writeNow: WriteNow, onLost: (lines: number) => void): LogOutput {
  /** The first one may be the rest of a line. */
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let lost = 0;
  let retryMs = minRetryMs;
  let willRetry = false;

  function wait(bytes: Buffer): void {
    // The rest of a line that was begun always fits: without it the next line would be torn too.
    if (waiting.length > 0 && waitingBytes + bytes.length > maxWaitingBytes) {
      lost += 1;
      return;
    }
    waiting.push(bytes);
    waitingBytes += bytes.length;
    retryLater();
  }

  function retryLater(): void {
    if (willRetry) return;
    willRetry = true;
    // It must not keep the process from its end.
    setTimeout(tryAgain, retryMs).unref();
  }

  /** Writes what waits until the output takes no more; returns why it took no more. */
  function writeWaiting(): unknown {
    try {
      while (waiting.length > 0) {
        const written = writeNow(nextChunk(waiting));
        if (written === 0) break;
        waiting = without(waiting, written);
        waitingBytes -= written;
      }
    } catch (error) {
      // Whatever it is may pass: a disk has room again, a pipe is read again.
      return error;
    }
    return undefined;
  }

  function tellLost(): void {
    if (waiting.length > 0 || lost === 0) return;
    const lines = lost;
    lost = 0;
    onLost(lines);
  }

  function tryAgain(): void {
    willRetry = false;
    const before = waitingBytes;
    writeWaiting();
    retryMs = waitingBytes < before ? minRetryMs : Math.min(2 * retryMs, maxRetryMs);
    tellLost();
    if (waiting.length > 0) retryLater();
  }

  return {
    write: (line) => {
      if (waiting.length > 0) return wait(Buffer.from(line));
      let written = 0;
      try {
        written = writeNow(line);
        // Lines are mostly ASCII; only what may be incomplete is counted.
        if (written >= line.length && written === Buffer.byteLength(line)) return;
      } catch {
        // It waits with the others.
      }
      wait(Buffer.from(line).subarray(written));
    },
    end: () => {
      const deadlineMs = performance.now() + endTimeoutMs;
      for (;;) {
        const error = writeWaiting();
        tellLost();
        if (waiting.length === 0 || !isFull(error) || performance.now() > deadlineMs) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, endRetryMs);
      }
    },
  };
}

/** A pipe, a socket or a terminal whose reader is behind. */
const isFull = (error: unknown): boolean => (error as NodeJS.ErrnoException | undefined)?.code === 'EAGAIN';

/**
 * Writes to standard output without waiting for who reads it. Pipes, sockets and terminals take nothing while their
 * reader is behind (`EAGAIN`); a file is written at once.
 */
export function standardOutput(): WriteNow {
  // Node makes the pipes and sockets behind these not wait, also for the processes that inherit them.
  for (const name of ['stdout', 'stderr'] as const) touch(() => process[name]);
  const fd = ownDescriptor(1) ?? 1;
  return (bytes) => (typeof bytes === 'string' ? writeSync(fd, bytes) : writeSync(fd, bytes));
}

/**
 * Opens a pipe or a terminal once more, so as not to wait for it: a terminal would wait while it is stopped, and any
 * process that shares the given descriptor can make that wait again. Undefined where there is no such thing.
 */
function ownDescriptor(fd: number): number | undefined {
  return touch(() => {
    const found = fstatSync(fd);
    if (!found.isFIFO() && !found.isCharacterDevice()) return undefined;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  });
}

/** The result, if there is one. */
function touch<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** The first of these, as one. */
function nextChunk([first, ...others]: readonly Buffer[]): Buffer {
  const chunk = [first!];
  let bytes = first!.length;
  for (const other of others) {
    bytes += other.length;
    if (bytes > maxWriteBytes) break;
    chunk.push(other);
  }
  return chunk.length === 1 ? first! : Buffer.concat(chunk);
}

/** Returns what is left of these once so many bytes are written. */
function without(chunks: readonly Buffer[], bytes: number): Buffer[] {
  let left = bytes;
  const first = chunks.findIndex(({ length }) => {
    if (left < length) return true;
    left -= length;
    return false;
  });
  if (first < 0) return [];
  return [chunks[first]!.subarray(left), ...chunks.slice(first + 1)];
}
