import { availableParallelism, totalmem } from 'node:os';
import pLimit from 'p-limit';
import type { ScryptParams } from 'scrypt-kdf';
import { within } from '../lib/with-timeout.ts';
import { HashingEnded, paramsOf, type Scrypt, scryptHere } from './scrypt.ts';

/** A password cannot be hashed now: the queue is full, the wait was too long, or the hashing process ended. */
export class Overloaded extends Error {
  override name = 'Overloaded';
  /** Seconds until another try is worth it. */
  readonly retryAfterS: number;
  constructor(message: string, { retryAfterS = 1, ...options }: ErrorOptions & { retryAfterS?: number } = {}) {
    super(message, options);
    this.retryAfterS = retryAfterS;
  }
}

export interface Passwords {
  /** Returns a salted hash that contains its parameters, as base64 text. @throws {Overloaded} */
  hash(password: string): Promise<string>;
  /** Returns whether `hash` has the parameters of new hashes. */
  isCurrent(hash: string): boolean;
  /**
   * Returns whether `password` made `hash`. Without a hash it takes as long, and returns false. @throws {Overloaded}
   */
  verify(password: string, hash: string | undefined): Promise<boolean>;
  /** Passwords waiting for their turn. */
  readonly waiting: number;
  close(): void;
}

/** NFC first, so that one password typed on two systems is one password (RFC 8265, 4.2). */
const bytesOf = (password: string): Uint8Array => Buffer.from(password.normalize('NFC'));

/** Threads in Node's thread pool. */
const maxAtOnce = 4;
/** Threads for each core. On a busy host each thread has its own share, so a second one doubles the share. */
const threadsPerCore = 2;
/** Memory reserved for everything but hashing: the chat, and both processes at rest. */
const reservedBytes = 128 * 1_048_576;

/** Returns the memory that this process may use, in bytes: its container's limit, or that of the machine. */
const usableBytes = (): number => Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());

/** Returns how many passwords to hash at once: at least one, and as many as cores, thread pool and memory allow. */
export function hashesAtOnce(
  { logN, r }: Pick<ScryptParams, 'logN' | 'r'>,
  { memoryBytes = usableBytes(), cores = availableParallelism() } = {},
): number {
  // RFC 7914, 6: the large array has N blocks of 128 * r bytes.
  const fitting = Math.floor((memoryBytes - reservedBytes) / (128 * r * 2 ** logN));
  return Math.max(1, Math.min(maxAtOnce, threadsPerCore * cores, fitting));
}

/** Turns the end of the hashing process into `Overloaded`, with the time of the next try. */
const overloadedBy = (error: unknown): unknown =>
  error instanceof HashingEnded
    ? new Overloaded('A password was not hashed', { cause: error, retryAfterS: error.retryAfterS })
    : error;

/** Hashes passwords with scrypt (RFC 7914; N is 2^logN), `atOnce` at a time, from a bounded queue. */
export function createPasswords({
  scrypt = scryptHere,
  params = { logN: 15, r: 8, p: 3 },
  atOnce = hashesAtOnce(params),
  queueMax = 100,
  // Long enough for a busy host, and shorter than the 60 s after which an unanswered request is cut off.
  timeoutMs = 50_000,
  onHash = () => {},
}: {
  scrypt?: Scrypt;
  params?: ScryptParams;
  atOnce?: number;
  queueMax?: number;
  timeoutMs?: number;
  /** Hears how long each hash took, without its wait. */
  onHash?: (seconds: number) => void;
} = {}): Passwords {
  const limit = pLimit(atOnce);
  const bounded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (limit.pendingCount >= queueMax) throw new Overloaded('Too many passwords wait to be hashed');
    let isLate = false;
    const late = (): Overloaded => {
      isLate = true;
      return new Overloaded('A password was not hashed in time');
    };
    const timed = async (): Promise<T> => {
      // Its caller has given up: the passwords behind it get the time.
      if (isLate) throw late();
      const startedMs = performance.now();
      const result = await work().catch((error: unknown) => {
        throw overloadedBy(error);
      });
      onHash((performance.now() - startedMs) / 1_000);
      return result;
    };
    return within(limit(timed), timeoutMs, late);
  };
  const kdf = async (password: string): Promise<Uint8Array> => scrypt.kdf(bytesOf(password), params);
  let dummy: Promise<Uint8Array> | undefined;
  /** Returns the key that the password of an unknown e-mail is compared with. */
  const dummyKey = (): Promise<Uint8Array> => {
    dummy ??= kdf('a password that nobody has').catch((error: unknown) => {
      dummy = undefined;
      throw error;
    });
    return dummy;
  };
  // Made now, so that the first unknown e-mail takes no longer than others. A failure shows when the key is needed.
  limit(dummyKey).catch(() => {});

  return {
    isCurrent: (hash) => {
      const { logN, r, p } = paramsOf(Buffer.from(hash, 'base64'));
      return logN === params.logN && r === params.r && p === params.p;
    },
    hash: async (password) => bounded(async () => Buffer.from(await kdf(password)).toString('base64')),
    verify: async (password, hash) => {
      const key = async () => (hash === undefined ? dummyKey() : Buffer.from(hash, 'base64'));
      const right = await bounded(async () => scrypt.verify(await key(), bytesOf(password)));
      return right && hash !== undefined;
    },
    get waiting() {
      return limit.pendingCount;
    },
    close: () => scrypt.close(),
  };
}
