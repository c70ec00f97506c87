import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import type { ScryptParams } from 'scrypt-kdf';
import { within } from '../within.ts';
import { paramsOf, type Scrypt, scryptHere } from './scrypt.ts';

/** Too many passwords wait already, or one has waited for too long. */
export class Overloaded extends Error {
  override name = 'Overloaded';
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

/** scrypt (RFC 7914; N is 2^logN), as many at once as cores and Node's thread pool have room, and a bounded queue. */
export function createPasswords({
  scrypt = scryptHere,
  params = { logN: 15, r: 8, p: 3 },
  atOnce = Math.min(4, availableParallelism()),
  queueMax = 100,
  // Well before a connection on which nothing moves is cut off: whoever waits is to be answered.
  timeoutMs = 30_000,
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
    const timed = async (): Promise<T> => {
      const startedMs = performance.now();
      const result = await work();
      onHash((performance.now() - startedMs) / 1_000);
      return result;
    };
    return within(limit(timed), timeoutMs, () => new Overloaded('A password was not hashed in time'));
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
  // Made at once, so that the first one costs no more either; whoever needs it is told if that failed.
  dummyKey().catch(() => {});

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
