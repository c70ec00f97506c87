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
const [limitFile, killsFile] = isV1 ? ['memory.limit_in_bytes', 'memory.oom_control'] : ['memory.max', 'memory.events'];

/** A memory cgroup takes root, and a file system of its own that can be written: in many containers there is none. */
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

/** As much as the documentation says is enough; far too little for a hash. */
const smallestMiB = 128;
const tooSmallMiB = 96;
/** Against hanging only. */
const patienceMs = 120_000;
/** More than may be hashed at once in any container, and few enough to be hashed in time on a busy machine. */
const crowd = 6;

/** Starts the packed server in this much memory. */
async function startIn(mebibytes: number) {
  const group = join(parent, `palaver-${process.pid}-${mebibytes}`);
  mkdirSync(group);
  writeFileSync(join(group, limitFile), String(mebibytes * 1_048_576));
  const env = { PORT: '0', DATA_DIR: temporaryFolder(), RATE_LIMIT_SIGNUP: '0', NODE_ENV: 'production' };
  const enter = `echo $$ > '${group}/cgroup.procs' && exec '${process.execPath}' node_modules/palaver/bin/palaver.cjs`;
  const server = launch('/bin/sh', ['-c', enter], env, inject('installed'));
  onTestFinished(async () => {
    await server.kill();
    await expect.poll(() => readFileSync(join(group, 'cgroup.procs'), 'utf8'), { timeout: 10_000 }).toBe('');
    rmdirSync(group);
  });
  const address = await server.address();
  // Not the harness's request, which gives up sooner than many hashes take on a busy machine.
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
  const signUps = (count: number) => Promise.all(Array.from({ length: count }, (_, n) => signUp(n)));
  const kills = () => Number(/oom_kill (\d+)/.exec(readFileSync(join(group, killsFile), 'utf8'))?.[1]);
  return { server, address, signUps, kills };
}

describe.runIf(canLimit())('in a container', { timeout: patienceMs }, () => {
  it(`of ${smallestMiB} MiB many can sign up at once`, async () => {
    const { signUps, kills } = await startIn(smallestMiB);
    expect((await signUps(crowd)).map(({ status }) => status)).toEqual(Array(crowd).fill(201));
    expect(kills()).toBe(0);
  });

  it('that is too small the hashing goes first: 503, with the reason in the log, and the server stays', async () => {
    const { server, address, signUps, kills } = await startIn(tooSmallMiB);
    const answers = await signUps(crowd);
    expect(answers.map(({ status, json }) => [status, json.code])).toEqual(Array(crowd).fill([503, 'overloaded']));
    for (const { headers } of answers) expect(headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(kills()).toBeGreaterThan(0);
    expect((await request(address, 'GET', '/readyz')).status).toBe(200);
    await expect.poll(server.output).toMatch(/"event":"hashing_ended","signal":"SIGKILL"/);
    expect(server.output()).not.toContain('request_failed');
  });
});
