import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build, type Rollup } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../harness/chat.ts';
import { adapted, codeBelow } from '../harness/documentation.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { root } from '../harness/process.ts';
import { type SdkWorld, startSdkWorld } from '../harness/sdk-world.ts';
import { startTestServer } from '../harness/server.ts';
import { mint } from '../harness/tokens.ts';
import { until } from '../harness/until.ts';
import { launch, withoutChromium } from './chromium.ts';

const tools = join(import.meta.dirname, '../../sdk/typescript/test/runtimes/node_modules');
const react18 = { react: join(tools, 'react-18'), 'react-dom': join(tools, 'react-dom-18') };
const no18 =
  existsSync(react18.react) || process.env.CI === 'true'
    ? ''
    : ', which is not installed: npm ci --prefix sdk/typescript/test/runtimes';

/** Bundles a module and its imports into one script. `alias` replaces packages with other folders. */
async function bundle(path: string, alias: Readonly<Record<string, string>>): Promise<string> {
  const { output } = (await build({
    configFile: false,
    logLevel: 'error',
    resolve: { alias },
    define: { 'process.env.NODE_ENV': '"development"' },
    build: {
      write: false,
      minify: false,
      // The test adds one script to the page.
      rolldownOptions: { input: new URL(path, import.meta.url).pathname, output: { codeSplitting: false } },
    },
  })) as Rollup.RollupOutput;
  return output[0].code;
}

const versions: [name: string, alias: Readonly<Record<string, string>>, missing: string][] = [
  ['React 19', {}, ''],
  ['React 18', react18, no18],
];

