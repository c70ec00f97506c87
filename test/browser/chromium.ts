import { existsSync, readFileSync } from 'node:fs';
import type { AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Reason to skip the browser tests; undefined if they can run. With `CI=true` they must. */
export const withoutChromium: string | undefined =
  existsSync(executablePath) || process.env.CI === 'true'
    ? undefined
    : `there is no ${executablePath}: install Debian's chromium, or name another one in CHROMIUM`;

/** A browser that resolves no host but this machine, as if without a network. */
export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    ],
  });

export interface Watched {
  readonly page: Page;
  /**
   * Events that must not happen: console errors (such as a violated policy), exceptions, requests to another origin, or
   * failed ones.
   */
  readonly faults: readonly string[];
}

/** Opens a page of its own without cookies, and records its faults from the beginning. */
export async function open(
  browser: Browser,
  origin: string,
  colorScheme: 'light' | 'dark',
  viewport = { width: 1_440, height: 900 },
): Promise<Watched> {
  const context = await browser.newContext({ colorScheme, viewport });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    if (protocol !== 'data:' && protocol !== 'blob:' && asked !== origin) faults.push(`asked ${request.url()}`);
  });
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== new URL(origin).host) faults.push(`joined ${socket.url()}`);
  });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText;
    // The browser cancelled the request because the reader navigated before the answer.
    if (why !== 'net::ERR_ABORTED') faults.push(`failed: ${request.url()} ${why}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`answered ${response.status()}: ${response.url()}`);
  });
  return { page, faults };
}

const axe = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** Returns the axe-core violations of the page, as rules and places. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // Not as an element, which the page's policy would refuse.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
  );
}
