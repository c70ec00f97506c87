/**
 * Reconnects a thousand clients at once to a restarted server. Measures how long it takes until each has its missed
 * messages, and how much a user who chats meanwhile notices. `npm run bench:resume -- --rounds 3`
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { connect, type Frame } from './client.ts';
import { portOf } from './measure.ts';
import { describeMachine, end, start } from './processes.ts';
import { servers } from './servers.ts';

const clients = 1_000;
const missed = 500;
/** Interval of the live chat's messages. */
const liveIntervalMs = 20;
const timeoutMs = 60_000;

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });

const percentile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;

/** The live chat, on a thread of its own: it notices the server, not how busy the others are here. */
async function chatting(port: number, token: string) {
  const worker = new Worker(new URL('./live-chat.ts', import.meta.url), {
    workerData: { port, token, intervalMs: liveIntervalMs },
  });
  await once(worker, 'message');
  return {
    /** Returns the reconnection times since the last call, in milliseconds, sorted. */
    taken: async (): Promise<number[]> => {
      worker.postMessage('take');
      const [taken] = (await once(worker, 'message')) as [number[]];
      return taken.sort((a, b) => a - b);
    },
    end: () => worker.terminate(),
  };
}

/** One round: seconds until all clients have all messages, and the live chat's p99 before and meanwhile. */
async function round(dataDir: string): Promise<{ seconds: number; quietMs: number; stormMs: number }> {
  const { command, env, token } = servers.palaver;
  const serve = async () => {
    const { child, problem } = start(command, { side: 'server', cwd: dataDir, env: { ...env, DRAIN_WINDOW: '0s' } });
    return { child, port: await portOf(child, problem) };
  };
  const tokens = await Promise.all(Array.from({ length: clients }, (_, n) => token(`client ${n}`)));
  const live = await token('live');

  const before = await serve();
  let lastId = '';
  let isChat = false;
  const talker = await connect(before.port, live, ({ type, id }) => {
    lastId = id ?? lastId;
    isChat = type === 'chat_message';
  });
  /** Resolves when the client is back and has all missed messages. */
  const say = async (text: string): Promise<void> => {
    talker.send(JSON.stringify({ type: 'chat_message', msg: { text } }));
    const from = lastId;
    while (lastId === from || !isChat) await once(talker, 'message');
  };
  await say('seen');
  const seen = lastId;
  for (let n = 0; n < missed; n += 1) await say(`missed ${n}`);
  before.child.kill('SIGTERM');
  await once(before.child, 'exit');

  const { child, port } = await serve();
  const chat = await chatting(port, live);
  await delay(2_000);
  const quiet = await chat.taken();
  const startMs = performance.now();
  await Promise.all(
    tokens.map(async (each) => {
      let left = missed;
      let done = (): void => {};
      const whole = new Promise<void>((resolve, reject) => {
        done = resolve;
        setTimeout(() => reject(new Error(`${left} messages did not come`)), timeoutMs).unref();
      });
      const onFrame = ({ type, msg }: Frame): void => {
        if (type === 'users_online' && msg.recovered !== true) throw new Error('not recovered');
        if (type === 'chat_message') left -= 1;
        if (left === 0) done();
      };
      await connect(port, each, onFrame, seen);
      await whole;
    }),
  );
  const seconds = (performance.now() - startMs) / 1_000;
  const storm = await chat.taken();
  await chat.end();
  await end(child);
  return { seconds, quietMs: percentile(quiet, 0.99), stormMs: percentile(storm, 0.99) };
}

console.log(`${describeMachine('JavaScript')}. ${clients} clients that missed ${missed} messages each.`);
console.log('| round | all have all after, s | live chat p99 before, ms | meanwhile, ms |\n|---|---|---|---|');
for (let n = 1; n <= Number(options.rounds); n += 1) {
  const folder = mkdtempSync(join(tmpdir(), 'palaver-bench-'));
  try {
    const { seconds, quietMs, stormMs } = await round(folder);
    console.log(`| ${n} | ${seconds.toFixed(2)} | ${quietMs.toFixed(1)} | ${stormMs.toFixed(1)} |`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
process.exit();