for (const [name, alias, missing] of versions) {
  const why = withoutChromium ? `: ${withoutChromium}` : missing;
  describe.skipIf(why !== '')(`the SDK in a page with ${name}${why}`, () => {
    let browser: Browser;
    let world: SdkWorld;
    let script: string;
    beforeAll(async () => {
      [browser, world, script] = await Promise.all([launch(), startSdkWorld(), bundle('./react-chat.ts', alias)]);
    });
    afterAll(async () => {
      await browser?.close();
      await world?.[Symbol.asyncDispose]();
    });

    const token = (id: string) => mint({ id, username: id });
    const setToken = (page: Page, value: string | undefined): Promise<void> =>
      page.evaluate((given) => (globalThis as unknown as { setToken(token?: string): void }).setToken(given), value);
    async function open(server = world.url, transport = 'auto'): Promise<Page> {
      // A page of the server's origin has a policy that forbids our script.
      const page = await browser.newPage({ bypassCSP: true });
      await page.goto(`${world.url}/healthz?${new URLSearchParams({ server, transport })}`);
      await page.addScriptTag({ content: script, type: 'module' });
      await page.locator('#state').waitFor();
      expect(await page.title()).toContain(`${name}.`);
      return page;
    }
    const shows = (page: Page, id: string, text: string): Promise<void> =>
      page.locator(`#${id}`, { hasText: new RegExp(`^${text}$`) }).waitFor({ state: 'attached' });

    it('is in the room while the component is mounted, renders changes, and keeps maxMessages messages', async () => {
      const page = await open();
      const other = await connect(world.server, { token: await token('Other') });
      await shows(page, 'state', 'closed');
      await setToken(page, await token('Ann'));
      await shows(page, 'state', 'open');
      await shows(page, 'roster', 'Other, Ann');
      await page.getByRole('button').click();
      await shows(page, 'messages', 'Hello!');
      other.say('one');
      other.say('two');
      await shows(page, 'messages', 'one, two');
      await setToken(page, await token('Ben'));
      await shows(page, 'roster', 'Other, Ben');
      await shows(page, 'messages', '');
      await setToken(page, undefined);
      await shows(page, 'state', 'closed');
      const hasLeft = (name: string): boolean =>
        other.frames.some((frame) => frame.type === 'user_left' && frame.msg.username === name);
      await until(() => hasLeft('Ann') && hasLeft('Ben'), 'both to have left');
      await other.close();
      await page.close();
    });

    it.each([
      ['auto', 'websocket'],
      ['http', 'http'],
    ])('shows messages sent while it was disconnected, with the transport %s', async (wanted, transport) => {
      const page = await open(world.url, wanted);
      const other = await connect(world.server, { token: await token('Other') });
      await setToken(page, await token('Ann'));
      await shows(page, 'state', 'open');
      await shows(page, 'transport', transport);
      await shows(page, 'users', 'Other, Ann');
      world.proxy.cut();
      other.say('missed');
      await shows(page, 'messages', 'missed');
      await other.close();
      await page.close();
    });

    it('shows a gap if the server cannot replay missed messages', async () => {
      const env = { ALLOWED_ORIGINS: world.url };
      const first = await startTestServer({ env });
      const page = await open(`http://${first.host}:${first.port}`);
      await setToken(page, await token('Ann'));
      await shows(page, 'state', 'open');
      await page.getByRole('button').click();
      await shows(page, 'messages', 'Hello!');
      await first.stop();
      await shows(page, 'state', 'reconnecting .*');
      // A new server, which does not know the position.
      await using second = await startTestServer({ env: { ...env, PORT: `${first.port}` } });
      await shows(page, 'state', 'open');
      await page.getByRole('button').click();
      await shows(page, 'messages', 'Hello!, … Hello!');
      const other = await connect(second, { token: await token('Other') });
      other.say('last');
      await shows(page, 'messages', 'Hello!, last');
      await other.close();
      await page.close();
    });

    it('shows why it could not join', async () => {
      const page = await open();
      await setToken(page, 'no.token.');
      await shows(page, 'state', 'closed invalid_token');
      await page.close();
    });

    it('runs the component of docs/develop/react.md, which sends a message and shows it', async () => {
      const folder = temporaryFolder();
      const [component] = codeBelow('docs/develop/react.md', 'Example', 'tsx');
      writeFileSync(join(folder, 'chat.tsx'), adapted(component, [['http://127.0.0.1:3000', world.url]]));
      writeFileSync(
        join(folder, 'main.tsx'),
        `import { createRoot } from 'react-dom/client';
        import { Chat } from './chat.tsx';
        createRoot(document.body).render(<Chat token=${JSON.stringify(await token('Ann'))} />);`,
      );
      const sdk = join(root, 'sdk/typescript/src');
      const packages = Object.fromEntries(
        ['react', 'react-dom'].map((name) => [name, join(root, 'node_modules', name)]),
      );
      const own = { '@palaver/sdk/react': join(sdk, 'react.ts'), '@palaver/sdk': join(sdk, 'index.ts') };
      const content = await bundle(join(folder, 'main.tsx'), { ...packages, ...own, ...alias });
      const page = await browser.newPage({ bypassCSP: true });
      await page.goto(`${world.url}/healthz`);
      await page.addScriptTag({ content, type: 'module' });
      await page.getByText('open: Ann').waitFor();
      await page.getByLabel('Message').fill('Hello!');
      await page.getByLabel('Message').press('Enter');
      await page.getByRole('listitem').getByText('Ann: Hello!').waitFor();
      await page.close();
    });

    it.each([
      ['joins a server that allows its origin', () => world.url, 'open', 'closed invalid_token'],
      [
        'does not join one that doesn’t',
        () => 'https://elsewhere.example',
        'closed connection_failed',
        'closed connection_failed',
      ],
    ])('of another origin %s', async (_, allowed, good, bad) => {
      await using server = await startTestServer({ env: { ALLOWED_ORIGINS: allowed() } });
      const page = await open(`http://${server.host}:${server.port}`);
      await setToken(page, await token('Ann'));
      await shows(page, 'state', good);
      await setToken(page, 'no.token.');
      await shows(page, 'state', bad);
      await page.close();
    });

    it.each([
      ['the network is back', 'window', 'online'],
      ['the page is looked at again', 'document', 'visibilitychange'],
    ])('reconnects at once when %s, however long it would have waited', async (_, target, event) => {
      const page = await open();
      // Timers are paused, so only the event can end the wait.
      await page.clock.install();
      await setToken(page, await token(`Eve ${event}`));
      await shows(page, 'state', 'open');
      await page.clock.pauseAt(Date.now() + 3_600_000);
      world.proxy.cut();
      await shows(page, 'state', 'reconnecting connection_lost');
      await page.evaluate(
        ([on, name]) => (on === 'window' ? window : document).dispatchEvent(new Event(name!)),
        [target, event],
      );
      await shows(page, 'state', 'open');
      await page.close();
    });
  });
}
