import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch, withoutChromium } from '../../../test/browser/chromium.ts';
import { adapted, blocksOf, codeBelow, type Replaced } from '../../../test/harness/documentation.ts';
import { installSdk, lend, root, writeStripped } from '../../../test/harness/packed-sdk.ts';
import { type ScriptedServer, startScriptedServer } from '../../../test/harness/scripted-server.ts';
import { startSdkWorld } from '../../../test/harness/sdk-world.ts';
import { startTestServer } from '../../../test/harness/server.ts';
import { mint } from '../../../test/harness/tokens.ts';
import type { Outcome } from './runtimes/cases.ts';
import type { Command, World } from './runtimes/suite-tools.ts';

const execute = promisify(execFile);
/** Timeout against hanging only. */
const timeoutMs = 90_000;
const hostileTimeoutMs = 240_000;
/** Noise of the garbage collector after a thousand cuts and refusals. As many leaked rooms would take far more. */
const mostGrowthBytes = 12 * 1_048_576;

let project: string;
const at = (path: string): string => join(project, path);
const run = (command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  execute(command, args, { cwd: project, env: { ...process.env, ...env }, timeout: hostileTimeoutMs });

beforeAll(async () => {
  project = await installSdk();
  await lend(project, 'typescript', '@types/node', '@types/react', 'csstype', 'undici-types');
}, timeoutMs);

afterAll(() => rm(project, { recursive: true, force: true }));

const fromHere = (path: string): string => join(root, path);
const runtimes: [name: string, executable: string, ...args: string[]][] = [
  ['Node 20', fromHere('sdk/typescript/test/runtimes/node_modules/node-20/bin/node')],
  ['Node 22', fromHere('sdk/typescript/test/runtimes/node_modules/node-22/bin/node')],
  ['Node 24', process.execPath],
  ['Node 26', fromHere('sdk/typescript/test/runtimes/node_modules/node-26/bin/node')],
  ['Bun', fromHere('sdk/typescript/test/runtimes/node_modules/.bin/bun')],
  ['Deno', fromHere('sdk/typescript/test/runtimes/node_modules/.bin/deno'), 'run', '--allow-all', '--no-lock'],
];
const suiteScript = `
  import * as sdk from '@palaver/sdk';
  import { runSuiteTwice } from './suite.js';
  const { URL: url, CONTROL } = process.env;
  const control = async (...command) =>
    (await (await fetch(CONTROL, { method: 'POST', body: JSON.stringify(command) })).json()).result;
  console.log(JSON.stringify(await runSuiteTwice({ sdk, url, control })));
`;
/** Reports resources that are left open: they would keep the process alive until its timeout. */
const hostileScript = `
  import process from 'node:process';
  import * as sdk from '@palaver/sdk';
  import { runHostile } from './hostile.js';
  const world = { sdk, url: process.env.SCRIPTED, canDestroy: true };
  const heap = () => {
    if (globalThis.Bun) Bun.gc(true);
    else globalThis.gc();
    return process.memoryUsage().heapUsed;
  };
  const outcomes = await runHostile({ ...world, storm: 200 });
  const before = heap();
  outcomes.push(...(await runHostile({ ...world, storm: 1_000, onlyStorm: true })));
  const growth = heap() - before;
  const held = () => process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS|Timeout)/.test(name));
  // The last connection of \`fetch\` ends in its own time.
  for (let turns = 0; held().length > 0 && turns < 100_000; turns += 1) await new Promise(setImmediate);
  const left = held();
  console.log(JSON.stringify({ outcomes, growth, left }));
`;
/** Expects many outcomes, and none with a fault. */
const expectWell = (outcomes: readonly Outcome[]): void => {
  expect(outcomes.filter(({ fault }) => fault !== undefined)).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(8);
};

/** Starts a server behind a network of its own, which another process controls by HTTP. */
async function startSwitchedWorld() {
  const { control, url, [Symbol.asyncDispose]: end } = await startSdkWorld();
  const switches = createServer(async (request, response) => {
    const [command, ...args] = (await json(request)) as [Command, ...unknown[]];
    const result = await control(command, ...args);
    response.end(JSON.stringify({ result: typeof result === 'string' ? result : null }));
  }).listen(0, '127.0.0.1');
  await once(switches, 'listening');
  return {
    url,
    controlUrl: `http://127.0.0.1:${(switches.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      switches.close();
      await end();
    },
  };
}

describe.concurrent('the SDK, packed and installed into an empty project', () => {
  let scripted: ScriptedServer;

  beforeAll(async () => {
    await writeStripped(fromHere('sdk/typescript/test/runtimes'), project);
    scripted = await startScriptedServer();
    await writeFile(at('run-hostile.js'), hostileScript);
    await writeFile(at('run.js'), `import process from 'node:process';${suiteScript}`);
  });
  afterAll(() => scripted[Symbol.asyncDispose]());

  // Begins first, because it takes longest.
  it.skipIf(withoutChromium)(
    'passes its suite in Chromium, the hostile one included',
    { timeout: hostileTimeoutMs },
    async () => {
      await writeFile(
        at('page.js'),
        `import * as sdk from '@palaver/sdk'; import { runSuiteTwice } from './suite.js'; import { runHostile } from './hostile.js';
      globalThis.keepPromises = (url, control) => runSuiteTwice({ sdk, url, control });
      globalThis.reach = (url) => new sdk.Palaver({ url }).login({ email: 'a@b.c', password: 'p' }).catch(({ message }) => message);
      globalThis.survive = (url) => runHostile({ sdk, url, storm: 200, canDestroy: false });`,
      );
      await build({
        root: project,
        configFile: false,
        logLevel: 'error',
        build: {
          outDir: 'bundle',
          rolldownOptions: { input: at('page.js'), output: { entryFileNames: 'page.js', codeSplitting: false } },
        },
      });
      await using world = await startSdkWorld();
      const browser = await launch();
      try {
        // A page of the server's own origin has a policy against foreign scripts.
        const page = await browser.newPage({ bypassCSP: true });
        await page.exposeFunction('control', (command: Command, ...args: unknown[]) => world.control(command, ...args));
        await page.goto(`${world.url}/healthz`);
        await page.addScriptTag({ path: at('bundle/page.js'), type: 'module' });
        // An inline module runs after it was added.
        await page.waitForFunction(() => 'survive' in globalThis);
        const outcomes = await page.evaluate((url) => {
          const scope = globalThis as unknown as {
            keepPromises(url: string, control: World['control']): Promise<Outcome[]>;
            control: World['control'];
          };
          return scope.keepPromises(url, scope.control);
        }, world.url);
        expectWell(outcomes);
        const faults: string[] = [];
        page.on('pageerror', (error) => void faults.push(error.message));
        const survived = await page.evaluate((url) => {
          const scope = globalThis as unknown as { survive(url: string): Promise<Outcome[]> };
          return scope.survive(url);
        }, scripted.url);
        expectWell(survived);
        expect(faults).toEqual([]);
        // The page is of the server's origin, which the hostile server does not allow.
        const stranger = await startTestServer();
        const hidden = await page.evaluate((url) => {
          const { reach } = globalThis as unknown as { reach(url: string): Promise<string> };
          return reach(url);
        }, `http://${stranger.host}:${stranger.port}`);
        await stranger.stop();
        expect(hidden).toContain(`add ${world.url} to its ALLOWED_ORIGINS`);
      } finally {
        await browser.close();
      }
    },
  );

  for (const [name, executable, ...args] of runtimes) {
    const isThere = existsSync(executable) || process.env.CI === 'true';
    const title = isThere ? name : `${name}, which is not installed: npm ci --prefix sdk/typescript/test/runtimes`;
    it.skipIf(!isThere)(`passes its suite on ${title}`, { timeout: timeoutMs }, async () => {
      await using world = await startSwitchedWorld();
      const { stdout } = await run(executable, [...args, 'run.js'], { URL: world.url, CONTROL: world.controlUrl });
      expectWell(JSON.parse(stdout.trim().split('\n').at(-1)!));
    });

    it.skipIf(!isThere)(`passes the hostile suite on ${title}`, { timeout: hostileTimeoutMs }, async () => {
      const gc = { Bun: [], Deno: ['run', '--v8-flags=--expose-gc', '--allow-all', '--no-lock'] }[name];
      const { stdout } = await run(executable, [...(gc ?? ['--expose-gc']), 'run-hostile.js'], {
        SCRIPTED: scripted.url,
      });
      const { outcomes, growth, left } = JSON.parse(stdout.trim().split('\n').at(-1)!);
      expectWell(outcomes);
      expect([left, growth < mostGrowthBytes ? 'little' : growth]).toEqual([[], 'little']);
    });
  }
});

