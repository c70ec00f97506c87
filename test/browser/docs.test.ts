import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import config from '../../docs/.vitepress/config.ts';
import { request } from '../harness/http.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { mint } from '../harness/tokens.ts';
import { accessibilityFaults, launch, open, type Watched, withoutChromium } from './chromium.ts';

if (withoutChromium) console.warn(`The docs are not tested in a browser: ${withoutChromium}`);

const sdkReference = join(import.meta.dirname, '../../build/sdk-reference');
/** Pages of the site, in the order of its sidebar. */
const served = (config.themeConfig!.sidebar as { items: { link: string }[] }[]).flatMap(({ items }) =>
  items.map(({ link }) => link),
);

/** Resolves once Vue runs the page. Until then the page is there but ignores keys and clicks. */
const running = async (page: Watched['page']): Promise<void> => {
  await page.waitForFunction(() => '__vue_app__' in document.querySelector('#app')!);
};

describe.skipIf(withoutChromium !== undefined)('the docs in a browser', () => {
  let server: TestServer;
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    server = await startTestServer();
    origin = `http://${server.host}:${server.port}`;
    browser = await launch();
    if (!existsSync(sdkReference)) throw new Error('The SDK’s reference is missing: npm run build');
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Runs on a page, then expects no faults. */
  async function onPage(
    path: string,
    look: (page: Watched['page']) => Promise<void>,
    colorScheme: 'light' | 'dark' = 'light',
  ): Promise<void> {
    const { page, faults } = await open(browser, origin, colorScheme);
    try {
      await page.goto(origin + path);
      await look(page);
      await page.waitForLoadState('networkidle');
      expect(faults).toEqual([]);
    } finally {
      await page.context().close();
    }
  }

  it('show an operation of the HTTP reference, down to its errors', () =>
    onPage('/docs/http', async (page) => {
      await page.getByRole('heading', { name: 'Palaver over HTTP' }).waitFor();
      expect(await page.title()).toBe('HTTP reference | Palaver');
      await page.getByRole('link', { name: /Create a user/ }).click();
      await page.waitForURL(/#.*createUser$/i);
      await page.getByText('/createUser').locator('visible=true').first().waitFor();
      await page.getByText('email_taken').locator('visible=true').first().waitFor();
    }));

  it('show the frames of the WebSocket reference, expanded and in the order in which a client meets them', () =>
    onPage('/docs/websocket', async (page) => {
      await page.getByRole('heading', { name: 'Palaver over WebSocket' }).waitFor();
      await page.getByText(origin.replace('http', 'ws'), { exact: true }).first().waitFor();
      await page.getByRole('link', { name: 'The room', exact: true }).click();
      await page
        .getByRole('button', { name: /^3\. chat_message: a message in the room/ })
        .first()
        .waitFor();
      await page.getByText('from_user').locator('visible=true').first().waitFor();
      await page.getByRole('link', { name: 'The room over HTTP' }).click();
      await page.getByRole('button', { name: /^5\. close: the server ends the stream/ }).waitFor();
      await page.getByRole('heading', { name: 'Server sends events' }).waitFor();
      const titles = await page.locator('.message-title').allInnerTexts();
      expect(titles.map((title) => title.split(':')[0]!.trim())).toEqual([
        ...['1. users_online', '2. user_joined', '3. chat_message', '4. error', '5. token_refreshed', '6. user_left'],
        ...['1. chat_message', '2. token_refresh'],
        ...['1. users_online', '2. user_joined', '3. chat_message', '4. user_left', '5. close'],
      ]);
    }));

  it('lead from one reference to the other, to the guide, and back', () =>
    onPage('/docs/http', async (page) => {
      await page.getByRole('heading', { name: 'Palaver over HTTP' }).waitFor();
      await page.getByRole('link', { name: 'The WebSocket reference' }).first().click();
      await page.getByRole('heading', { name: 'Palaver over WebSocket' }).waitFor();
      await page.getByRole('link', { name: 'The client guide' }).first().click();
      await page.getByRole('heading', { level: 1, name: 'A client in another language' }).waitFor();
      await page.getByRole('button', { name: 'API' }).hover();
      await page.getByRole('link', { name: 'HTTP console' }).locator('visible=true').click();
      await page.getByRole('heading', { name: 'Palaver over HTTP' }).waitFor();
    }));

  // Many pages take their time on a busy machine.
  it('have no link or anchor to this server that leads nowhere', { timeout: 180_000 }, async () => {
    const links = new Map<string, string>();
    const ids = new Map<string, Set<string>>();
    const { page } = await open(browser, origin, 'light');
    const paths = ['/docs/', ...served.map((link) => `/docs${link}`)];
    for (const path of paths) {
      await page.goto(origin + path);
      ids.set(path, new Set(await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => id))));
      const hrefs = await page
        .locator('a[href]')
        .evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).href));
      for (const href of hrefs) if (href.startsWith(origin)) links.set(href.slice(origin.length), path);
    }
    await page.context().close();
    expect(links.size).toBeGreaterThan(served.length);
    for (const [link, from] of links) {
      const [path = '', anchor] = link.split('#');
      expect([from, link, (await fetch(origin + path)).status]).toEqual([from, link, 200]);
      if (anchor && ids.has(path))
        expect([from, link, ids.get(path)!.has(decodeURIComponent(anchor))]).toEqual([from, link, true]);
    }
  });

  it('try an operation out on their own server, and keep the token over a reload', () =>
    onPage('/docs/http#tag/users/POST/createUser', async (page) => {
      await page.getByRole('button', { name: /Test Request.*createUser/ }).click();
      await page.getByRole('button', { name: /^Send post request/ }).click();
      await page.getByText('201 Created').waitFor();
      await page.goto(`${origin}/docs/http`);
      await page.getByRole('textbox', { name: 'Token' }).first().fill('a-token-to-keep');
      await page.waitForTimeout(500);
      await page.reload();
      await page.getByRole('heading', { name: 'Palaver over HTTP' }).waitFor();
      expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).toContain('a-token-to-keep');
    }));

  it('read the stream of events in the console, event by event, until it is closed', async () => {
    const { page, faults } = await open(browser, origin, 'light');
    try {
      await page.goto(`${origin}/docs/http`);
      await page.getByRole('heading', { name: 'Palaver over HTTP' }).waitFor();
      const token = await mint({ id: 'Ann', username: 'Ann' });
      await page.getByRole('textbox', { name: 'Token' }).first().fill(token);
      await page.goto(`${origin}/docs/http#tag/chat/GET/events`);
      await page.getByRole('button', { name: /Test Request.*events/ }).click();
      await page.getByRole('button', { name: /^Send get request/ }).click();
      await page.getByText('"type":"user_joined"').waitFor();
      const headers = { Authorization: `Bearer ${await mint({ id: 'Bob', username: 'Bob' })}` };
      await request(server, 'POST', '/messages', { headers, json: { text: 'Hello console!' } });
      await page.getByText('Hello console!').waitFor();
      await page.keyboard.press('Escape');
      await expect.poll(() => server.counts.events.closed.client[1006]).toBe(1);
      // The console notes its own cancelling as an error.
      expect(faults).toEqual(['error: Error reading stream: The request has been cancelled']);
    } finally {
      await page.context().close();
    }
  });

  it.each(served)('%s has a title, an outline, and links to its neighbours', (link) =>
    onPage(`/docs${link}`, async (page) => {
      const heading = (await page.getByRole('heading', { level: 1 }).innerText()).replace(/\s*\u200b$/, '').trim();
      expect(await page.title()).toBe(`${heading} | Palaver`);
      expect(await page.locator('.VPDocAsideOutline a').count()).toBeGreaterThan(0);
      const pager = page.getByRole('navigation', { name: 'Pager' });
      expect(await pager.getByRole('link').count()).toBe(link === served[0] || link === served.at(-1) ? 1 : 2);
    }),
  );

  it('find a page by a word in it', () =>
    onPage('/docs/guide/getting-started', async (page) => {
      await running(page);
      await page.keyboard.press('Control+k');
      await page.getByRole('searchbox').fill('KEEP_ALIVE_TIMEOUT');
      await page
        .getByRole('option', { name: /TLS and a proxy/ })
        .first()
        .click();
      await page.waitForURL('**/docs/guide/self-hosting#tls-and-a-proxy');
      await page.getByRole('heading', { name: 'TLS and a proxy' }).waitFor();
    }));

  it('copy the code of a block', () =>
    onPage('/docs/guide/getting-started', async (page) => {
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await running(page);
      await page.locator('.vp-code-block, div[class*="language-"]').first().hover();
      await page.getByRole('button', { name: 'Copy code' }).first().click();
      await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe('npm ci && npm start');
    }));

  it('go from page to page, also from an index without a slash at its end', () =>
    onPage('/docs', async (page) => {
      await page.waitForURL('**/docs/');
      await page.getByRole('main').getByRole('link', { name: 'Getting started' }).click();
      await page.getByRole('heading', { level: 1, name: 'Getting started' }).waitFor();
      await page.getByRole('banner').getByRole('link', { name: 'Reference', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: 'HTTP' }).waitFor();
      await page.getByRole('banner').getByRole('link', { name: 'Palaver' }).click();
      await page.waitForURL('**/docs/');
      await page.getByRole('main').getByRole('link', { name: 'self-hosting' }).click();
      await page.getByRole('heading', { level: 1, name: 'Self-hosting' }).waitFor();
    }));

  it('work under a path prefix of a proxy', async () => {
    const proxy = createServer(async (incoming, outgoing) => {
      const response = await fetch(`${origin}${incoming.url!.replace(/^\/chat/, '')}`, { redirect: 'manual' });
      const { 'content-security-policy': policy, 'content-type': type } = Object.fromEntries(response.headers);
      outgoing.writeHead(incoming.url!.startsWith('/chat/') ? response.status : 404, {
        ...(type && { 'Content-Type': type }),
        ...(policy && { 'Content-Security-Policy': policy }),
      });
      outgoing.end(Buffer.from(await response.arrayBuffer()));
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const at = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const { page, faults } = await open(browser, at, 'light');
    try {
      await page.goto(`${at}/chat/docs`);
      await page.getByRole('main').getByRole('link', { name: 'Getting started' }).click();
      await page.getByRole('heading', { level: 1, name: 'Getting started' }).waitFor();
      await page.getByRole('link', { name: 'Docker' }).first().click();
      await page.getByRole('heading', { level: 1, name: 'Docker' }).waitFor();
      expect(page.url()).toBe(`${at}/chat/docs/guide/docker`);
      await page.goto(`${at}/chat/docs/http`);
      await page.getByRole('heading', { name: 'Palaver over HTTP' }).waitFor();
      expect(faults).toEqual([]);
    } finally {
      await page.context().close();
      proxy.close();
    }
  });

  it('find a method in the SDK’s reference', () =>
    onPage('/docs/sdk', async (page) => {
      await page.waitForURL('**/docs/sdk/index.html');
      await page.keyboard.press('/');
      await page.getByRole('combobox').fill('useRoom');
      await page
        .getByRole('option', { name: /useRoom/ })
        .first()
        .click();
      await page.getByRole('heading', { level: 1, name: /useRoom/ }).waitFor();
      await page.getByRole('link', { name: 'UseRoomOptions' }).locator('visible=true').first().click();
      await page.getByRole('heading', { name: /maxMessages/ }).waitFor();
      await page.getByRole('link', { name: 'All documentation' }).click();
      await page.getByRole('heading', { name: 'Palaver documentation' }).waitFor();
    }));

  /** Visits every page in one tab. */
  const onEveryPage = (
    colorScheme: 'light' | 'dark',
    width: number,
    look: (page: Watched['page'], link: string) => Promise<void>,
  ): Promise<void> =>
    onPage(
      '/docs/',
      async (page) => {
        await page.setViewportSize({ width, height: 800 });
        for (const link of ['/', ...served]) {
          await page.goto(`${origin}/docs${link}`);
          await page.getByRole('heading', { level: 1 }).first().waitFor();
          await look(page, link);
        }
      },
      colorScheme,
    );

  it.each(['light', 'dark'] as const)('pass the accessibility rules, %s', { timeout: 180_000 }, (colorScheme) =>
    onEveryPage(colorScheme, 1_280, async (page, link) => {
      expect([link, await accessibilityFaults(page)]).toEqual([link, []]);
    }),
  );

  it('fit a phone without scrolling sideways', { timeout: 180_000 }, () =>
    onEveryPage('light', 360, async (page, link) => {
      expect([link, await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)]).toEqual([
        link,
        false,
      ]);
      // All pages have the same layout: menus in place of the sidebar.
      if (link === served[0]) expect(await accessibilityFaults(page)).toEqual([]);
    }),
  );

  it.each(['/docs/http', '/docs/websocket', '/docs/sdk/index.html', '/docs/sdk/classes/_palaver_sdk.Methods'])(
    '%s fits a phone, without scrolling sideways',
    (path) =>
      onPage(path, async (page) => {
        await page.setViewportSize({ width: 360, height: 800 });
        await page.getByRole('heading', { level: 1 }).first().waitFor();
        expect(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
      }),
  );

  it('keep their link to the document if the reference is not installed', async () => {
    const { page } = await open(browser, origin, 'light');
    await page.route('**/docs/reference.js', (route) => route.fulfill({ status: 404 }));
    await page.goto(`${origin}/docs/websocket`);
    await page.getByRole('link', { name: 'asyncapi.json' }).waitFor();
    await page.context().close();
  });

  it.each([
    ['light', 'rgb(255, 255, 255)', '/docs/http#tag/users/POST/createUser', 'Create a user'],
    ['dark', 'rgb(15, 15, 15)', '/docs/websocket#channel/room', 'The room'],
  ] as const)('have references that are %s if the reader prefers it', (colorScheme, background, path, heading) =>
    onPage(
      path,
      async (page) => {
        await page.getByRole('heading', { name: heading }).first().waitFor();
        expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(background);
        await page.waitForLoadState('networkidle');
      },
      colorScheme,
    ),
  );
});
