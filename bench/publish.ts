/**
 * Measures `POST /messages`: requests a second and CPU per request, beside a bare Hono handler with the same check of
 * token and body. Nobody is in the room. `npm run bench:publish -- --rounds 3`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { portOf } from './measure.ts';
import { describeMachine, end, start, usageOf } from './processes.ts';
import { type ServerKind, servers } from './servers.ts';

const connections = 64;
const users = 64;
const warmMs = 2_000;
const measuredMs = 5_000;

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });

const own = servers.palaver;
const bare: Pick<ServerKind, 'command' | 'env'> = {
  command: [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    join(import.meta.dirname, 'servers/bare-publish.ts'),
  ],
  env: { JWT_SECRET: own.env.JWT_SECRET },
};

/** Posts on one connection, one request after the other, until the signal. */
function post(port: number, token: string, signal: AbortSignal, onAnswer: () => void): Promise<void> {
  const body = JSON.stringify({ text: 'Hello!' });
  const request = [
    'POST /messages HTTP/1.1',
    'Host: 127.0.0.1',
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const head = text.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (!text.startsWith('HTTP/1.1 201') || Number.isNaN(length)) return void reject(new Error(text.slice(0, 400)));
      if (text.length < head + 4 + length) return;
      text = '';
      onAnswer();
      if (!signal.aborted) return void socket.write(request);
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
  });
}

/** Returns requests a second, and CPU milliseconds of the server for each. */
async function measure({
  command,
  env,
}: Pick<ServerKind, 'command' | 'env'>): Promise<{ perS: number; cpuMs: number }> {
  const cwd = mkdtempSync(join(tmpdir(), 'palaver-publish-'));
  const { child, problem } = start(command, { side: 'server', cwd, ...(env && { env }) });
  try {
    const port = await portOf(child, problem);
    const tokens = await Promise.all(Array.from({ length: users }, (_, n) => own.token(`user ${n}`)));
    const stop = new AbortController();
    let answers = 0;
    const posting = Array.from({ length: connections }, (_, n) =>
      post(port, tokens[n % users]!, stop.signal, () => {
        answers += 1;
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, warmMs));
    const [before, cpuBefore, startedMs] = [answers, usageOf(child.pid!).cpuS, performance.now()];
    await new Promise((resolve) => setTimeout(resolve, measuredMs));
    const [count, cpuS, ms] = [answers - before, usageOf(child.pid!).cpuS - cpuBefore, performance.now() - startedMs];
    stop.abort();
    await Promise.all(posting);
    return { perS: count / (ms / 1_000), cpuMs: (cpuS * 1_000) / count };
  } finally {
    await end(child);
    rmSync(cwd, { recursive: true, force: true });
  }
}

console.log(describeMachine('JavaScript'));
for (let round = 1; round <= Number(options.rounds); round += 1) {
  const [palaver, hono] = [await measure(own), await measure(bare)];
  console.log(
    `round ${round}: Palaver ${palaver.perS.toFixed(0)}/s, ${palaver.cpuMs.toFixed(3)} ms CPU; ` +
      `bare Hono ${hono.perS.toFixed(0)}/s, ${hono.cpuMs.toFixed(3)} ms; ` +
      `ratio ${(palaver.perS / hono.perS).toFixed(2)}`,
  );
}
