import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import * as scryptKdf from 'scrypt-kdf';

/** The scrypt function (RFC 7914). */
export interface Scrypt {
  /** Returns a salted key that contains its parameters. */
  kdf(password: Uint8Array, params: scryptKdf.ScryptParams): Promise<Uint8Array>;
  verify(key: Uint8Array, password: Uint8Array): Promise<boolean>;
  close(): void;
}

// The package's types lack the default export that it has at run time.
const { kdf, verify, viewParams } = (scryptKdf as unknown as { default: typeof scryptKdf }).default;

export const paramsOf = (key: Uint8Array): scryptKdf.ScryptParams => viewParams(key);

/** Runs scrypt in this process, on its thread pool. */
export const scryptHere: Scrypt = { kdf: async (...given) => kdf(...given), verify, close: () => {} };

/** A message to the hashing process. */
export type Call = { readonly id: number } & (
  | { readonly name: 'kdf'; readonly given: Parameters<Scrypt['kdf']> }
  | { readonly name: 'verify'; readonly given: Parameters<Scrypt['verify']> }
);
/** Its answer. */
export type Reply = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

/**
 * Niceness of the process, above that of the server. Usually the chat has far higher priority. On a machine that is
 * busy with other programs, the process would then starve, so its priority is only a little lower there.
 */
export const niceness = { usual: 10, busy: 2 } as const;
/** A call that takes longer than this shows that the machine is busy. */
const busyMs = 3_000;
/** Time after the last slow call until the process gets its usual niceness again. */
const calmMs = 60_000;

const program = new URL(`./scrypt-process${extname(import.meta.filename)}`, import.meta.url);

/** The hashing process ended by itself, most often for lack of memory. The calls it was working on have no result. */
export class HashingEnded extends Error {
  override name = 'HashingEnded';
  /** Seconds until it can be started again. */
  readonly retryAfterS: number;
  constructor(retryAfterMs: number, options?: ErrorOptions) {
    super('The process for passwords ended', options);
    this.retryAfterS = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  }
}

/** The end of the process: by an exit code, by a signal, or because it could not be started. */
export interface HashingEnd {
  readonly code: number | undefined;
  readonly signal: string | undefined;
  readonly err: unknown;
  /** Number of calls without a result. */
  readonly failed: number;
}

/** A process that ran for this long may be started again at once. */
const steadyMs = 10_000;
/** Pause before the next start after a second early end in a row; it doubles with each further one. */
const firstPauseMs = 1_000;
const maxPauseMs = 30_000;

/** A call that waits for its result. */
interface Waiting {
  readonly call: Call;
  readonly answer: PromiseWithResolvers<unknown>;
  readonly slow: NodeJS.Timeout;
}

/** Decides how long to wait before the next start, so that a process that keeps ending costs next to nothing. */
function createRestarts(now: () => number) {
  let startedMs = 0;
  let earlyEnds = 0;
  let notBeforeMs = Number.NEGATIVE_INFINITY;
  return {
    waitMs: () => Math.max(0, notBeforeMs - now()),
    started: () => {
      startedMs = now();
    },
    ended: () => {
      earlyEnds = now() - startedMs < steadyMs ? earlyEnds + 1 : 1;
      if (earlyEnds > 1) notBeforeMs = now() + Math.min(maxPauseMs, firstPauseMs * 2 ** (earlyEnds - 2));
    },
  };
}

/**
 * Runs scrypt in a process of its own, at a lower priority than the chat. However many users log in, the chat has its
 * core, and tokens have the thread pool. The process starts with the first call, and again after it has ended by
 * itself; the calls it was working on then reject with `HashingEnded`. On a busy machine a process of higher priority
 * replaces it, since a process can't lower its own niceness.
 * @param now a monotonic clock, in milliseconds
 * @param slowMs how long a call takes that counts as slow
 */
export function createScryptProcess({
  onEnd = () => {},
  now = () => performance.now(),
  slowMs = busyMs,
}: {
  onEnd?: (end: HashingEnd) => void;
  now?: () => number;
  slowMs?: number;
} = {}): Scrypt & { readonly pid: number | undefined } {
  const waiting = new Map<number, Waiting>();
  const restarts = createRestarts(now);
  let child: ChildProcess | undefined;
  let calls = 0;
  let closed = false;
  let nice: number = niceness.usual;
  let lastSlowMs = Number.NEGATIVE_INFINITY;

  function taken(id: number): Waiting['answer'] | undefined {
    const call = waiting.get(id);
    clearTimeout(call?.slow);
    waiting.delete(id);
    return call?.answer;
  }

  function ended(end: Pick<HashingEnd, 'code' | 'signal' | 'err'>): void {
    child = undefined;
    restarts.ended();
    const failed = waiting.size;
    for (const id of [...waiting.keys()]) taken(id)?.reject(new HashingEnded(restarts.waitMs(), { cause: end.err }));
    if (!closed) onEnd({ ...end, failed });
  }

  function start(): ChildProcess {
    restarts.started();
    const started = fork(program, [`${nice}`], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    // It must not keep this process alive.
    started.unref();
    started.channel?.unref();
    started.on('message', (reply: Reply) => {
      const answer = taken(reply.id);
      if ('error' in reply) answer?.reject(new Error(reply.error));
      else answer?.resolve(reply.result);
    });
    started.once('exit', (code, signal) => {
      if (child === started) ended({ code: code ?? undefined, signal: signal ?? undefined, err: undefined });
    });
    started.on('error', (err) => {
      if (child === started) ended({ code: undefined, signal: undefined, err });
    });
    return started;
  }

  /** Returns the running process. @throws {HashingEnded} if it may not, or cannot, be started now */
  function running(): ChildProcess {
    if (child) return child;
    const waitMs = restarts.waitMs();
    if (waitMs > 0) throw new HashingEnded(waitMs);
    try {
      child = start();
    } catch (err) {
      ended({ code: undefined, signal: undefined, err });
      throw new HashingEnded(restarts.waitMs(), { cause: err });
    }
    return child;
  }

  /** Kills the process: it has no state, and on a signal it would finish its hashes first. */
  function retire(): void {
    const old = child;
    child = undefined;
    old?.kill('SIGKILL');
  }

  // A failure shows as the end of the process.
  const send = (to: ChildProcess, call: Call): void => void to.send(call, () => {});

  function noteSlow(): void {
    lastSlowMs = now();
    if (nice === niceness.busy || !child) return;
    retire();
    nice = niceness.busy;
    try {
      const to = running();
      for (const { call } of waiting.values()) send(to, call);
    } catch {
      // The end of the process has rejected all waiting calls.
    }
  }

  function calmDown(): void {
    if (nice === niceness.usual || waiting.size > 0 || now() - lastSlowMs < calmMs) return;
    retire();
    nice = niceness.usual;
  }

  async function ask<Result>(named: Pick<Call, 'name' | 'given'>): Promise<Result> {
    calmDown();
    const to = running();
    calls += 1;
    const call = { ...named, id: calls } as Call;
    const answer = Promise.withResolvers<Result>();
    const slow = setTimeout(noteSlow, slowMs).unref();
    waiting.set(calls, { call, answer: answer as PromiseWithResolvers<unknown>, slow });
    send(to, call);
    return answer.promise;
  }

  return {
    get pid() {
      return child?.pid;
    },
    kdf: (...given) => ask({ name: 'kdf', given }),
    verify: (...given) => ask({ name: 'verify', given }),
    close: () => {
      closed = true;
      child?.disconnect();
    },
  };
}
