/**
 * Builds deploy/Dockerfile and tries the image as docs/guide/docker.md says: a server with a volume, a sign-up, a chat,
 * and the page's commands in the container. Then it starts a container of a new image on the same volume. `npm run test:image` uses Docker, or buildah as root where there
 * is no Docker.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Palaver } from '@palaver/sdk';
import { adapted, codeBelow } from '../../harness/documentation.ts';
import { freePort } from '../../harness/port.ts';

const root = join(import.meta.dirname, '../../..');
const image = 'palaver-test';
const readyTimeoutMs = 60_000;
const stopTimeoutMs = 20_000;

/** A container engine: builds the image, and starts a server of it in the foreground, with a folder as its volume. */
interface Engine {
  readonly name: string;
  build(): void;
  start(port: number, volume: string): ChildProcess;
  /** Runs a command beside the server that was started last, in its container, and returns its output. */
  exec(command: readonly string[], volume: string): string;
  /** Sends SIGTERM to the server in the container. */
  stop(server: ChildProcess): void;
}

const has = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
const run = (command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): string =>
  execFileSync(command, args, { cwd: root, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

const docker: Engine = {
  name: 'Docker',
  build: () => void run('docker', ['build', '-f', 'deploy/Dockerfile', '-t', image, '.']),
  start: (port, volume) =>
    spawn(
      'docker',
      ['run', '--rm', '--name', image, '--init', '-p', `127.0.0.1:${port}:3000`, '-v', `${volume}:/data`, image],
      {
        stdio: 'inherit',
      },
    ),
  exec: (command) => run('docker', ['exec', image, ...command]),
  stop: (server) => void server.kill('SIGTERM'),
};

/** Returns the processes below one, each with its command line. */
function descendantsOf(pid: number): { pid: number; command: string }[] {
  const children = spawnSync('pgrep', ['-P', `${pid}`], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean)
    .map(Number);
  return children.flatMap((child) => [
    { pid: child, command: readFileSync(`/proc/${child}/cmdline`, 'utf8') },
    ...descendantsOf(child),
  ]);
}

/** buildah without a daemon: its containers share the host's network, so the port is a setting. */
const buildah: Engine = {
  name: 'buildah',
  build: () => {
    run('bash', ['test/tools/image/base.sh'], buildahEnv);
    const options = ['--isolation', 'chroot', '--pull-never', '--network', 'host', '--format', 'docker', '--quiet'];
    run('buildah', ['bud', ...options, '-f', 'deploy/Dockerfile', '-t', image, '.'], buildahEnv);
  },
  start: (port, volume) => {
    container = run('buildah', ['from', '--pull-never', image], buildahEnv);
    // Otherwise buildah mounts an empty volume of its own over the folder.
    run('buildah', ['config', '--volume', '/data-', container], buildahEnv);
    const options = ['--isolation', 'chroot', '--volume', `${volume}:/data`, '--env', `PORT=${port}`];
    return spawn('buildah', ['run', ...options, container, '--', 'node', 'bin/palaver.cjs'], {
      stdio: 'inherit',
      env: buildahEnv,
    });
  },
  exec: (command, volume) =>
    run(
      'buildah',
      ['run', '--isolation', 'chroot', '--volume', `${volume}:/data`, container, '--', ...command],
      buildahEnv,
    ),
  // buildah itself would kill it.
  stop: (server) => {
    for (const { pid, command } of descendantsOf(server.pid!))
      if (command.includes('palaver.cjs') && !command.includes('buildah')) process.kill(pid, 'SIGTERM');
  },
};
let container = '';
const buildahEnv = { ...process.env, STORAGE_DRIVER: 'vfs' };

function findEngine(): Engine {
  // The client alone builds nothing: `info` asks the daemon.
  if (has('docker', 'info')) return docker;
  if (has('buildah', '--version') && has('mmdebstrap', '--version') && process.getuid?.() === 0) return buildah;
  throw new Error('needs Docker, or buildah and mmdebstrap (apt-get install buildah mmdebstrap crun) and root');
}

async function waitUntilReady(url: string): Promise<void> {
  for (const untilMs = Date.now() + readyTimeoutMs; Date.now() < untilMs; await pause(200)) {
    const response = await fetch(`${url}/readyz`).catch(() => undefined);
    if (response?.ok) return;
  }
  throw new Error(`the server in the container was not ready within ${readyTimeoutMs / 1_000} s`);
}

/** Runs a server of the image for as long as `use` takes, and stops it in order. */
async function withServer(engine: Engine, volume: string, use: (palaver: Palaver, url: string) => Promise<void>) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = engine.start(port, volume);
  try {
    await waitUntilReady(url);
    await use(new Palaver({ url }), url);
  } finally {
    const exit = once(server, 'exit');
    engine.stop(server);
    const [code] = await Promise.race([exit, pause(stopTimeoutMs, ['none'])]);
    if (code === 'none') server.kill('SIGKILL');
    assert.equal(code, 0, 'the server in the container stops in order at SIGTERM');
  }
}

/** Commands that docs/guide/docker.md runs in the container. */
const commands = codeBelow('docs/guide/docker.md', 'Commands', 'sh')[0]
  .split('\n')
  .map((line) => adapted(line, [['docker exec palaver ', '']]));
const engine = findEngine();
const volume = mkdtempSync(join(tmpdir(), 'palaver-image-'));
chownSync(volume, 1_000, 1_000);
const credentials = { email: 'ann@example.com', password: 'correct horse' };
try {
  console.log(`Builds the image with ${engine.name}.`);
  engine.build();
  await withServer(engine, volume, async (palaver, url) => {
    await palaver.createUser({ ...credentials, username: 'Ann' });
    const room = await palaver.join({ getToken: async () => (await palaver.login(credentials)).token });
    const echo = await room.send('Hello from a container!');
    assert.equal(echo.msg.from_user, 'Ann');
    await room.close();
    for (const path of ['/', '/docs', '/docs/http', '/docs/sdk/index.html'])
      assert.equal((await fetch(url + path)).status, 200, `${path} is served`);
    const outputs = commands.map((command) => engine.exec(command.split(' '), volume));
    assert.match(outputs.join('\n'), /\tann@example\.com\tAnn\tenabled/, 'a command of the page lists the users');
    assert.ok(existsSync(join(volume, 'backup-1')), 'a command of the page writes a backup into the volume');
  });
  console.log('A server of the image serves a sign-up, a chat, the page and the documentation.');
  engine.build();
  await withServer(engine, volume, async (palaver) => {
    const { token } = await palaver.login(credentials);
    const { messages } = await palaver.listMessages({ limit: 10 }, { token });
    assert.deepEqual(
      messages.map(({ msg }) => msg.text),
      ['Hello from a container!'],
    );
  });
  console.log('A new container of a new image has the users and messages of the old one.');
} finally {
  rmSync(volume, { recursive: true, force: true });
}
