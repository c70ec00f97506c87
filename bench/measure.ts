import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { startBehind } from './behind.ts';
import type { Load } from './loads.ts';
import { startLogins } from './login-flood.ts';
import { type Child, end, start, type Usage, usageOf } from './processes.ts';
import type { Result, Run } from './result.ts';
import { type ServerKind, type ServerName, servers } from './servers.ts';

const startTimeoutMs = 20_000;
const warmS = 1;
/** Time after which every server has noticed that all clients have left. */
const leaveMs = 3_000;

/** Resolves with the port that the server prints, then drops its further output. */
export async function portOf(child: Child, problem: () => string): Promise<number> {
  const exited = new AbortController();
  child.once('exit', () => exited.abort());
  const signal = AbortSignal.any([exited.signal, AbortSignal.timeout(startTimeoutMs)]);
  let text = '';
  try {
    for (;;) {
      const [chunk] = await once(child.stdout, 'data', { signal });
      text += chunk;
      const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
      if (!port) continue;
      child.stdout.resume();
      return Number(port);
    }
  } catch {
    throw new Error(`The server does not start: ${problem() || text}`);
  }
}

/** One `name token` a line. */
async function writeUsers(file: string, clients: number, { token }: ServerKind): Promise<void> {
  const names = Array.from({ length: clients }, (_, index) => `u${String(index).padStart(4, '0')}`);
  const lines = await Promise.all(names.map(async (name) => `${name} ${token ? await token(name) : name}\n`));
  await writeFile(file, lines.join(''));
}

/** Returns the sum of several processes' usage. */
function usageOfAll(children: readonly Child[]): Usage {
  const all = children.map(({ pid }) => usageOf(pid!));
  const sum = (of: (usage: Usage) => number): number => all.reduce((total, usage) => total + of(usage), 0);
  return { cpuS: sum(({ cpuS }) => cpuS), rssKb: sum(({ rssKb }) => rssKb), machineCpuS: all[0]!.machineCpuS };
}

/** Returns the generator's command and arguments. */
export interface Generator {
  readonly command: readonly string[];
}

interface Options {
  readonly name: string;
  readonly load: Load;
  readonly server: ServerName;
  readonly round: number;
  readonly seconds: number;
  readonly generator: Generator;
  /** Folder where the server may keep its data. */
  readonly folder: string;
}

interface Used {
  readonly server: Usage;
  readonly redisCpuS: number;
  readonly mongodbCpuS: number;
}

/** One run, with a fresh server and a fresh generator. */
async function measureOnce({ name, load, server, round, seconds, generator, ...options }: Options): Promise<Run> {
  const kind: ServerKind = servers[server];
  const folder = await mkdtemp(join(options.folder, 'run-'));
  const users = join(folder, 'users');
  const running: Child[] = [];
  const logins = new AbortController();
  try {
    await writeUsers(users, load.generator.clients, kind);
    const behind = kind.nodes === undefined ? undefined : await startBehind(folder);
    if (behind) running.push(behind.redis, behind.mongodb);
    const nodes: Child[] = [];
    const ports: number[] = [];
    let problem = (): string => '';
    for (let node = 0; node < (kind.nodes ?? 1); node += 1) {
      const started = start(kind.command, { side: 'server', cwd: folder, env: { ...kind.env, ...behind?.env } });
      running.push(started.child);
      nodes.push(started.child);
      const problemBefore = problem;
      problem = () => problemBefore() || started.problem();
      ports.push(await portOf(started.child, started.problem));
    }
    const used = (): Used => ({
      server: usageOfAll(nodes),
      redisCpuS: behind ? usageOf(behind.redis.pid!).cpuS : 0,
      mongodbCpuS: behind ? usageOf(behind.mongodb.pid!).cpuS : 0,
    });
    const flood = load.loginsPerS
      ? await startLogins(`http://127.0.0.1:${ports[0]}`, load.loginsPerS, logins.signal)
      : undefined;
    // Leave out work that the server does once after its start.
    await delay(500);
    const empty = used();

    const { load: kindOfLoad, ...numbers } = load.generator;
    const told = { port: ports.join(), dialect: kind.dialect, load: kindOfLoad, users, warm: warmS, ...numbers };
    const measuredS = load.fixedSeconds ?? seconds * (load.times ?? 1);
    const args = Object.entries({ ...told, seconds: measuredS }).flatMap(([option, value]) => [
      `--${option}`,
      `${value}`,
    ]);
    const generate = async () => {
      const client = start([...generator.command, ...args], { side: 'generator', cwd: folder });
      running.push(client.child);
      let begun: Used | undefined;
      let ended: Used | undefined;
      let result: Result | undefined;
      for await (const line of createInterface({ input: client.child.stdout })) {
        if (line === 'joined') flood?.begin();
        else if (line === 'begin') begun = used();
        else if (line === 'end') {
          ended = used();
          logins.abort();
        } else result = JSON.parse(line);
      }
      if (!result || !begun || !ended)
        throw new Error(client.problem() || problem() || 'The generator ended without a result');
      return { result, begun, ended };
    };

    const { result, begun, ended } = await generate();
    if (load.twice) await delay(leaveMs);
    const again = load.twice ? (await generate()).result : undefined;
    const serverCpuS = ended.server.cpuS - begun.server.cpuS;
    const redisCpuS = ended.redisCpuS - begun.redisCpuS;
    const mongodbCpuS = ended.mongodbCpuS - begun.mongodbCpuS;
    const allCpuS = ended.server.machineCpuS - begun.server.machineCpuS;
    return {
      load: name,
      server,
      round,
      clients: load.generator.clients,
      result,
      again,
      serverCpuS,
      redisCpuS,
      mongodbCpuS,
      othersCpuS: Math.max(0, allCpuS - serverCpuS - redisCpuS - mongodbCpuS - result.cpuS),
      addedRssKb: ended.server.rssKb - empty.server.rssKb,
      logins: flood?.answered,
    };
  } finally {
    logins.abort();
    for (const child of running) await end(child);
    await rm(folder, { recursive: true, force: true });
  }
}

export async function measure(options: Options): Promise<Run> {
  if (options.load.loginsPerS === undefined) return measureOnce(options);
  const { loginsPerS: _, ...quietly } = options.load;
  const quiet = await measureOnce({ ...options, load: quietly });
  return { ...(await measureOnce(options)), quiet };
}
