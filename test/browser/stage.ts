import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { launch } from './chromium.ts';
import { type Look, type Visitor, visit } from './visitor.ts';

/** The built chat page, a browser, and a new server for each test. */
export interface Stage {
  readonly server: TestServer;
  /** Replaces the server with another one. */
  serve(env?: Readonly<Record<string, string>>): Promise<TestServer>;
  /** Opens the page as a visitor, who leaves with the test. */
  come(origin?: string, look?: Look, viewport?: { width: number; height: number }): Promise<Visitor>;
}

export function useStage(): Stage {
  let browser: Browser;
  let built: string;
  let server: TestServer;
  const visitors: Visitor[] = [];

  const serve = async (env: Readonly<Record<string, string>> = {}): Promise<TestServer> => {
    await server?.stop();
    server = await startTestServer({ env, page: pathToFileURL(`${built}/`) });
    return server;
  };

  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), 'palaver-page-'));
    const root = join(import.meta.dirname, '../../web');
    await build({ root, logLevel: 'warn', build: { outDir: built, emptyOutDir: true } });
    browser = await launch();
  });
  beforeEach(async () => void (await serve()));
  afterEach(async () => {
    for (const visitor of visitors.splice(0)) await visitor.leave();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await rm(built, { recursive: true, force: true });
  });

  return {
    get server() {
      return server;
    },
    serve,
    come: async (origin = `http://${server.host}:${server.port}`, look = 'light', viewport = undefined) => {
      const visitor = await visit(browser, origin, look, viewport);
      visitor.page.setDefaultTimeout(20_000);
      visitors.push(visitor);
      return visitor;
    },
  };
}
