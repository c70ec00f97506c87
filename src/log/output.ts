import { constants, fstatSync, openSync, writeSync } from 'node:fs';

/** Memory for lines that wait for a blocked output. Further lines are lost. */
const maxWaitingBytes = 1_048_576;
/** Bytes in one write of waiting lines. */
const maxWriteBytes = 65_536;
/** Pause before the output is tried again: at first, and at most. */
const minRetryMs = 10;
const maxRetryMs = 1_000;
/** How long the end of the process waits for a blocked output, and how often it tries again. */
const endTimeoutMs = 1_000;
const endRetryMs = 10;

export interface LogOutput {
  /** Writes a line at once if possible. Never throws, and never blocks. */
  write(line: string): void;
  /** Writes the waiting lines, as far as the output takes them within a second. Blocks the event loop. */
  end(): void;
}

/** Writes bytes without blocking, and returns how many were written. @throws as `writeSync` does */
export type WriteNow = (bytes: string | Uint8Array) => number;

/**
 * Creates an output for the log's lines that may fail or stall without affecting anything else. Lines that can't be
 * written wait, up to a bound. Further ones are lost.
 * @param onLost hears how many lines were lost, once all waiting ones are written
 */
export function createLogOutput(writeNow: WriteNow, onLost: (lines: number) => void): LogOutput {
  // The first buffer may be the rest of a line.
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let lost = 0;
  let retryMs = minRetryMs;
  let willRetry = false;

  function wait(bytes: Buffer): void {
    // The rest of a begun line is always kept: without it the next line would be corrupt too.
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
    // It must not keep the process alive.
    setTimeout(tryAgain, retryMs).unref();
  }

  /** Writes waiting lines until the output takes no more. Returns the error of the last write, if there was one. */
  function writeWaiting(): unknown {
    try {
      while (waiting.length > 0) {
        const written = writeNow(nextChunk(waiting));
        if (written === 0) break;
        waiting = without(waiting, written);
        waitingBytes -= written;
      }
    } catch (error) {
      // Any error may pass: a disk has room again, a pipe is read again.
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
        // Lines are mostly ASCII, so their bytes are counted only if that write may be incomplete.
        if (written >= line.length && written === Buffer.byteLength(line)) return;
      } catch {
        // The line waits like the others.
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

/** Returns whether a pipe, a socket or a terminal is full because its reader is behind. */
const isFull = (error: unknown): boolean => (error as NodeJS.ErrnoException | undefined)?.code === 'EAGAIN';

/**
 * Returns a function that writes to standard output without blocking. Pipes, sockets and terminals take nothing while
 * their reader is behind (`EAGAIN`). A file is written at once.
 */
export function standardOutput(): WriteNow {
  // Node makes their pipes and sockets non-blocking, also for processes that inherit them.
  for (const name of ['stdout', 'stderr'] as const) touch(() => process[name]);
  const fd = ownDescriptor(1) ?? 1;
  return (bytes) => (typeof bytes === 'string' ? writeSync(fd, bytes) : writeSync(fd, bytes));
}

/**
 * Opens a pipe or a terminal again, as non-blocking, or returns undefined for anything else. A stopped terminal would
 * block. A process that shares the given descriptor could also make it blocking again.
 */
function ownDescriptor(fd: number): number | undefined {
  return touch(() => {
    const found = fstatSync(fd);
    if (!found.isFIFO() && !found.isCharacterDevice()) return undefined;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  });
}

/** Returns the result of some work, or undefined if it throws. */
function touch<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** Returns the first buffers as one chunk. */
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

/** Returns the rest of the chunks after some bytes were written. */
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
