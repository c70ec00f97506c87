import { once } from 'node:events';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { launch as launchChromium, withoutChromium } from '../browser/chromium.ts';
import { signUp, visit } from '../browser/visitor.ts';
import { within } from '../harness/deadline.ts';
import { codeBelow } from '../harness/documentation.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { launch, root } from '../harness/process.ts';
import { until } from '../harness/until.ts';

/** On a busy machine, starting, bundling and restarting take long. */
const patienceMs = 60_000;

/** Changes only the file's time: watchers see a change, and other tests the same text. */
const touch = (path: string): void => {
  const now = new Date();
  utimesSync(join(root, path), now, now);
};

/** Last one of the commands with which a contributor begins. */
const command = codeBelow('CONTRIBUTING.md', 'Set up', 'sh')[0].split('\n').at(-1)!;

/** Runs the command on free ports, with its data in a folder of its own. */
function startDev() {
  const dev = launch('bash', ['-c', command], { PORT: '0', HOST: '127.0.0.1', DATA_DIR: temporaryFolder() });
  // Every process that the command starts has these pipes, so they close when the last one has ended.
  const ended = once(dev.child, 'close');
  /**
   * Signals the process group, as Ctrl-C in a terminal does. Resolves when the command and everything it started have
   * ended.
   */
  const interrupt = async (): Promise<void> => {
    process.kill(-dev.child.pid!, 'SIGINT');
    await within(ended, () => `the end; so far: ${dev.output()}`, patienceMs);
  };
  onTestFinished(async () => {
    // Not SIGKILL, so that the server stops in order.
    if (dev.child.exitCode === null && dev.child.signalCode === null) await interrupt();
  });
  /** Kills the command, but not the server, which is in a process group of its own. Resolves when all have ended. */
  const kill = async (): Promise<void> => {
    await dev.kill();
    await within(ended, () => `the end; so far: ${dev.output()}`, patienceMs);
  };
  const count = (text: string): number => dev.output().split(text).length - 1;
  return {
    output: dev.output,
    interrupt,
    kill,
    sees: (text: string, times: number) =>
      until(
        () => count(text) >= times,
        () => `${text}: ${dev.output()}`,
        patienceMs,
      ),
    origin: () => /Open (http:\/\/\S+)/.exec(dev.output())![1]!,
  };
}

const mark = (page: Page) => page.evaluate(() => document.body.setAttribute('data-before', ''));
const isMarked = (page: Page) => page.evaluate(() => document.body.hasAttribute('data-before'));

describe.skipIf(withoutChromium !== undefined)(command, () => {
  it('serves a chat, reloads the page and restarts the server on change', { timeout: 4 * patienceMs }, async () => {
    const dev = startDev();
    await dev.sees('\nOpen http', 1);
    const browser = await launchChromium();
    onTestFinished(() => browser.close());
    const ann = await visit(browser, dev.origin());
    ann.page.setDefaultTimeout(patienceMs);
    await signUp(ann, 'Ann');
    await ann.say('Before');
    await ann.sees('Before');

    await mark(ann.page);
    touch('web/chat.tsx');
    await expect.poll(() => isMarked(ann.page).catch(() => true), { timeout: patienceMs }).toBe(false);
    await ann.page.getByText('Connected').waitFor();

    touch('src/lib/observe.ts');
    await dev.sees('"event":"server_listening"', 2);
    await ann.page.getByText('Connected').waitFor();
    await ann.say('After');
    await ann.sees('After');
  });

  it('stops the server and the page on Ctrl-C', { timeout: 4 * patienceMs }, async () => {
    const dev = startDev();
    await dev.sees('\nOpen http', 1);
    const server = /"http":"(http:[^"]+)"/.exec(dev.output())![1]!;
    await dev.interrupt();
    expect(dev.output()).toContain('"event":"server_stopped"');
    for (const origin of [dev.origin(), server]) await expect(fetch(`${origin}/readyz`)).rejects.toThrow();
  });

  it('leaves no server behind when it is killed', { timeout: 4 * patienceMs }, async () => {
    const dev = startDev();
    await dev.sees('\nOpen http', 1);
    await dev.kill();
    expect(dev.output()).toContain('"event":"server_stopped"');
  });
});
