import type * as sdk from '../../src/index.ts';
import { type Cases, equal, states } from './cases.ts';
import { type HostileTools, token, until } from './hostile-tools.ts';

const throwing = (): never => {
  throw new Error('the app’s own');
};

/** A WebSocket that opens, and then throws from every method. */
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

/** Returns the cases of apps that pass faulty options. */
export const appCases = ({ play, codeOf }: HostileTools): Cases => ({
  'names the fault of a token': async () => {
    const wrong: [unknown, string][] = [
      ...[undefined, null, 5, {}, '', ' \n', 'Bearer a.b.c', 'a b', 'a\u0000b', 'ä'].map((given): [unknown, string] => [
        () => given,
        'invalid_token',
      ]),
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

  'turns faults of the app’s own fetch and WebSocket into errors': async () => {
    const fetches: unknown[] = [throwing, () => undefined, () => null, () => ({}), () => ({ ok: true, status: 200 })];
    for (const fetch of [...fetches, async () => throwing(), 'no function']) {
      const { palaver } = play('kind', { fetch: fetch as typeof globalThis.fetch, maxRetries: 0 });
      equal(await codeOf(palaver.healthz()), 'connection_failed');
    }
    const never = (): Promise<Response> => new Promise(() => {});
    equal(await codeOf(play('kind', { fetch: never, timeoutMs: 100, maxRetries: 0 }).palaver.healthz()), 'timeout');

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
});
