/** npm run soak -- --minutes 5: churn of every kind, and what the server's process holds of it. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { end, start, usageOf } from './processes.ts';
import { servers } from './servers.ts';

const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, users: { type: 'string', default: '200' } },
});
const minutes = Number(options.minutes);
const users = Number(options.users);
const sampleMs = 5_000;

const { command, env, token } = servers.palaver;
const folder = mkdtempSync(join(tmpdir(), 'palaver-soak-'));
const [node, ...args] = command;
const { child, problem } = start([node!, '--inspect=127.0.0.1:0', ...args], {
  side: 'server',
  cwd: folder,
  // The limits as they are, so that they are met; a small window, since it is not ended in the middle of one.
  env: { ...env, RATE_LIMIT_FRAMES: '20', DRAIN_WINDOW: '0s' },
});

/** Asks the process itself (Chrome DevTools Protocol): what is left of the heap when all garbage is collected. */
async function openInspector(): Promise<() => Promise<number>> {
  let url: string | undefined;
  while (!url) {
    await delay(100);
    url = /ws:\/\/\S+/.exec(problem())?.[0];
  }
  const socket = new WebSocket(url);
  await new Promise((resolve) => socket.once('open', resolve));
  let asked = 0;
  const ask = (method: string): Promise<{ usedSize: number }> => {
    asked += 1;
    const id = asked;
    return new Promise((resolve) => {
      const hear = (data: Buffer): void => {
        const reply = JSON.parse(data.toString());
        if (reply.id !== id) return;
        socket.off('message', hear);
        resolve(reply.result);
      };
      socket.on('message', hear);
      socket.send(JSON.stringify({ id, method }));
    });
  };
  return async () => {
    await ask('HeapProfiler.collectGarbage');
    return (await ask('Runtime.getHeapUsage')).usedSize / 2 ** 20;
  };
}

const port = await new Promise<number>((resolve) => {
  let text = '';
  const read = (chunk: Buffer): void => {
    text += chunk;
    const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
    if (!found) return;
    child.stdout.off('data', read).resume();
    resolve(Number(found));
  };
  child.stdout.on('data', read);
});
const liveHeapMb = await openInspector();
const openFiles = (): number => readdirSync(`/proc/${child.pid}/fd`).length;

const deadlineMs = performance.now() + minutes * 60_000;
const goesOn = (): boolean => performance.now() < deadlineMs;
const some = (least: number, most: number): number => least + Math.random() * (most - least);
const counts = {
  joined: 0,
  refused: 0,
  frames: 0,
  closes: {} as Record<number, number>,
  logins: {} as Record<number, number>,
};

function connect(name: string): Promise<WebSocket | undefined> {
  return token(name).then(
    (bearer) =>
      new Promise((resolve) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/join`, {
          headers: { Authorization: `Bearer ${bearer}` },
          perMessageDeflate: false,
        });
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
      }),
  );
}

/** What a connection does before it ends, and how it ends. */
const lives: ((socket: WebSocket) => Promise<void>)[] = [
  async (socket) => {
    for (let n = 0; n < 20 && goesOn(); n += 1) {
      socket.send(JSON.stringify({ type: 'chat_message', msg: { text: `message ${n}`, nonce: crypto.randomUUID() } }));
      await delay(some(50, 500));
    }
    socket.close();
  },
  async (socket) => {
    await delay(some(10, 5_000));
    socket.terminate();
  },
  async (socket) => {
    for (let n = 0; n < 30; n += 1) socket.send('{"type":"nothing"');
    await delay(2_000);
    socket.terminate();
  },
  async (socket) => {
    for (let n = 0; n < 200; n += 1) socket.send(JSON.stringify({ type: 'chat_message', msg: { text: 'flood' } }));
    await delay(2_000);
    socket.terminate();
  },
  async (socket) => {
    socket.pause();
    await delay(some(5_000, 20_000));
    socket.terminate();
  },
  async (socket) => {
    socket.send(Buffer.from('binary'), { binary: true });
    await delay(500);
    socket.terminate();
  },
];

async function user(name: string): Promise<void> {
  while (goesOn()) {
    const socket = await connect(name);
    if (socket) await lives[Math.floor(Math.random() ** 2 * lives.length)]!(socket);
    else await delay(some(100, 1_000));
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

async function logins(): Promise<void> {
  const account = { email: 'soak@example.com', username: 'Soak', password: 'correct horse' };
  await post('/createUser', account);
  for (let n = 0; goesOn(); n += 1) {
    const status = await post('/login', n % 2 === 0 ? account : { ...account, password: 'wrong' });
    counts.logins[status] = (counts.logins[status] ?? 0) + 1;
  }
}

interface Sample {
  readonly s: number;
  readonly rssMb: number;
  readonly heapMb: number;
  readonly files: number;
}
const samples: Sample[] = [];
const sample = async (): Promise<Sample> => {
  const heapMb = await liveHeapMb();
  const taken = { s: performance.now() / 1_000, rssMb: usageOf(child.pid!).rssKb / 1_024, heapMb, files: openFiles() };
  samples.push(taken);
  console.log(
    `${taken.s.toFixed(0)} s: RSS ${taken.rssMb.toFixed(1)} MB, live heap ${heapMb.toFixed(1)} MB, ${taken.files} files`,
  );
  return taken;
};
const watch = async (): Promise<void> => {
  while (goesOn()) {
    await delay(sampleMs);
    await sample();
  }
};

try {
  const before = await sample();
  await Promise.all([...Array.from({ length: users }, (_, n) => user(`User ${n}`)), logins(), watch()]);
  // What is closing may take its time.
  await delay(5_000);
  const after = await sample();
  const half = samples.slice(1, -1);
  const middle = (from: number, to: number, figure: keyof Sample): number => {
    const values = half.slice(half.length * from, half.length * to).map((each) => each[figure]);
    return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
  };
  console.log(JSON.stringify(counts));
  for (const figure of ['rssMb', 'heapMb'] as const) {
    const [second, last] = [middle(0.25, 0.5, figure), middle(0.75, 1, figure)];
    console.log(`${figure}: second quarter ${second.toFixed(1)}, last quarter ${last.toFixed(1)}`);
  }
  console.log(`before: ${before.heapMb.toFixed(1)} MB live, ${before.files} files`);
  console.log(`at rest again: ${after.heapMb.toFixed(1)} MB live, ${after.files} files`);
} finally {
  await end(child);
  rmSync(folder, { recursive: true, force: true });
}