describe('the code of its README and of the documentation', () => {
  const readme = 'sdk/typescript/README.md';
  const codeOf = (path: string, ofLanguage: string): string[] =>
    blocksOf(path).flatMap(({ language, text }) => (language === ofLanguage ? [text] : []));
  const [first, ...others] = codeOf(readme, 'ts');
  const [inTheProjects] = codeOf('README.md', 'ts');
  const [gettingStarted] = codeBelow('docs/guide/getting-started.md', 'Chat from your app', 'js');
  // Its sections are one program.
  const ofThePage = codeOf('docs/develop/sdk.md', 'ts').join('\n');
  const [withIssuer] = codeBelow('docs/guide/external-identity-provider.md', 'In the browser', 'js');
  const [overHttp] = codeBelow('docs/develop/blocked-websockets.md', 'With the SDK', 'ts');
  const [fromBackend] = codeBelow('docs/develop/backend.md', 'TypeScript', 'ts');
  const components = [...codeOf(readme, 'tsx'), ...codeOf('docs/develop/react.md', 'tsx')];
  /** Declarations that the examples after the first need. */
  const around = `
    import { Palaver, PalaverError } from '@palaver/sdk';
    const palaver = new Palaver({ url: 'http://127.0.0.1:3000' });
    const [email, username, password] = ['ann@example.com', 'Ann', 'correct horse'];
    await palaver.createUser({ email, username, password }).catch(() => {});
    const getToken = async () => (await palaver.login({ email, password })).token;
  `;
  const inRoom = 'const room = await palaver.join({ getToken });\n';
  const modules = others.map((code) =>
    code.includes('room.') && !code.includes('palaver.join') ? around + inRoom + code : around + code,
  );
  const compilerOptions = {
    ...{ strict: true, module: 'nodenext', target: 'es2024', lib: ['es2024', 'dom'], types: ['node'] },
    ...{ jsx: 'react-jsx', skipLibCheck: false, noEmit: true },
  };

  it('compiles in the strictest mode against the packed types', { timeout: timeoutMs }, async () => {
    const pages = [gettingStarted, ofThePage, fromBackend, around + withIssuer, around + overHttp];
    const programs = [first!, inTheProjects!, ...pages, ...modules];
    expect([programs.length > 7, components.length]).toEqual([true, 2]);
    const files = [
      ...programs.map((code, index) => [`example-${index}.mts`, `${code}\nexport {};`] as const),
      ...components.map((code, index) => [`chat-${index}.tsx`, code] as const),
    ];
    for (const [name, code] of files) await writeFile(at(name), code);
    await writeFile(at('tsconfig.json'), JSON.stringify({ compilerOptions, files: files.map(([name]) => name) }));
    const { stdout } = await run(at('node_modules/typescript/bin/tsc'), ['-p', '.']).catch((error) => error);
    expect(stdout).toBe('');
  });

  it('runs: the first example ends on an empty server, and so do the others', {
    timeout: timeoutMs,
  }, async () => {
    await using server = await startTestServer();
    /** Unchanged, except for the port. */
    const example = async (code: string): Promise<string> => {
      await writeFile(
        at('example.js'),
        stripTypeScriptTypes(code.replaceAll('127.0.0.1:3000', `127.0.0.1:${server.port}`)),
      );
      return (await run(process.execPath, ['example.js'])).stdout;
    };
    for (const _ of ['the first time', 'once more'])
      expect(await example(first!)).toBe("Here: [ 'Igor' ]\nIgor: Hello!\nclosed \n");
    expect(first!.trim().split('\n').length).toBeLessThanOrEqual(15);
    const printed = [];
    for (const code of [inTheProjects!, ...modules, ...modules]) printed.push(await example(code));
    expect(printed.join('')).toContain('delivered as ');
    expect(printed.join('')).toContain('You have an account already.');
  });

  it('runs as a file of its own: the program of the SDK page twice, and the one for an app after it', {
    timeout: timeoutMs,
  }, async () => {
    await using server = await startTestServer();
    const url = `127.0.0.1:${server.port}`;
    const program = async (code: string, replaced: Replaced = []): Promise<string> => {
      await writeFile(at('chat.mjs'), adapted(code, [['127.0.0.1:3000', url], ...replaced]));
      return (await run(process.execPath, ['chat.mjs'])).stdout;
    };
    for (const times of [1, 2])
      expect(await program(ofThePage)).toBe(`${'Igor: Hello!\n'.repeat(1 + times)}You have an account already.\n`);
    // The page before has created the user.
    expect(await program(gettingStarted, [['ann@example.com', 'igor@example.com']])).toBe('');
    const issuer = createServer(async (_, response) => response.end(await mint({ id: '1', username: 'Zoe' })));
    await once(issuer.listen(0, '127.0.0.1'), 'listening');
    const address = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/my/chat-token`;
    const inTheRoom = `${around}\n${withIssuer}\nconsole.log(room.roster.join()); await room.close();`;
    expect(await program(inTheRoom, [['/my/chat-token', address]])).toBe('Zoe\n');
    issuer.close();
  });
});
