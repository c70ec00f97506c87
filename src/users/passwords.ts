import { availableParallelism, totalmem } from 'node:os';
import pLimit from 'p-limit';
import type { ScryptParams } from 'scrypt-kdf';
import { within } from '../lib/with-timeout.ts';
import { HashingEnded, paramsOf, type Scrypt, scryptHere } from './scrypt.ts';

/** Too many passwords wait already, one has waited for too long, or the process that hashes them ended. */
export class Overloaded extends Error {
  override name = 'Overloaded';
  /** When another try is worth it, in whole seconds. */
  readonly retryAfterS: number;
  constructor(message: string, { retryAfterS = 1, ...options }: ErrorOptions & { retryAfterS?: number } = {}) {
    super(message, options);
    this.retryAfterS = retryAfterS;
  }
}

export interface Passwords {
  /** A salted hash with its parameters inside, as base64 text. @throws {Overloaded} */
  hash(password: string): Promise<string>;
  /** Whether `hash` has the parameters that new ones get. */
  isCurrent(hash: string): boolean;
  /** Whether `password` made `hash`. Without a hash (nobody has this e-mail) it costs the same and is false. @throws {Overloaded} */
  verify(password: string, hash: string | undefined): Promise<boolean>;
  /** How many wait for their turn. */
  readonly waiting: number;
  close(): void;
}

/** NFC first, so that one password typed on two systems is one password (RFC 8265, 4.2). */
const bytesOf = (password: string): Uint8Array => Buffer.from(password.normalize('NFC'));

/** Node's thread pool has no more threads than this. */
const maxAtOnce = 4;
/** Threads for each core. On a busy host each one has a share of its own, so a second one gets as much again. */
const threadsPerCore = 2;
/** Memory that is kept for everything but hashing: the chat, and both processes before they do anything. */
const reservedBytes = 128 * 1_048_576;

/** Returns the memory that this process may use, in bytes: the limit of its container, or that of the machine. */
const usableBytes = (): number => Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());

/** Returns how many passwords to hash at once: as cores, Node's thread pool and memory have room, and at least one. */
export function hashesAtOnce(
  { logN, r }: Pick<ScryptParams, 'logN' | 'r'>,
  { memoryBytes = usableBytes(), cores = availableParallelism() } = {},
): number {
  // RFC 7914, 6: the large array has N blocks of 128 * r bytes.
  const fitting = Math.floor((memoryBytes - reservedBytes) / (128 * r * 2 ** logN));
  return Math.max(1, Math.min(maxAtOnce, threadsPerCore * cores, fitting));
}

/** Tells the caller of a call that the process left without a result when to try again. */
const overloadedBy = (error: unknown): unknown =>
  error instanceof HashingEnded
    ? new Overloaded('A password was not hashed', { cause: error, retryAfterS: error.retryAfterS })
    : error;

/** scrypt (RFC 7914; N is 2^logN), with as many at once as there is room for, and a bounded queue. */
export function createPasswords({
  scrypt = scryptHere,
  params = { logN: 15, r: 8, p: 3 },
  atOnce = hashesAtOnce(params),
  queueMax = 100,
  // Long, for a busy host; and before the connection of an unanswered request is cut off, after 60 s.
  timeoutMs = 50_000,
  onHash = () => {},
}: {
  scrypt?: Scrypt;
  params?: ScryptParams;
  atOnce?: number;
  queueMax?: number;
  timeoutMs?: number;
  /** Hears how long each took, without its wait. */
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
      // Nobody waits for it any more: those behind it have its time.
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
  /** What an unknown e-mail is checked against. */
  const dummyKey = (): Promise<Uint8Array> => {
    dummy ??= kdf('a password that nobody has').catch((error: unknown) => {
      dummy = undefined;
      throw error;
    });
    return dummy;
  };
  // Made at once, so that the first one costs no more either; whoever needs it is told if that failed. It counts as one.
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
