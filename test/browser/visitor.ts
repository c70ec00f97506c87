import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { open, type Watched } from './chromium.ts';

export const password = 'correct horse';
export const addressOf = (name: string): string => `${name.replaceAll(/\W/g, '')}@example.com`;

/** A person who uses the chat page. */
export interface Visitor extends Watched {
  say(text: string): Promise<void>;
  /** Waits until the conversation shows this text. */
  sees(text: string): Promise<void>;
  /** Waits until the roster has these names, in any order. */
  seesHere(...names: readonly string[]): Promise<void>;
  leave(): Promise<void>;
}

export type Look = Parameters<typeof open>[2];

export async function visit(
  browser: Browser,
  origin: string,
  look: Look = 'light',
  viewport = { width: 1_280, height: 720 },
): Promise<Visitor> {
  const watched = await open(browser, origin, look, viewport);
  const { page } = watched;
  await page.goto(`${origin}/`);
  return {
    ...watched,
    say: async (text) => {
      await page.getByLabel('Message', { exact: true }).fill(text);
      await page.keyboard.press('Enter');
    },
    sees: (text) =>
      page.getByRole('region', { name: 'Conversation' }).locator('ol').getByText(text, { exact: true }).waitFor(),
    seesHere: async (...names) => {
      const here = page.getByRole('complementary').getByRole('listitem');
      await expect
        .poll(async () => (await here.allTextContents()).sort(), { timeout: 20_000 })
        .toEqual(names.toSorted());
    },
    leave: () => page.context().close(),
  };
}

/** Fills in the visible form, and submits it. */
export async function fill(page: Page, texts: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, text] of Object.entries(texts)) await page.getByLabel(label, { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

export async function signUp({ page }: Watched, name: string): Promise<void> {
  await page.getByRole('button', { name: 'Sign up' }).click();
  await fill(page, { Name: name, 'E-mail': addressOf(name), Password: password });
  await page.getByText('Connected').waitFor();
}

/** Checks the page against axe's rules and for sideways scrolling: light and dark, on a desktop and on a phone. */
export async function holdToRules(page: Page): Promise<void> {
  // Not as a script of the page, because its policy would forbid that.
  await page.evaluate(axe.source);
  for (const width of [1_280, 360]) {
    await page.setViewportSize({ width, height: 720 });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const [found, shown] = await page.evaluate(async () => {
        const { violations } = await (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run();
        const told = violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]);
        return [told, document.documentElement.scrollWidth] as const;
      });
      expect([width, colorScheme, found]).toEqual([width, colorScheme, []]);
      expect(shown).toBeLessThanOrEqual(width);
    }
  }
}
