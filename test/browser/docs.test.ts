import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { accessibilityFaults, launch, open, type Watched, withoutChromium } from './chromium.ts';

if (withoutChromium) console.warn(`The docs are not tested in a browser: ${withoutChromium}`);

/** With `PICTURES=true` the pictures of the documentation are taken anew. */
const pictures = process.env.PICTURES === 'true' ? join(import.meta.dirname, '../../docs') : undefined;

const sdkReference = join(import.meta.dirname, '../../build/sdk-reference');

describe.skipIf(withoutChromium !== undefined)('the docs in a browser', () => {
  let server: TestServer;
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    // The address is in the pictures.
    server = await startTestServer(pictures ? { env: { PORT: '3000' } } : {});
    origin = `http://${server.host}:${server.port}`;
    browser = await launch();
    if (!existsSync(sdkReference)) throw new Error('The SDK’s reference is not there: npm run build');
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Runs on a page, and then holds it to having done nothing that it must not. */
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

  it('show an operation of the HTTP half, down to its errors', () =>
    onPage('/docs?api=http', async (page) => {
      await page.getByRole('heading', { name: 'Palaver over HTTP' }).waitFor();
      await page.getByRole('link', { name: /Create a user/ }).click();
      await page.waitForURL(/#.*createUser$/i);
      await page.getByText('/createUser').locator('visible=true').first().waitFor();
      await page.getByText('email_taken').locator('visible=true').first().waitFor();
    }));

  it('show a frame of the WebSocket half', () =>
    onPage('/docs?api=websocket', async (page) => {
      await page.getByRole('heading', { name: 'Palaver over WebSocket' }).waitFor();
      await page.getByRole('link', { name: 'The room' }).click();
      await page.getByRole('button', { name: /^chat_message: somebody said something/ }).click();
      await page.getByText('from_user').locator('visible=true').first().waitFor();
    }));

  it('lead from one half to the other, to the guide, and back', () =>
    onPage('/docs?api=http', async (page) => {
      await page.getByRole('heading', { name: 'Palaver over HTTP' }).waitFor();
      const steps = [
        ['the WebSocket half', 'Palaver over WebSocket'],
        ['the client guide', 'Writing a client'],
      ] as const;
      for (const [link, heading] of steps) {
        await page.getByRole('link', { name: link }).first().click();
        await page.getByRole('heading', { name: heading, exact: true }).waitFor();
      }
      await page.getByRole('button', { name: 'Client guide' }).click();
      await page.getByRole('option', { name: 'HTTP' }).click();
      await page.getByRole('heading', { name: 'Palaver over HTTP' }).waitFor();
    }));

  // So many pages take their time on a busy machine.
  it('have no link to this server that leads nowhere', { timeout: 180_000 }, async () => {
    for (const api of [
      'http',
      'websocket',
      'first-minute',
      'self-hosting',
      'operating',
      'external-issuer',
      'guide',
      'guarantees',
    ]) {
      await onPage(`/docs?api=${api}`, async (page) => {
        await page.getByRole('heading', { level: 1 }).first().waitFor();
        const links = await page
          .locator('a[href]')
          .evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).href));
        const own = [...new Set(links.filter((link) => link.startsWith(origin)).map((link) => link.split('#')[0]!))];
        expect(own.length).toBeGreaterThan(0);
        for (const link of own) expect([link, (await fetch(link)).status]).toEqual([link, 200]);
      });
    }
  });

  it('try an operation out on the server that they come from', () =>
    onPage('/docs#http/tag/users/POST/createUser', async (page) => {
      await page.getByRole('button', { name: /Test Request.*createUser/ }).click();
      await page.getByRole('button', { name: /^Send post request/ }).click();
      await page.getByText('201 Created').waitFor();
    }));

  const doors = [
    ['HTTP', 'Palaver over HTTP'],
    ['WebSocket', 'Palaver over WebSocket'],
    ['SDK', '@palaver/sdk'],
    ['The first minute', 'The first minute'],
    ['Self-hosting', 'Self-hosting'],
    ['Operating', 'Operating'],
    ['An external issuer', 'An external issuer'],
    ['A client in another language', 'Writing a client'],
    ['What is guaranteed', 'Guarantees'],
  ] as const;
  it.each(doors)('open on a door to %s, which leads back', (door, heading) =>
    onPage('/docs', async (page) => {
      await page.getByRole('link', { name: door, exact: true }).click();
      await page.getByRole('heading', { level: 1, name: heading }).first().waitFor();
      await page.waitForLoadState('networkidle');
      await page.getByRole('link', { name: 'All documentation' }).click();
      await page.getByRole('heading', { name: 'References' }).waitFor();
    }),
  );

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
      await page.getByRole('heading', { name: 'References' }).waitFor();
    }));

  it.each([
    ['light', 1_280],
    ['light', 360],
    ['dark', 1_280],
    ['dark', 360],
  ] as const)('have doors that everyone can use, %s and %i wide', (colorScheme, width) =>
    onPage(
      '/docs',
      async (page) => {
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
        expect(await accessibilityFaults(page)).toEqual([]);
        if (pictures && width > 360) await page.screenshot({ path: join(pictures, `doors-${colorScheme}.png`) });
      },
      colorScheme,
    ),
  );

  it('keep their doors where the reference is not installed', async () => {
    const { page } = await open(browser, origin, 'light');
    await page.route('**/docs/reference.js', (route) => route.fulfill({ status: 404 }));
    await page.goto(`${origin}/docs`);
    await page.getByRole('link', { name: 'asyncapi.yaml' }).waitFor();
    await page.context().close();
  });

  it.each([
    ['light', 'rgb(255, 255, 255)', '/docs#http/tag/users/POST/createUser', 'Create a user'],
    ['dark', 'rgb(15, 15, 15)', '/docs#websocket/channel/room', 'The room'],
  ] as const)('are %s where the reader wants it so', (colorScheme, background, path, heading) =>
    onPage(
      path,
      async (page) => {
        await page.getByRole('heading', { name: heading }).first().waitFor();
        expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(background);
        const frame = page.getByRole('button', { name: /^chat_message: somebody said something/ });
        if (colorScheme === 'dark') await frame.click();
        await page.waitForLoadState('networkidle');
        if (pictures) await page.screenshot({ path: join(pictures, `docs-${colorScheme}.png`) });
      },
      colorScheme,
    ),
  );
});
