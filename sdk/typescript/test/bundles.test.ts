import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { within } from '../../../test/harness/deadline.ts';
import { codeBelow } from '../../../test/harness/documentation.ts';
import { installSdk, lend, root } from '../../../test/harness/packed-sdk.ts';
import { startScriptedServer } from '../../../test/harness/scripted-server.ts';

const execute = promisify(execFile);
/** Timeout against hanging only. */
const timeoutMs = 120_000;
const tools = join(root, 'sdk/typescript/test/runtimes/node_modules');
const isThere = existsSync(join(tools, 'metro')) || process.env.CI === 'true';
const missing = isThere ? '' : ', which is not installed: npm ci --prefix sdk/typescript/test/runtimes';

let project: string;
const at = (path: string): string => join(project, path);

beforeAll(async () => {
  project = await installSdk();
  await writeFile(
    at('entry.js'),
    `import { Palaver } from '@palaver/sdk';
    export const start = (url) => new Palaver({ url });`,
  );
}, timeoutMs);
afterAll(() => rm(project, { recursive: true, force: true }));

/** An option of `ws` that only a bundle for Node contains. */
const ofWs = 'perMessageDeflate';

describe('the SDK, packed and bundled', () => {
  const esbuild = async (entry: string, ...options: string[]): Promise<string> => {
    const out = at(`out-${options.length}-${entry}`);
    await execute(
      join(tools, '.bin/esbuild'),
      [at(entry), '--bundle', '--format=esm', `--outfile=${out}`, '--log-level=warning', ...options],
      { cwd: project },
    );
    return out;
  };

  it.skipIf(!isThere).each([
    ['a browser', ['--platform=browser'], false],
    ['Node', ['--platform=node'], true],
    ['React Native', ['--conditions=react-native', '--main-fields=react-native,browser,main'], false],
  ])(`contains everything for %s, by esbuild${missing}`, async (_, options, hasWs) => {
    const code = await readFile(await esbuild('entry.js', ...options), 'utf8');
    expect([code.includes('palaver.v1'), code.includes(ofWs)]).toEqual([true, hasWs]);
  });

  it.skipIf(!isThere).each([
    ['with', true],
    ['without', false],
  ])(
    `contains no module of Node, by Metro, %s package exports${missing}`,
    { timeout: timeoutMs },
    async (how, byExports) => {
      const require = createRequire(join(tools, 'metro/package.json'));
      const Metro = require(join(tools, 'metro'));
      const runtime = {
        'metro-runtime': join(tools, 'metro-runtime'),
        '@babel/runtime': join(tools, '@babel/runtime'),
      };
      const config = await Metro.loadConfig(
        { cwd: project },
        {
          projectRoot: project,
          watchFolders: [project, ...Object.values(runtime)],
          cacheStores: [],
          reporter: { update() {} },
          resolver: {
            useWatchman: false,
            extraNodeModules: runtime,
            unstable_enablePackageExports: byExports,
            unstable_conditionNames: ['require', 'react-native'],
            resolverMainFields: ['react-native', 'browser', 'main'],
          },
          transformer: {
            babelTransformerPath: join(tools, 'metro-babel-transformer'),
            getTransformOptions: async () => ({
              transform: { experimentalImportSupport: true, inlineRequires: false },
            }),
          },
        },
      );
      const out = at(`out-metro-${how}.js`);
      const { code } = await Metro.runBuild(config, { entry: 'entry.js', platform: 'ios', minify: false, out });
      expect([code.includes('palaver.v1'), code.includes(ofWs)]).toEqual([true, false]);
    },
  );

  it.skipIf(!isThere)(`joins and chats in workerd${missing}`, { timeout: timeoutMs }, async () => {
    await using server = await startScriptedServer();
    await writeFile(
      at('worker.js'),
      `import { Palaver } from '@palaver/sdk';
      const token = \`a.\${btoa(JSON.stringify({ username: 'Me' })).replaceAll('=', '')}.c\`;
      export default {
        async fetch(request, { SCRIPTED }) {
          const room = await new Palaver({ url: \`\${SCRIPTED}/kind/worker\` }).join({ token });
          const { msg } = await room.send('Hello!');
          await room.close();
          const elsewhere = new Palaver({ url: \`\${SCRIPTED}/redirect/worker\`, maxRetries: 0 });
          const { code } = await elsewhere.login({ email: 'a@b.c', password: 'p' }).catch((error) => error);
          return Response.json([msg.text, room.state, code]);
        },
      };`,
    );
    const bundle = await esbuild('worker.js', '--conditions=workerd,worker,browser');
    expect((await readFile(bundle, 'utf8')).includes(ofWs)).toBe(false);
    await symlink(bundle, at('bundle.js'));
    await writeFile(
      at('config.capnp'),
      `using Workerd = import "/workerd/workerd.capnp";
      const config :Workerd.Config = (
        services = [
          (name = "main", worker = (
            modules = [(name = "worker", esModule = embed "bundle.js")], compatibilityDate = "2025-01-01",
            bindings = [(name = "SCRIPTED", text = "${server.url}")], globalOutbound = "net")),
          (name = "net", network = (allow = ["private", "local"])),
        ],
        sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
      );`,
    );
    const workerd = spawn(join(tools, 'workerd/bin/workerd'), ['serve', 'config.capnp', '--control-fd=3'], {
      cwd: project,
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    });
    try {
      const [line] = await within(once(workerd.stdio[3]!, 'data'), 'workerd to listen');
      const { port } = JSON.parse(String(line).trim().split('\n').at(-1)!);
      const response = await fetch(`http://127.0.0.1:${port}/`);
      expect(await response.json()).toEqual(['Hello!', 'closed', 'connection_failed']);
      expect(server.requestsOf('trap', 'worker')).toEqual([]);
    } finally {
      workerd.kill();
    }
  });
});

describe('the hook, packed', () => {
  const readme = 'sdk/typescript/README.md';
  const typesOf = (version: 18 | 19): string =>
    version === 18 ? join(tools, 'types-react-18') : join(root, 'node_modules/@types/react');

  it.skipIf(!isThere).each([18, 19] as const)(
    `has types that React %i accepts, and so has its example${missing}`,
    {
      timeout: timeoutMs,
    },
    async (version) => {
      await writeFile(at('chat.tsx'), codeBelow(readme, 'React', 'tsx')[0]);
      await lend(project, 'typescript', 'csstype', '@types/prop-types').catch(() => {});
      const compilerOptions = {
        ...{ strict: true, module: 'preserve', moduleResolution: 'bundler', target: 'es2022', jsx: 'react-jsx' },
        ...{ lib: ['es2022', 'dom'], types: [], noEmit: true },
        paths: {
          react: [join(typesOf(version), 'index.d.ts')],
          'react/jsx-runtime': [join(typesOf(version), 'jsx-runtime.d.ts')],
        },
      };
      await writeFile(at('tsconfig.json'), JSON.stringify({ compilerOptions, files: ['chat.tsx'] }));
      const compiler = join(root, 'node_modules/typescript/bin/tsc');
      const { stdout } = await execute(process.execPath, [compiler, '-p', '.'], { cwd: project }).catch(
        (error) => error,
      );
      expect(stdout).toBe('');
    },
  );
});
