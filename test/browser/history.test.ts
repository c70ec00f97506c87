import type { Page, Route } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { type Chat, connect } from '../harness/chat.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { mint } from '../harness/tokens.ts';
import { withoutChromium } from './chromium.ts';
import { useStage } from './stage.ts';
import { holdToRules, signUp, type Visitor } from './visitor.ts';
import { layWire } from './wire.ts';

if (withoutChromium) console.warn(`The history on the chat page is not tested: ${withoutChromium}`);

const pageSize = 50;
const isHistory = (url: URL): boolean => url.pathname === '/messages';
const lines = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`);

const boxOf = (page: Page) => page.getByRole('region', { name: 'Conversation' });
const textsOf = (page: Page): Promise<string[]> => boxOf(page).locator('ol .text').allTextContents();
const shows = (page: Page, ...texts: readonly string[]) =>
  expect.poll(() => textsOf(page), { timeout: 20_000 }).toEqual(texts);
const showsLines = (page: Page, from: number, to: number) => shows(page, ...lines(from, to));

/** Returns the vertical position of every message by its text: of the visible ones, or of all. */
const placesOf = async (page: Page, which: 'seen' | 'all'): Promise<Record<string, number>> => {
  const places = await boxOf(page).evaluate((box) => {
    const { top, bottom } = box.getBoundingClientRect();
    return [...box.querySelectorAll('ol .text')].map((line) => {
      const place = line.getBoundingClientRect().top;
      return [line.textContent, place, place > top && place < bottom] as const;
    });
  });
  return Object.fromEntries(places.filter(([, , isSeen]) => isSeen || which === 'all'));
};

/** Holds back the next page of the history until the test lets it go. */
async function holdBack(page: Page): Promise<{ asked: Promise<void>; letGo(): Promise<void> }> {
  const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
  const { promise: go, resolve: letGo } = Promise.withResolvers<void>();
  await page.route(
    isHistory,
    async (route) => {
      isAsked();
      await go;
      await route.fallback();
    },
    { times: 1 },
  );
  return {
    asked,
    letGo: async () => {
      const answered = page.waitForResponse((response) => isHistory(new URL(response.url())));
      letGo();
      await answered;
    },
  };
}

type Wheel = (page: Page) => Promise<void>;
const ways: readonly (readonly [string, Wheel])[] = [
  ['the wheel', (page) => page.mouse.wheel(0, -600)],
  ['Page Up', (page) => page.keyboard.press('PageUp')],
  ['Home', (page) => page.keyboard.press('Home')],
  [
    'a finger',
    async (page) => {
      const devtools = await page.context().newCDPSession(page);
      const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...touchPoints: { x: number; y: number }[]) =>
        devtools.send('Input.dispatchTouchEvent', { type, touchPoints });
      await touch('touchStart', { x: 300, y: 150 });
      for (let y = 200; y <= 600; y += 100) await touch('touchMove', { x: 300, y });
      await touch('touchEnd');
      await devtools.detach();
    },
  ],
];

describe.skipIf(withoutChromium !== undefined)('the history on the chat page', () => {
  const stage = useStage();
  const { come, serve } = stage;

  const enter = async (name: string): Promise<Chat> =>
    connect(stage.server, { token: await mint({ id: name, username: name }) });
  /** Sends lines. Resolves once all of them have been delivered. */
  const say = async (chat: Chat, from: number, to: number): Promise<void> => {
    for (const line of lines(from, to)) chat.say(line);
    for (;;) if ((await chat.next('chat_message')).msg.text === `line ${to}`) return;
  };
  const arrive = async (...where: Parameters<typeof come>): Promise<Visitor> => {
    const visitor = await come(...where);
    await signUp(visitor, 'Igor');
    return visitor;
  };

  it('is shown after joining, and after a reload', async () => {
    const bob = await enter('Bob');
    await say(bob, 1, 3);
    const { page, faults } = await arrive();
    await showsLines(page, 1, 3);
    await page.getByText('This is the beginning of the message history.').waitFor();
    await holdToRules(page);
    await page.reload();
    await showsLines(page, 1, 3);
    await say(bob, 4, 4);
    await showsLines(page, 1, 4);
    expect(faults).toEqual([]);
    await bob.close();
  });

  it('is shown completely and once while new messages arrive', async () => {
    const bob = await enter('Bob');
    await say(bob, 1, 70);
    const igor = await come();
    const { asked, letGo } = await holdBack(igor.page);
    await signUp(igor, 'Igor');
    await asked;
    await say(bob, 71, 73);
    await showsLines(igor.page, 71, 73);
    await letGo();
    await say(bob, 74, 75);
    await showsLines(igor.page, 73 - pageSize + 1, 75);
    await bob.close();
  });

  it.each(ways)('loads page by page without moving the visible messages: by %s', async (_, up) => {
    const bob = await enter('Bob');
    await say(bob, 1, 2 * pageSize + 20);
    const { page, faults } = await arrive();
    const box = boxOf(page);
    await showsLines(page, pageSize + 21, 2 * pageSize + 20);
    const toTop = async (): Promise<void> => {
      while ((await box.evaluate((at) => at.scrollTop)) > 0) await up(page);
    };
    await box.focus();
    await box.hover();
    for (const first of [21, 1]) {
      const { asked, letGo } = await holdBack(page);
      await toTop();
      await asked;
      await page.getByText('Loading earlier messages…').waitFor();
      // Screen readers do not announce messages that load at the top as news.
      expect(await page.getByRole('log').getByText(/^line/).count()).toBe(0);
      const before = await placesOf(page, 'seen');
      expect(Object.keys(before).length).toBeGreaterThan(5);
      await letGo();
      await showsLines(page, first, 2 * pageSize + 20);
      const after = await placesOf(page, 'all');
      const moved = Object.entries(before).map(([text, place]) => Math.abs(after[text]! - place));
      expect(Math.max(...moved)).toBeLessThan(1);
    }
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await toTop();
    await page.getByText('This is the beginning of the message history.').waitFor();
    expect([asked, faults]).toEqual([[], []]);
    await bob.close();
  });

  it('says why it cannot be loaded, and tries again', async () => {
    const bob = await enter('Bob');
    await say(bob, 1, 70);
    const { page } = await arrive();
    await showsLines(page, 21, 70);
    const problem = {
      type: 'urn:palaver:problem:internal_error',
      title: 'Internal error',
      status: 500,
      code: 'internal_error',
    };
    await page.route(isHistory, (route) =>
      route.fulfill({ status: 500, contentType: 'application/problem+json', json: problem }),
    );
    await boxOf(page).focus();
    await page.keyboard.press('Home');
    await page
      .getByText('Earlier messages could not be loaded. The server failed to handle this. Try again in a moment.')
      .waitFor();
    await holdToRules(page);
    await say(bob, 71, 71);
    await showsLines(page, 21, 71);
    await page.unroute(isHistory);
    await page.getByRole('button', { name: 'Try again' }).focus();
    await page.keyboard.press('Enter');
    await showsLines(page, 1, 71);
    expect(await boxOf(page).evaluate((box) => box === document.activeElement)).toBe(true);
    await bob.close();
  });

  it('shows dates, and where messages may be missing', async () => {
    const bob = await enter('Bob');
    await say(bob, 1, 5);
    const igor = await come();
    // Old messages and a gap, in place of the server's answer.
    const age = async (route: Route): Promise<void> => {
      const answer = await route.fetch();
      const { messages, ...rest } = await answer.json();
      const times = ['2025-12-31T12:00:00.000Z', '2026-01-01T12:00:00.000Z', '2026-01-01T12:01:00.000Z'];
      for (const [index, time] of times.entries()) messages[index].sent_at = time;
      await route.fulfill({ json: { ...rest, messages, gaps: [messages[2].id, `${messages[4].id}~`] } });
    };
    await igor.page.route(isHistory, age);
    await signUp(igor, 'Igor');
    await igor.sees('line 5');
    await say(bob, 6, 6);
    await igor.sees('line 6');
    const items = await boxOf(igor.page).locator('li').allInnerTexts();
    const today = new Intl.DateTimeFormat('en-US', { dateStyle: 'full' }).format(new Date());
    const missing = 'Messages may be missing here: the server does not have all of them.';
    const shown = items.map((item) => item.replaceAll(/^Bob .*\n+/g, '')).filter((item) => item !== 'Igor joined');
    expect(shown).toEqual([
      'Wednesday, December 31, 2025',
      'line 1',
      'Thursday, January 1, 2026',
      'line 2',
      missing,
      'line 3',
      today,
      'line 4',
      'line 5',
      missing,
      'line 6',
    ]);
    await holdToRules(igor.page);
    await bob.close();
  });

  it('is complete after a restart of the server', async () => {
    const env = { DATA_DIR: temporaryFolder() };
    await serve(env);
    const { port } = stage.server;
    const wire = await layWire(port);
    try {
      const before = await enter('Bob');
      const { page } = await arrive(wire.origin);
      await say(before, 1, 3);
      await showsLines(page, 1, 3);
      wire.cut();
      await page.getByText('Reconnecting…').waitFor();
      await serve({ ...env, PORT: String(port) });
      const after = await enter('Bob');
      await say(after, 4, 6);
      wire.restore();
      await page.getByText('Connected').waitFor();
      await say(after, 7, 8);
      await showsLines(page, 1, 8);
      expect(await page.getByText(/You were disconnected|may be missing/).count()).toBe(0);
      await page.reload();
      await showsLines(page, 1, 8);
      await page.getByText('This is the beginning of the message history.').waitFor();
      expect(await page.getByText(/You were disconnected|may be missing/).count()).toBe(0);
      await after.close();
    } finally {
      wire.remove();
      await stage.server.stop();
    }
  });

  it('is loaded after a disconnection longer than the replay, and the gap is marked', async () => {
    const missed = 1_000 + pageSize;
    const wire = await layWire(stage.server.port);
    try {
      const bob = await enter('Bob');
      const { page } = await arrive(wire.origin);
      await say(bob, 1, 3);
      await showsLines(page, 1, 3);
      wire.cut();
      await page.getByText('Reconnecting…').waitFor();
      await say(bob, 4, 3 + missed);
      wire.restore();
      await page.getByText('You were disconnected. Messages may be missing here.').waitFor();
      const shown = lines(4 + missed - pageSize, 3 + missed);
      expect(await textsOf(page)).toEqual([...lines(1, 3), ...shown]);
      await holdToRules(page);
      await page.getByRole('button', { name: 'Load them' }).click();
      await expect.poll(() => textsOf(page)).toEqual([...lines(1, 3), ...lines(4 + missed - 2 * pageSize, 3 + missed)]);
      await page.getByText('You were disconnected. Messages may be missing here.').waitFor();
      await bob.close();
    } finally {
      wire.remove();
    }
  });

  it('is complete after joining again', async () => {
    const wire = await layWire(stage.server.port);
    try {
      const bob = await enter('Bob');
      const { page } = await arrive(wire.origin);
      await say(bob, 1, 2);
      await showsLines(page, 1, 2);
      wire.cut();
      await page.getByText('Reconnecting…').waitFor();
      await expect.poll(() => bob.frames.at(-1)?.type, { timeout: 20_000 }).toBe('user_left');
      const other = await enter('Igor');
      await say(bob, 3, 3);
      wire.restore();
      await page.getByText('Someone else in the room uses your name.').waitFor();
      await other.close();
      await say(bob, 4, 4);
      await page.getByRole('button', { name: 'Join again' }).click();
      await page.getByText('Connected').waitFor();
      await say(bob, 5, 5);
      await showsLines(page, 1, 5);
      expect(await page.getByText(/You were disconnected|may be missing/).count()).toBe(0);
      await bob.close();
    } finally {
      wire.remove();
    }
  });

  it('marks where the server has lost messages', async () => {
    const { port } = stage.server;
    const first = await enter('Bob');
    const { page } = await arrive();
    await say(first, 1, 3);
    await showsLines(page, 1, 3);
    // A new data folder, without messages and users. The token stays valid.
    await serve({ PORT: String(port) });
    const second = await enter('Bob');
    await page.getByText('Messages may be missing here: the server does not have all of them.').waitFor();
    await say(second, 4, 4);
    await showsLines(page, 1, 4);
    // Bob and the page reconnect in any order, so a notice may come between.
    const items = (await boxOf(page).locator('li').allInnerTexts()).filter((item) => !/^Bob (joined|left)$/.test(item));
    expect(items.findIndex((item) => item.startsWith('Messages may be missing here: the server'))).toBe(
      items.findIndex((item) => item.endsWith('line 4')) - 1,
    );
    await holdToRules(page);
    await second.close();
  });

  it('is dropped at the end that the reader does not see, and the newest messages are a click away', async () => {
    const most = 1_000;
    const bob = await enter('Bob');
    await say(bob, 1, most + 2 * pageSize);
    const { page } = await arrive();
    const box = boxOf(page);
    const newest = page.getByRole('button', { name: 'Jump to the newest messages' });
    for (let first = most + pageSize + 1; first > 1; first -= pageSize) {
      await page.getByText(`line ${first}`, { exact: true }).waitFor();
      await box.evaluate((at) => at.scrollTo(0, 0));
    }
    await page.getByText('This is the beginning of the message history.').waitFor();
    expect(await box.locator('li').count()).toBeLessThanOrEqual(most + 1);
    await page.getByText('Later messages are not shown.').waitFor({ state: 'attached' });
    await say(bob, most + 2 * pageSize + 1, most + 2 * pageSize + 1);
    await newest.click();
    await showsLines(page, most + pageSize + 1, most + 2 * pageSize + 1);
    await newest.waitFor({ state: 'detached' });
    expect(await box.evaluate((at) => at.scrollHeight - at.scrollTop - at.clientHeight)).toBeLessThan(2);
    await bob.close();
  }, 120_000);
});
