/** A server in a memory cgroup of its own, as `docker run --memory` makes it. */
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../harness/folder.ts';
import { recorded, request } from '../harness/http.ts';
import { launch } from '../harness/process.ts';

const memoryV1 = '/sys/fs/cgroup/memory';
const isV1 = existsSync(memoryV1);
const parent = isV1 ? memoryV1 : '/sys/fs/cgroup';
const [limitFile, usageFile, killsFile] = isV1
  ? ['memory.limit_in_bytes', 'memory.usage_in_bytes', 'memory.oom_control']
  : ['memory.max', 'memory.current', 'memory.events'];
/** Written to each group where the kernel has it, because swapped memory would not count. */
const [swapFile, noSwap] = isV1 ? ['memory.swappiness', '0'] : ['memory.swap.max', '0'];

/** A memory cgroup needs root and a writable file system. Many containers have neither. */
function canLimit(): boolean {
  try {
    accessSync(parent, constants.W_OK);
    const probe = join(parent, `palaver-probe-${process.pid}`);
    mkdirSync(probe);
    const limited = existsSync(join(probe, limitFile));
    rmdirSync(probe);
    return limited;
  } catch {
    return false;
  }
}

/** The minimum in the documentation. */
const smallestMiB = 128;
/** Room for the server's own work, and far less than the 32 MiB of a hash. */
const roomMiB = 8;
const mebibyte = 1_048_576;
/** Timeout against hanging only. */
const patienceMs = 120_000;
/** More than any container may hash at once, and few enough to be hashed in time on a busy machine. */
const crowd = 6;

let groups = 0;

/** Makes a memory cgroup with the smallest limit, for one server. */
function createGroup() {
  groups += 1;
  const folder = join(parent, `palaver-${process.pid}-${groups}`);
  const [limit, usage, kills, stat, swap] = [limitFile, usageFile, killsFile, 'memory.stat', swapFile].map((file) =>
    join(folder, file),
  ) as [string, string, string, string, string];
  const numberIn = (file: string, pattern: RegExp) => Number(pattern.exec(readFileSync(file, 'utf8'))?.[1]);
  mkdirSync(folder);
  writeFileSync(limit, String(smallestMiB * mebibyte));
  if (existsSync(swap)) writeFileSync(swap, noSwap);
  return {
    folder,
    kills: () => numberIn(kills, /oom_kill (\d+)/),
    /**
     * Lowers the limit to the present use and a little more. Cached files don't count, because the kernel can drop
     * them.
     */
    tighten: () => {
      const cached = numberIn(stat, /^active_file (\d+)/m) + numberIn(stat, /^inactive_file (\d+)/m);
      writeFileSync(limit, String(numberIn(usage, /(\d+)/) - cached + roomMiB * mebibyte));
    },
    remove: async () => {
      await expect.poll(() => readFileSync(join(folder, 'cgroup.procs'), 'utf8'), { timeout: 10_000 }).toBe('');
      rmdirSync(folder);
    },
  };
}

/** Starts the packed server in a group of its own. */
async function start() {
  const group = createGroup();
  const env = { PORT: '0', DATA_DIR: temporaryFolder(), RATE_LIMIT_SIGNUP: '0', NODE_ENV: 'production' };
  const enter = `echo $$ > '${group.folder}/cgroup.procs' && exec '${process.execPath}' node_modules/palaver/bin/palaver.cjs`;
  const server = launch('/bin/sh', ['-c', enter], env, inject('installed'));
  onTestFinished(async () => {
    await server.kill();
    await group.remove();
  });
  const address = await server.address();
  // The harness's request would time out before a busy machine has finished many hashes.
  const signUp = async (n: number) => {
    const user = { email: `${n}@example.com`, username: `User ${n}`, password: 'correct horse' };
    const answer = await fetch(`http://${address.host}:${address.port}/createUser`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(user),
    });
    const { status, headers } = answer;
    return recorded({ method: 'POST', path: '/createUser' }, status, Object.fromEntries(headers), await answer.text());
  };
  return { server, address, signUp, group };
}

describe.runIf(canLimit())('in a container', { timeout: patienceMs }, () => {
  it(`with ${smallestMiB} MiB many users can sign up at once`, async () => {
    const { signUp, group } = await start();
    const answers = await Promise.all(Array.from({ length: crowd }, (_, n) => signUp(n)));
    expect(answers.map(({ status }) => status)).toEqual(Array(crowd).fill(201));
    expect(group.kills()).toBe(0);
  });

  it('that is too small, hashing fails first: 503 with the reason in the log, and the server stays up', async () => {
    const { server, address, signUp, group } = await start();
    // The server hashes one password at a time, so this one comes after the hash that it makes at its start.
    expect((await signUp(0)).status).toBe(201);
    group.tighten();
    // One after the other. Until the memory of the killed process is free, the kernel may kill another process that
    // asks for more. A server that waits for an answer asks for none.
    for (let n = 1; n <= crowd; n += 1) {
      const { status, json, headers } = await signUp(n);
      expect([status, json.code]).toEqual([503, 'overloaded']);
      expect(headers['retry-after']).toMatch(/^[1-9]\d*$/);
    }
    // The process restarts at once after its first end, and after a pause later.
    expect(group.kills()).toBeGreaterThan(1);
    expect((await request(address, 'GET', '/readyz')).status).toBe(200);
    await expect.poll(server.output).toMatch(/"event":"hashing_ended","signal":"SIGKILL"/);
    expect(server.output()).not.toContain('request_failed');
  });
});
