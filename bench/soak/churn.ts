/** Churn of a busy chat: clients join, talk, flood, stall, disconnect and log in, again and again. */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';

interface Options {
  readonly port: number;
  readonly users: number;
  /** True if every tenth message has a nonce. The server remembers each for a while. */
  readonly hasNonces: boolean;
  readonly token: (name: string) => Promise<string>;
}

export interface Counts {
  joined: number;
  refused: number;
  frames: number;
  readonly closes: Record<number, number>;
  /** Number of answers by status; `none` where the connection was cut instead. */
  readonly logins: Record<string, number>;
}

export interface Churn {
  readonly counts: Counts;
  /** Does everything once, so that all resources opened at first use are open. */
  once(): Promise<void>;
  /** Churns for this long. Resolves when all clients have left. */
  run(ms: number): Promise<void>;
}

const some = (least: number, most: number): number => least + Math.random() * (most - least);

export function createChurn({ port, users, hasNonces, token }: Options): Churn {
  const counts: Counts = { joined: 0, refused: 0, frames: 0, closes: {}, logins: {} };
  let over = AbortSignal.abort();
  const goesOn = (): boolean => !over.aborted;
  /** Shorter for clients that finish earlier. */
  const pause = (ms: number): Promise<void> => delay(ms, undefined, { signal: over }).catch(() => {});
  let said = 0;

  async function connect(name: string): Promise<WebSocket | undefined> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/join`, {
      headers: { Authorization: `Bearer ${await token(name)}` },
      perMessageDeflate: false,
    });
    return new Promise((resolve) => {
      socket.on('message', () => (counts.frames += 1));
      socket.on('error', () => {});
      socket.once('close', (code) => {
        counts.closes[code] = (counts.closes[code] ?? 0) + 1;
        resolve(undefined);
      });
      socket.once('unexpected-response', () => {
        counts.refused += 1;
        resolve(undefined);
      });
      socket.once('open', () => {
        counts.joined += 1;
        resolve(socket);
      });
    });
  }

  const say = (socket: WebSocket, text: string): void => {
    said += 1;
    const msg = hasNonces && said % 10 === 0 ? { text, nonce: crypto.randomUUID() } : { text };
    socket.send(JSON.stringify({ type: 'chat_message', msg }));
  };

  /** Lives of a connection: its actions, then its end. Earlier ones in the list are chosen more often. */
  const lives: readonly ((socket: WebSocket) => Promise<void>)[] = [
    async (socket) => {
      for (let n = 0; n < 20 && goesOn(); n += 1) {
        say(socket, `message ${n}`);
        await pause(some(50, 500));
      }
      socket.close();
    },
    async (socket) => {
      await pause(some(10, 5_000));
      socket.terminate();
    },
    async (socket) => {
      for (let n = 0; n < 30; n += 1) socket.send('{"type":"nothing"');
      await pause(2_000);
      socket.terminate();
    },
    async (socket) => {
      for (let n = 0; n < 200; n += 1) say(socket, 'flood');
      await pause(2_000);
      socket.terminate();
    },
    async (socket) => {
      socket.pause();
      await pause(some(5_000, 20_000));
      socket.terminate();
    },
    async (socket) => {
      socket.send(Buffer.from('binary'), { binary: true });
      await pause(500);
      socket.terminate();
    },
  ];

  async function user(name: string): Promise<void> {
    while (goesOn()) {
      const socket = await connect(name);
      if (socket) await lives[Math.floor(Math.random() ** 2 * lives.length)]!(socket);
      else await pause(some(100, 1_000));
    }
  }

  async function post(path: string, body: object): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
    return response.status;
  }

  const account = { email: 'soak@example.com', username: 'Soak', password: 'correct horse' };
  async function logins(): Promise<void> {
    for (let n = 0; goesOn(); n += 1) {
      const given = n % 2 === 0 ? account : { ...account, password: 'wrong' };
      const status = await post('/login', given).catch(() => 'none');
      counts.logins[status] = (counts.logins[status] ?? 0) + 1;
    }
  }

  return {
    counts,
    once: async () => {
      await post('/createUser', account);
      await post('/login', account);
      const socket = await connect('First');
      if (!socket) throw new Error('The first one cannot join');
      say(socket, 'first');
      await new Promise((resolve) => socket.once('message', resolve));
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.close();
      await closed;
    },
    run: async (ms) => {
      over = AbortSignal.timeout(Math.round(ms));
      setMaxListeners(0, over);
      await Promise.all([...Array.from({ length: users }, (_, n) => user(`User ${n}`)), logins()]);
    },
  };
}
