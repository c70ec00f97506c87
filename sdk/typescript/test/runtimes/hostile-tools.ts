import type * as sdk from '../../src/index.ts';
import { pause } from './cases.ts';

export interface HostileWorld {
  readonly sdk: typeof sdk;
  /** Address of the scripted server. */
  readonly url: string;
  /** Number of cuts and refusals in the storm at the end. */
  readonly storm: number;
  /** A platform that can end a connection without its peer. */
  readonly canDestroy: boolean;
  /** Runs only the storm. */
  readonly onlyStorm?: boolean;
}

interface Stats {
  readonly sockets: number;
  readonly handshakes: number;
  readonly requests: readonly string[];
}

export type HostileTools = ReturnType<typeof createTools>;

const deadlineMs = 30_000;
export const token = `a.${btoa(JSON.stringify({ username: 'Me' })).replaceAll('=', '')}.c`;
export const credentials = { email: 'a@b.c', password: 'correct horse' };

/** Waits until a condition holds. @throws {Error} after half a minute */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const endMs = Date.now() + deadlineMs; !(await holds()); await pause(20))
    if (Date.now() > endMs) throw new Error(`waited ${deadlineMs / 1_000} s for ${what}`);
}

/** Dispatches the event of a platform whose network has returned. */
export function dispatchOnline(): void {
  globalThis.dispatchEvent(new Event('online'));
}

/** Gives the global object the events of a page, which Node lacks. */
export function addGlobalEvents(): void {
  if ('dispatchEvent' in globalThis) return;
  // Not an EventTarget: Node's warns of a leak from the eleventh room on, and doesn't tell how many listen.
  const listeners = new Map<string, Set<(event: Event) => void>>();
  Object.assign(globalThis, {
    addEventListener: (type: string, listener: (event: Event) => void) => {
      if (!listeners.has(type)) listeners.set(type, new Set());
      listeners.get(type)!.add(listener);
    },
    removeEventListener: (type: string, listener: (event: Event) => void) => listeners.get(type)?.delete(listener),
    dispatchEvent: (event: Event) => {
      for (const listener of listeners.get(event.type) ?? []) listener(event);
    },
  });
  countListeners = (type) => listeners.get(type)?.size ?? 0;
}

let countListeners = (_type: string): number => 0;

/** Returns how many listen for the network. It is always 0 on platforms that have these events themselves. */
export const onlineListeners = (): number => countListeners('online');

export function createTools({ sdk: { Palaver, PalaverError }, url, canDestroy }: HostileWorld) {
  const rooms: sdk.Room[] = [];
  let runs = 0;

  /** Starts a run of a script of its own. */
  function play(script: string, options: Partial<sdk.PalaverOptions> = {}, name = '') {
    const run = `${name}-${++runs}-${Math.random()}`;
    const palaver = new Palaver({ url: `${url}/${script}/${run}`, ...options });
    return {
      palaver,
      run,
      join: async (given: sdk.JoinOptions = { token }): Promise<sdk.Room> => {
        const room = await palaver.join(given);
        rooms.push(room);
        return room;
      },
      stats: async (of = script): Promise<Stats> => (await fetch(`${url}/stats/${of}/${run}`)).json() as Promise<Stats>,
    };
  }
  async function errorOf(promise: Promise<unknown>): Promise<sdk.PalaverError> {
    const error: unknown = await promise.then(
      () => undefined,
      (reason) => reason,
    );
    if (!(error instanceof PalaverError)) throw new Error(`got ${error} and no PalaverError`);
    return error;
  }
  return {
    play,
    errorOf,
    codeOf: async (promise: Promise<unknown>): Promise<string> => (await errorOf(promise)).code,
    /** Waits until a run has no socket left. */
    noSocket: (stats: (of?: string) => Promise<Stats>): Promise<void> =>
      until(async () => !canDestroy || (await stats()).sockets === 0, 'the last socket to close'),
    closeAll: (): Promise<unknown> => Promise.all(rooms.splice(0).map((room) => room.close())),
  };
}
