import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { archiveOf } from '../harness/packed.ts';
import { launch, root, type ServerProcess } from '../harness/process.ts';
import { noRedis, startRedis } from '../harness/redis.ts';
import { startIssuer } from '../unit/auth/issuer.ts';

const execute = promisify(execFile);
/** Timeout against hanging only: on a busy machine passwords are hashed very slowly. */
const patience = 600_000;
const mostMegabytes = 80;

const project = inject('installed');
const command = join(project, 'node_modules/.bin/palaver');
/** The command begins with `env node`, which must find the Node of these tests. */
const env = { PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
const run = (executable: string, ...args: string[]) =>
  execute(executable, args, { cwd: project, env: { ...process.env, ...env }, timeout: patience, maxBuffer: 2 ** 25 });

describe('the three packages, packed and installed together into an empty folder', () => {
  let server: ServerProcess;
  let url: string;

  beforeAll(async () => {
    server = launch(command, [], { ...env, PORT: '0' }, project);
    const { host, port } = await server.address();
    url = `http://${host}:${port}`;
  });
  afterAll(() => server.kill());

  it(`take ${mostMegabytes} MB at most`, async () => {
    const { stdout } = await run('du', '-sm', 'node_modules');
    expect(Number.parseInt(stdout, 10)).toBeLessThanOrEqual(mostMegabytes);
  });

  it('contain only the build', async () => {
    const { stdout } = await run('tar', '-tzf', join(inject('packed'), archiveOf('palaver')));
    const files = stdout.trim().split('\n');
    expect([...new Set(files.map((file) => file.split('/')[1]))].sort()).toEqual(
      ['LICENSE', 'README.md', 'bin', 'dist', 'package.json'].sort(),
    );
    expect(files.filter((file) => /\.tsx?$|\.test\.|\.map$/.test(file))).toEqual([]);
  });

  it('contain every Lua script', async () => {
    const { stdout } = await run('tar', '-tzf', join(inject('packed'), archiveOf('palaver')));
    const scripts = 'src/backplane/redis/scripts';
    const packed = stdout.split('\n').filter((file) => file.endsWith('.lua'));
    expect(packed.sort()).toEqual(readdirSync(join(root, scripts)).map((name) => `package/dist/${scripts}/${name}`));
  });

  it('serve in the started process itself, with the flags of `npm start`', async () => {
    const { stdout } = await run('ps', '-o', 'args=', '-p', String(server.child.pid));
    const flags = manifest.scripts.start.split(' ').filter((word) => word.startsWith('--'));
    expect(flags.length).toBe(2);
    expect(stdout.split(' ').filter((word) => word.startsWith('--'))).toEqual(flags);
    expect(server.output()).not.toMatch(/warning/i);
  });

  it('chat', async () => {
    await writeFile(
      join(project, 'chat.js'),
      `import { Palaver } from '@palaver/sdk';
      const palaver = new Palaver({ url: process.argv[2] });
      const igor = { email: 'igor@example.com', username: 'Igor', password: 'correct horse' };
      await palaver.createUser(igor);
      const room = await palaver.join({ getToken: async () => (await palaver.login(igor)).token });
      const { msg } = await room.send('Hello!');
      console.log(room.roster.join(), msg.from_user, msg.text);
      await room.close();`,
    );
    expect((await run(process.execPath, 'chat.js', url)).stdout).toBe('Igor Igor Hello!\n');
  });

  it.skipIf(noRedis)('chat over Redis', async () => {
    const [redis, issuer] = await Promise.all([startRedis(), startIssuer()]);
    onTestFinished(() => redis.remove());
    const settings = { PORT: '0', DATA_DIR: join(project, 'data-redis'), REDIS_URL: redis.uri(), ...issuer.env };
    const node = launch(command, [], { ...env, ...settings }, project);
    onTestFinished(() => node.kill());
    await writeFile(
      join(project, 'chat-with-token.js'),
      `import { Palaver } from '@palaver/sdk';
      const [url, token] = process.argv.slice(2);
      const room = await new Palaver({ url }).join({ getToken: async () => token });
      const { msg } = await room.send('Hello!');
      console.log(room.roster.join(), msg.from_user, msg.text);
      await room.close();`,
    );
    const { host, port } = await node.address();
    const token = await issuer.sign('k1', { id: '1', username: 'Igor' });
    const { stdout } = await run(process.execPath, 'chat-with-token.js', `http://${host}:${port}`, token);
    expect(stdout).toBe('Igor Igor Hello!\n');
  });

  it('show the page and every reference, with everything that they load', async () => {
    const seen = new Set<string>();
    /** Follows the links and resources of a page, as far as this server has them. */
    const open = async (address: string): Promise<void> => {
      const { origin, pathname } = new URL(address);
      if (origin !== url || seen.has(pathname)) return;
      seen.add(pathname);
      const response = await fetch(address);
      expect([pathname, response.status]).toEqual([pathname, 200]);
      const text = await response.text();
      if (!response.headers.get('content-type')!.startsWith('text/html')) return;
      for (const [, at] of text.matchAll(/ (?:href|src)="([^"#]+)/g)) await open(new URL(at!, response.url).href);
    };
    for (const path of ['/', '/docs', '/docs/http', '/docs/websocket', '/docs/reference.js', '/openapi.yaml'])
      await open(`${url}${path}`);
    const paths = [...seen].join('\n');
    for (const path of [
      /^\/assets\/.+\.js$/m,
      /^\/docs\/sdk\/index\.html$/m,
      /^\/docs\/sdk\/assets\/.+\.js$/m,
      /^\/docs\/guide\/getting-started$/m,
      /^\/docs\/reference\/metrics$/m,
      /^\/openapi\.yaml$/m,
      /^\/asyncapi\.json$/m,
    ])
      expect(paths).toMatch(path);
    expect(seen.size).toBeGreaterThan(40);
  });

  it('keep the contract', { timeout: patience }, async () => {
    const { stdout } = await run(command, 'contract', url);
    expect(stdout).toMatch(/^✓ \d{3} kept, 0 broken/m);
  });

  it('shut down on SIGTERM', async () => {
    server.child.kill('SIGTERM');
    expect(await server.exited()).toBe(0);
    expect(server.output()).toContain('Palaver has stopped');
  });
});

describe('an older Node', () => {
  for (const version of [20, 22]) {
    const executable = join(root, `sdk/typescript/test/runtimes/node_modules/node-${version}/bin/node`);
    const isThere = existsSync(executable) || process.env.CI === 'true';
    const title = isThere
      ? `${version}`
      : `${version}, which is not installed: npm ci --prefix sdk/typescript/test/runtimes`;
    it.skipIf(!isThere)(`gets an error that names the required version: ${title}`, async () => {
      const failed = await run(executable, command).catch((error) => error);
      expect(failed).toMatchObject({ code: 1, stdout: '' });
      expect(failed.stderr).toMatch(
        new RegExp(`^Palaver needs Node \\d+\\.\\d+ or newer; this is Node ${version}\\.[\\d.]+\n$`),
      );
    });
  }
});

describe('a release', () => {
  it.each(['.', 'sdk/typescript', 'contract'])('of %s is in its CHANGELOG, and all have the same version', (folder) => {
    const read = (file: string): string => readFileSync(join(root, folder, file), 'utf8');
    const { name, version } = JSON.parse(read('package.json'));
    expect(version).toBe(manifest.version);
    expect(read('CHANGELOG.md')).toMatch(new RegExp(`^# ${name}\n\n## ${version}\n`));
  });

  it('depends on the other two packages at a compatible version', () => {
    const { dependencies, version } = manifest;
    expect([dependencies['@palaver/sdk'], dependencies['palaver-contract']]).toEqual([`^${version}`, `^${version}`]);
  });

  it.each(['.', 'sdk/typescript', 'contract'])(
    'of %s depends on version ranges, whose lowest versions the tests use',
    (folder) => {
      const { dependencies } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
      for (const [name, range] of Object.entries(dependencies)) {
        const { version, link, resolved } = packages[`node_modules/${name}`];
        expect([name, range]).toEqual([name, `^${link ? packages[resolved].version : version}`]);
      }
    },
  );
});
