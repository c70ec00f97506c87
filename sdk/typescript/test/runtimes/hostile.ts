/**
 * What the SDK does with servers, networks and apps that do wrong. As the other suite it imports nothing, and runs in
 * Node, Bun, Deno and a page. A fault that nobody catches ends a process, and the page's test hears of it.
 */
import type * as sdk from '../../src/index.ts';
import type { Outcome } from './suite.ts';

export interface HostileWorld {
  readonly sdk: typeof sdk;
  /** Where the scripted server is. */
  readonly url: string;
  /** How many cuts and refusals come in a row at the end. */
  readonly storm: number;
  /** Whether a connection can be ended here without its peer. */
  readonly canDestroy: boolean;
  /** Runs nothing but the storm. */
  readonly onlyStorm?: boolean;
}

interface Stats {
  readonly sockets: number;
  readonly handshakes: number;
  readonly requests: readonly string[];
}

const stormCase = 'leaves nothing behind a storm of cuts and refusals';
const deadlineMs = 30_000;
const token = `a.${btoa(JSON.stringify({ username: 'Me' })).replaceAll('=', '')}.c`;
const credentials = { email: 'a@b.c', password: 'correct horse' };

function equal(got: unknown, want: unknown): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a !== b) throw new Error(`got ${a}, not ${b}`);
}
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const endMs = Date.now() + deadlineMs; !(await holds()); await pause(20))
    if (Date.now() > endMs) throw new Error(`waited ${deadlineMs / 1_000} s for ${what}`);
}

/** The network is back, as the platform would say it. */
function tellOnline(): void {
  globalThis.dispatchEvent(new Event('online'));
}

