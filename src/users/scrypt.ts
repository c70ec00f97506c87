import { type ChildProcess, fork } from 'node:child_process';
import { extname } from 'node:path';
import * as scryptKdf from 'scrypt-kdf';

/** The slow work on passwords (RFC 7914). */
export interface Scrypt {
  /** A salted key with its parameters inside. */
  kdf(password: Uint8Array, params: scryptKdf.ScryptParams): Promise<Uint8Array>;
  verify(key: Uint8Array, password: Uint8Array): Promise<boolean>;
  close(): void;
}

// The package's types lack the default export that it has at run time.
const { kdf, verify, viewParams } = (scryptKdf as unknown as { default: typeof scryptKdf }).default;

export const paramsOf = (key: Uint8Array): scryptKdf.ScryptParams => viewParams(key);

/** In this process, on its thread pool. */
export const scryptHere: Scrypt = { kdf: async (...given) => kdf(...given), verify, close: () => {} };

/** What goes to the other process and comes back. */
export type Call = { readonly id: number } & (
  | { readonly name: 'kdf'; readonly given: Parameters<Scrypt['kdf']> }
  | { readonly name: 'verify'; readonly given: Parameters<Scrypt['verify']> }
);
export type Reply = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

const program = new URL(`./scrypt-process${extname(import.meta.filename)}`, import.meta.url);

/**
 * In a process of its own that everything else goes before: however many log in, the chat has its core, and tokens the
 * thread pool. It is started with the first call, and again after it has ended by itself; then what it was doing rejects.
 */
export function createScryptProcess(): Scrypt & { readonly pid: number | undefined } {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let child: ChildProcess | undefined;
  let calls = 0;

  function start(): ChildProcess {
    const started = fork(program, {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    // It must not keep this process from its end.
    started.unref();
    started.channel?.unref();
    started.on('message', (reply: Reply) => {
      const call = waiting.get(reply.id);
      waiting.delete(reply.id);
      if ('error' in reply) call?.reject(new Error(reply.error));
      else call?.resolve(reply.result);
    });
    const fail = (why: unknown): void => {
      child = undefined;
      for (const { reject } of waiting.values()) reject(new Error('The process for passwords ended', { cause: why }));
      waiting.clear();
    };
    started.once('exit', fail);
    started.once('error', fail);
    return started;
  }

  function ask<Result>(call: Pick<Call, 'name' | 'given'>): Promise<Result> {
    child ??= start();
    calls += 1;
    const answer = Promise.withResolvers<Result>();
    waiting.set(calls, answer as PromiseWithResolvers<unknown>);
    // Whether it fails shows in the end of the process.
    child.send({ ...call, id: calls }, () => {});
    return answer.promise;
  }

  return {
    get pid() {
      return child?.pid;
    },
    kdf: (...given) => ask({ name: 'kdf', given }),
    verify: (...given) => ask({ name: 'verify', given }),
    close: () => child?.disconnect(),
  };
}
