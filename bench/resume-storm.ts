/**
 * A thousand clients that were cut off come back at once to a server that was restarted: how long it takes until each has
 * all that it missed, and what somebody who goes on chatting notices of it. `npm run bench:resume -- --rounds 3`
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { portOf } from './measure.ts';
import { describeMachine, end, start } from './processes.ts';
import { servers } from './servers.ts';

const clients = 1_000;
const missed = 500;
/** From one message of the live chat to the next. */
const liveIntervalMs = 10;
const timeoutMs = 60_000;

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });

interface Frame {
  readonly type: string;
  readonly id: string;
  readonly msg: { readonly nonce?: string; readonly recovered?: boolean };
}

/** Joins; `onFrame` gets every frame. */
async function connect(
  port: number,
  token: string,
  onFrame: (frame: Frame) => void,
  lastEventId?: string,
): Promise<WebSocket> {
  const query = lastEventId === undefined ? '' : `?last_event_id=${lastEventId}`;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/join${query}`, {
    headers: { Authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  socket.on('message', (data: Buffer) => onFrame(JSON.parse(data.toString())));
  await once(socket, 'open', { signal: AbortSignal.timeout(timeoutMs) });
  return socket;
}

const percentile = (sorted: readonly number[], part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;

/** Says something again and again, and measures how long each takes to come back. */
async function chatting(port: number, token: string) {
  const sentAtMs = new Map<string, number>();
  let tookMs: number[] = [];
  const socket = await connect(port, token, ({ msg: { nonce } }) => {
    const at = nonce === undefined ? undefined : sentAtMs.get(nonce);
    if (at === undefined) return;
    tookMs.push(performance.now() - at);
    sentAtMs.delete(nonce!);
  });
  let n = 0;
  const say = (): void => {
    n += 1;
    sentAtMs.set(`${process.pid}-${n}`, performance.now());
    socket.send(JSON.stringify({ type: 'chat_message', msg: { text: `live ${n}`, nonce: `${process.pid}-${n}` } }));
  };
  return {
    socket,
    say,
    /** What came back since the last time, in milliseconds, sorted. */
    taken: (): number[] => {
      const taken = tookMs.sort((a, b) => a - b);
      tookMs = [];
      return taken;
    },
  };
}

/** One round: seconds until all have all, and the live chat's p99 before and meanwhile. */
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
  /** Resolves when it is back, behind all that came before. */
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
  const timer = setInterval(chat.say, liveIntervalMs);
  await delay(2_000);
  const quiet = chat.taken();
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
  clearInterval(timer);
  const storm = chat.taken();
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