export async function runHostile({ sdk, url, storm, canDestroy, onlyStorm = false }: HostileWorld): Promise<Outcome[]> {
  const { Palaver, PalaverError } = sdk;
  if (!globalThis.dispatchEvent) {
    // Node has no such events of its own.
    const target = new EventTarget();
    for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent'] as const)
      Object.assign(globalThis, { [name]: target[name].bind(target) });
  }
  const rooms: sdk.Room[] = [];
  let runs = 0;

  /** A run of a script of its own. */
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
  const codeOf = async (promise: Promise<unknown>): Promise<string> => (await errorOf(promise)).code;
  const states = (room: sdk.Room): string[] => {
    const seen: string[] = [];
    room.on('state', ({ state, reason }) => seen.push(reason ? `${state} ${reason.code}` : state));
    return seen;
  };
  const texts = (room: sdk.Room): string[] => {
    const heard: string[] = [];
    room.on('chat_message', ({ msg }) => heard.push(msg.text));
    return heard;
  };
  const noSocket = (stats: (of?: string) => Promise<Stats>): Promise<void> =>
    until(async () => !canDestroy || (await stats()).sockets === 0, 'the last socket to go');

  const cases: Record<string, () => Promise<void>> = {
    'ignores what it can’t read, in every state, and keeps the place of a frame of tomorrow': async () => {
      const { join, stats } = play('malformed');
      const room = await join();
      const [heard, seen] = [texts(room), states(room)];
      await room.send('one');
      await room.send('cut');
      await until(() => seen.at(-1) === 'open', 'the room to be back');
      await room.send('two');
      equal(heard, ['welcome 1', 'one', 'cut', 'welcome 2', 'two']);
      equal([room.roster, room.username], [['Me'], 'Me']);
      // The binary frame and the two that were read took 1001 and 1002, the messages 1003 to 1005.
      const again = (await stats()).requests.filter((request) => request.includes('last_event_id'));
      equal(again, ['handshake /join?last_event_id=1006']);
    },

    'joins after a cut at any byte': async () => {
      const at = Array.from({ length: 60 }, (_, n) => n * 7);
      for (let n = 0; n < at.length; n += 10)
        await Promise.all(
          at.slice(n, n + 10).map(async (bytes) => {
            const room = await play('bytes', { maxRetries: 4 }, `${bytes}`).join();
            // The cut may come behind the welcome: then nobody knows of the first one.
            const first = await room.send('first').catch((error) => error.code);
            if (typeof first === 'string') equal(first, 'connection_lost');
            equal((await room.send(`${bytes}`)).msg.text, `${bytes}`);
            await room.close();
          }),
        );
    },

    'leaves no socket behind where nobody answers': async () => {
      const mute = play('mute', { timeoutMs: 300, maxRetries: 1 });
      equal(await codeOf(mute.join()), 'timeout');
      equal(await codeOf(mute.palaver.login(credentials)), 'timeout');
      await noSocket(mute.stats);
      const silent = play('silent', { timeoutMs: 600, heartbeatIntervalMs: 100 });
      const room = await silent.join();
      const seen = states(room);
      await until(() => seen.filter((state) => state === 'open').length > 1, 'the room to be replaced twice');
      const closing = Date.now();
      await room.close();
      if (Date.now() - closing > 5_000) throw new Error('it took more than 5 s to close');
      await noSocket(silent.stats);
    },

    'comes back from a server that closes and keeps the connection': async () => {
      const { join, stats } = play('clinging');
      const room = await join();
      const seen = states(room);
      await until(() => seen.at(-1) === 'open', 'the room to be back');
      equal(seen, ['reconnecting going_away', 'open']);
      await room.close();
      await noSocket(stats);
    },

    'follows no redirect': async () => {
      const { palaver, join, stats } = play('redirect', { maxRetries: 0 });
      const { code, message } = await errorOf(palaver.login(credentials));
      equal([code, /redirect/.test(message)], ['connection_failed', true]);
      equal(await codeOf(palaver.listMessages({}, { token })), 'connection_failed');
      equal(await codeOf(join()), 'connection_failed');
      equal((await stats('trap')).requests, []);
    },

    'tells each refusal, and the field that is wrong': async () => {
      const refusals = ['401-invalid_token', '403-user_disabled', '409-name_in_use', '429-too_many_sessions'];
      for (const refusal of [...refusals, '500-internal_error', '503-server_full', '400-a_code_of_tomorrow']) {
        const { join, palaver } = play('refusing', { maxRetries: 0 }, refusal);
        const errors = await Promise.all([errorOf(join()), errorOf(palaver.login(credentials))]);
        for (const { status, code } of errors) equal(`${status}-${code}`, refusal);
      }
      const { palaver } = play('refusing', {}, '400-invalid_body');
      equal((await errorOf(palaver.createUser({ ...credentials, username: 'A' }))).message, 'password: is too short');
    },

    'comes back without its place where the server can’t read it, and tells of the gap': async () => {
      const { join, stats } = play('placeless');
      const room = await join();
      const gaps: unknown[] = [];
      room.on('users_online', ({ msg }) => gaps.push(msg.recovered));
      equal(await codeOf(room.send('cut')), 'connection_lost');
      await until(() => room.state === 'open', 'the room to be back');
      equal(gaps, [false]);
      equal((await room.send('back')).msg.text, 'back');
      const asked = (await stats()).requests.filter((request) => request.startsWith('handshake'));
      equal([asked[0], asked.at(-1)], ['handshake /join', 'handshake /join']);
    },

    'stands a flood': async () => {
      const room = await play('flooding').join();
      const heard = texts(room);
      await until(() => heard.includes('behind it') || room.state !== 'open', 'the end of it');
      equal([room.state, room.roster], ['open', ['Me']]);
    },

    'takes no answer for what it is not': async () => {
      const { palaver } = play('answering', { maxRetries: 0 });
      for (let n = 0; n < 9; n += 1) equal(await codeOf(palaver.login(credentials)), 'connection_failed');
      equal(await codeOf(play('answering').palaver.logout({ token })), 'connection_failed');
      const { code } = await errorOf(play('endless', { maxRetries: 0 }).palaver.healthz());
      equal(['connection_failed', 'timeout'].includes(code), true);
    },

    'keeps to the pace of a server, in order, on one connection': async () => {
      for (const script of ['limited', 'strict']) {
        const { join, stats } = play(script);
        const room = await join();
        const heard = texts(room);
        const said = Array.from({ length: 80 }, (_, n) => `${n}`);
        await Promise.all(said.map((text) => room.send(text)));
        equal(heard, said);
        equal((await stats()).handshakes, 1);
      }
    },

    'names what is wrong with a token': async () => {
      const wrong: [unknown, string][] = [
        ...[undefined, null, 5, {}, '', ' \n', 'Bearer a.b.c', 'a b', 'a\u0000b', 'ä'].map(
          (given): [unknown, string] => [() => given, 'invalid_token'],
        ),
        [() => Promise.resolve(undefined), 'invalid_token'],
        [() => Promise.reject(new Error('no')), 'connection_failed'],
        [() => new Promise(() => {}), 'timeout'],
        ['no function', 'connection_failed'],
        [
          () => {
            throw undefined;
          },
          'connection_failed',
        ],
      ];
      for (const [getToken, code] of wrong) {
        const { join, stats } = play('kind', { maxRetries: 0, timeoutMs: 200 });
        equal([await codeOf(join({ getToken } as sdk.JoinOptions)), (await stats()).requests], [code, []]);
      }
      equal(await codeOf(play('kind').join({} as sdk.JoinOptions)), 'invalid_token');
      equal(await codeOf(play('kind').palaver.logout({ token: 'Bearer a' })), 'invalid_token');
      equal((await play('kind').join({ token: `\n ${token}\r\n` })).state, 'open');
    },

    'turns what the app brings and does wrong into errors': async () => {
      const throwing = (): never => {
        throw new Error('the app’s own');
      };
      const fetches: unknown[] = [throwing, () => undefined, () => null, () => ({}), () => ({ ok: true, status: 200 })];
      for (const fetch of [...fetches, async () => throwing(), 'no function']) {
        const { palaver } = play('kind', { fetch: fetch as typeof globalThis.fetch, maxRetries: 0 });
        equal(await codeOf(palaver.healthz()), 'connection_failed');
      }
      const never = (): Promise<Response> => new Promise(() => {});
      equal(await codeOf(play('kind', { fetch: never, timeoutMs: 100, maxRetries: 0 }).palaver.healthz()), 'timeout');

      class Broken {
        onopen: (() => void) | null = null;
        onmessage: ((event: { data: unknown }) => void) | null = null;
        onclose = null;
        onerror = null;
        constructor() {
          const msg = { list: ['Me'] };
          const data = JSON.stringify({ type: 'users_online', id: '1', sent_at: '', msg });
          setTimeout(() => {
            this.onopen?.();
            this.onmessage?.({ data });
          });
        }
        send = throwing;
        close = throwing;
      }
      const broken = await play('kind', { WebSocket: Broken as unknown as sdk.WebSocketConstructor }).join();
      const [lost, left] = [codeOf(broken.send('into nothing')), broken.close()];
      equal(await lost, 'closed');
      await left;
      const brought: [WebSocket: unknown, code: string][] = [
        [
          class {
            constructor() {
              throwing();
            }
          },
          'connection_failed',
        ],
        ['no class', 'connection_failed'],
        [class {}, 'timeout'],
      ];
      for (const [WebSocket, code] of brought) {
        const options = { WebSocket: WebSocket as sdk.WebSocketConstructor, timeoutMs: 200, maxRetries: 0 };
        equal(await codeOf(play('kind', options).join()), code);
      }
    },

    'closes where getToken has nothing for a reconnect, and leaves nothing pending': async () => {
      const answers = [token];
      const room = await play('kind').join({ getToken: () => answers.pop() as string });
      const seen = states(room);
      const lost = codeOf(room.send('cut'));
      await until(() => room.state === 'closed', 'the room to close');
      equal([await lost, seen], ['connection_lost', ['reconnecting connection_lost', 'closed invalid_token']]);
      await room.close();
      equal(await codeOf(room.send('late')), 'closed');
    },

    'gives up an attempt that hangs when the network is back': async () => {
      const { join, stats } = play('hanging');
      const room = await join();
      const [seen, lost] = [states(room), room.send('cut').catch(() => {})];
      await until(async () => (await stats()).handshakes === 2, 'the attempt that hangs');
      tellOnline();
      const toldMs = Date.now();
      await until(() => room.state === 'open', 'the room to be back');
      if (Date.now() - toldMs > 10_000) throw new Error('it waited for the attempt that hung');
      await lost;
      equal(seen, ['reconnecting connection_lost', 'open']);
    },

    'gives up a getToken that hangs when the network is back': async () => {
      const { join } = play('kind');
      let asked = 0;
      const room = await join({ getToken: () => (++asked === 2 ? new Promise<string>(() => {}) : token) });
      const lost = room.send('cut').catch(() => {});
      await until(() => asked === 2, 'getToken to hang');
      tellOnline();
      await until(() => room.state === 'open', 'the room to be back');
      await lost;
      equal(asked, 3);
    },

    [stormCase]: async () => {
      const all: ReturnType<typeof play>[] = [];
      const start = (...args: Parameters<typeof play>): ReturnType<typeof play> => {
        all.push(play(...args));
        return all.at(-1)!;
      };
      for (let n = 0; n < storm; n += 50)
        await Promise.all(
          Array.from({ length: Math.min(50, storm - n) }, async (_, k) => {
            if (k % 2 === 0) {
              equal(await codeOf(start('refusing', { maxRetries: 0 }, '503-server_full').join()), 'server_full');
              return;
            }
            const room = await start('kind').join();
            const lost = room.send('cut').catch(() => {});
            await until(() => room.state === 'open', 'the room to be back');
            await lost;
            await room.close();
          }),
        );
      for (const { stats } of all.slice(-50)) await noSocket(stats);
    },
  };

  const outcomes: Outcome[] = [];
  for (const [name, run] of Object.entries(cases)) {
    if (onlyStorm && name !== stormCase) continue;
    try {
      await run();
      outcomes.push({ name });
    } catch (error) {
      outcomes.push({ name, fault: String(error) });
    } finally {
      await Promise.all(rooms.splice(0).map((room) => room.close()));
    }
  }
  return outcomes;
}
