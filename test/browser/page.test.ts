import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect, handshake } from '../harness/chat.ts';
import { request } from '../harness/http.ts';
import { mint, testAdminToken } from '../harness/tokens.ts';
import { startIssuer } from '../unit/auth/issuer.ts';
import { withoutChromium } from './chromium.ts';
import { useStage } from './stage.ts';
import { addressOf, fill, holdToRules, password, signUp, type Visitor } from './visitor.ts';
import { layWire, type Wire } from './wire.ts';

if (withoutChromium) console.warn(`The chat page is not tested: ${withoutChromium}`);

/** `PICTURES=true` retakes the pictures of the documentation. */
const pictures = process.env.PICTURES === 'true' ? join(import.meta.dirname, '../../docs') : undefined;

/** Enters a text that no keyboard can type: the server refuses a lone surrogate. */
async function writeRaw(page: Page, text: string): Promise<void> {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index));
  await page.getByLabel('Message', { exact: true }).evaluate((area: HTMLTextAreaElement, codes) => {
    area.value = String.fromCharCode(...codes);
    area.dispatchEvent(new Event('input', { bubbles: true }));
    area.focus();
  }, units);
}

describe.skipIf(withoutChromium !== undefined)('the chat page', () => {
  const stage = useStage();
  const { come, serve } = stage;

  it('lets two browsers chat, and sends requests only to its server', async () => {
    const igor = await come();
    await signUp(igor, 'Igor');
    const bob = await come();
    await signUp(bob, 'Bob');
    await igor.seesHere('Igor (you)', 'Bob');
    await bob.seesHere('Igor', 'Bob (you)');
    await igor.say('Hello!');
    await bob.sees('Hello!');
    await bob.say('Good to see you');
    for (const one of [igor, bob]) await one.sees('Good to see you');
    await igor.page.getByRole('button', { name: 'Sign out' }).click();
    await bob.page.getByText('Igor left').waitFor();
    await bob.seesHere('Bob (you)');
    expect([igor.faults, bob.faults]).toEqual([[], []]);
  });

  it('shows markup as text, in messages and in names', async () => {
    const name = '<b>Bob</b>';
    const text = '<img src="x" onerror="document.title = \'run\'"><script>document.title = "run"</script> &amp; **b**';
    const bob = await come();
    await signUp(bob, name);
    const igor = await come();
    await signUp(igor, 'Igor');
    await bob.say(text);
    for (const { page, sees, seesHere, faults } of [igor, bob]) {
      await sees(text);
      await sees(name);
      expect(await page.locator('#page :is(b, img, script)').count()).toBe(0);
      expect([await page.title(), faults]).toEqual(['Palaver', []]);
      await seesHere(...(page === bob.page ? [`${name} (you)`, 'Igor'] : [name, 'Igor (you)']));
    }
  });

  it('shows at the name field that a name is taken', async () => {
    const first = await come();
    await signUp(first, 'Igor');
    const { page } = await come();
    await page.getByRole('button', { name: 'Sign up' }).click();
    await fill(page, { Name: 'ＩＧＯＲ', 'E-mail': 'other@example.com', Password: password });
    const name = page.getByLabel('Name', { exact: true });
    await page.getByText('This name is taken. Choose another one.').waitFor();
    expect(await name.getAttribute('aria-invalid')).toBe('true');
    expect(await name.getAttribute('aria-describedby')).toBe('username-wrong username-hint');
    await expect.poll(() => name.evaluate((input) => input === document.activeElement)).toBe(true);
    await holdToRules(page);

    await fill(page, { Name: 'Igor the Second', 'E-mail': addressOf('Igor') });
    await page.getByText('An account with this e-mail address already exists.').waitFor();
    await fill(page, { 'E-mail': 'no address' });
    await page.getByText('E-mail must have one @ with something on both sides').waitFor();
    await fill(page, { 'E-mail': 'other@example.com', Password: 'short' });
    await page.getByText('Password must have at least 8 characters.').waitFor();
    await fill(page, { Password: password });
    await page.getByText('Connected').waitFor();
  });

  it('signs in, shows errors, and stays signed in over a reload', async () => {
    const { page } = await come();
    await fill(page, { 'E-mail': 'igor@example.com', Password: password });
    await page.getByText('The e-mail address or the password is wrong.').waitFor();
    await holdToRules(page);
    await signUp({ page, faults: [] }, 'Igor');
    await page.reload();
    await page.getByText('Connected').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    expect(await page.getByLabel('E-mail').inputValue()).toBe(addressOf('Igor'));
    expect(await page.evaluate(() => sessionStorage.length + localStorage.length)).toBe(0);
    await page.reload();
    await fill(page, { 'E-mail': addressOf('Igor'), Password: password });
    await page.getByText('Connected').waitFor();
  });

  it('returns to the sign-in when the token expires, and says why', async () => {
    await serve({ JWT_TTL: '3s' });
    const { page } = await come();
    await signUp({ page, faults: [] }, 'Igor');
    const token = await page.evaluate(() => sessionStorage.getItem('palaver'));
    await page.getByText('Your sign-in has expired.').waitFor();
    expect(await page.getByLabel('E-mail').inputValue()).toBe(addressOf('Igor'));
    const secret = page.getByLabel('Password');
    await expect.poll(() => secret.evaluate((input) => input === document.activeElement)).toBe(true);
    await holdToRules(page);
    // Like a tab that wakes up with an expired token.
    await page.evaluate((stored) => sessionStorage.setItem('palaver', stored!), token);
    await page.reload();
    await page.getByText('The server rejected your sign-in. It may have expired.').waitFor();
    await secret.fill(password);
    await page.keyboard.press('Enter');
    await page.getByText('Connected').waitFor();
  });

  it('says that the user was signed out if the token was revoked', async () => {
    const { page } = await come();
    await signUp({ page, faults: [] }, 'Igor');
    const { token } = JSON.parse((await page.evaluate(() => sessionStorage.getItem('palaver')))!);
    await request(stage.server, 'POST', '/logout', { headers: { Authorization: `Bearer ${token}` } });
    await page.getByText('You were signed out.').waitFor();
    await page.getByLabel('Password').waitFor();
  });

  it('revokes the token on sign-out, and tells a disabled user about it', async () => {
    const { page } = await come();
    await signUp({ page, faults: [] }, 'Igor');
    const { token } = JSON.parse((await page.evaluate(() => sessionStorage.getItem('palaver')))!);
    const loggedOut = page.waitForResponse((response) => response.url().endsWith('/logout'));
    await page.getByRole('button', { name: 'Sign out' }).click();
    expect((await loggedOut).status()).toBe(204);
    expect((await handshake(stage.server, { token })).json.code).toBe('invalid_token');

    await fill(page, { 'E-mail': addressOf('Igor'), Password: password });
    await page.getByText('Connected').waitFor();
    const { id } = decodeJwt(token);
    const headers = { Authorization: `Bearer ${testAdminToken}` };
    await request(stage.server, 'POST', `/admin/users/${id}/disable`, { headers });
    const disabled = page.getByText('The operator of this server has disabled your account.');
    await disabled.waitFor();
    await page.getByLabel('Password').waitFor();
    expect(await page.getByText('You were signed out.').count()).toBe(0);
    await page.reload();
    await fill(page, { 'E-mail': addressOf('Igor'), Password: password });
    await disabled.waitFor();
    await holdToRules(page);
  });

  it('reconnects, sends waiting messages, and shows the current roster', async () => {
    const wire = await layWire(stage.server.port);
    try {
      const igor = await come();
      await signUp(igor, 'Igor');
      const bob = await come(wire.origin);
      await signUp(bob, 'Bob');
      wire.cut();
      await bob.page.getByText('Reconnecting… The connection was lost.').waitFor();
      await igor.page.getByText('Bob left').waitFor();
      await igor.seesHere('Igor (you)');
      await bob.say('from afar');
      await bob.page.getByText('Waiting for the connection').waitFor();
      await holdToRules(bob.page);
      await igor.say('anybody here?');
      const carol = await connect(stage.server, { token: await mint({ id: 'c', username: 'Carol' }) });
      await igor.seesHere('Igor (you)', 'Carol');

      wire.restore();
      await igor.sees('from afar');
      await igor.page.getByText('Bob joined').last().waitFor();
      await bob.sees('from afar');
      await bob.page.getByText('Connected').waitFor();
      await bob.sees('anybody here?');
      await bob.page.getByText('Carol joined').waitFor();
      expect(await bob.page.getByText('Waiting for the connection').count()).toBe(0);
      expect(await bob.page.getByText('You were disconnected').count()).toBe(0);
      await bob.page.setViewportSize({ width: 1_280, height: 720 });
      await bob.seesHere('Igor', 'Carol', 'Bob (you)');
      await igor.seesHere('Igor (you)', 'Carol', 'Bob');
      await carol.close();
    } finally {
      wire.remove();
    }
  });

  /** Bob has sent a message that Igor has received, and was cut off before its echo. */
  async function cutOff(
    wire: Wire,
    watch: (page: Page) => unknown = () => {},
  ): Promise<Record<'igor' | 'bob', Visitor>> {
    const igor = await come();
    await signUp(igor, 'Igor');
    const bob = await come(wire.origin);
    watch(bob.page);
    await signUp(bob, 'Bob');
    wire.deafen();
    await bob.say('Did this arrive?');
    await igor.sees('Did this arrive?');
    await bob.page.getByText('Sending…').waitFor();
    wire.cut();
    await bob.page.getByText('Waiting for the connection').waitFor();
    return { igor, bob };
  }

  it('sends messages in flight once after a lost connection', async () => {
    const wire = await layWire(stage.server.port);
    try {
      const { igor, bob } = await cutOff(wire);
      wire.restore();
      await bob.sees('Did this arrive?');
      await expect.poll(() => bob.page.locator('.unsent').count(), { timeout: 20_000 }).toBe(0);
      for (const { page } of [igor, bob]) expect(await page.getByText('Did this arrive?').count()).toBe(1);
    } finally {
      wire.remove();
    }
  });

  it('keeps a message that may be lost, and marks it', async () => {
    const { port } = stage.server;
    const wire = await layWire(port);
    try {
      const { igor, bob } = await cutOff(wire);
      // A server without the stored messages.
      await serve({ PORT: String(port) });
      wire.restore();
      await bob.page.getByText('It may have been delivered.').waitFor();
      await holdToRules(bob.page);
      await bob.page.getByRole('button', { name: 'Send again' }).click();
      await bob.sees('Did this arrive?');
      await expect.poll(() => igor.page.getByText('Did this arrive?').count(), { timeout: 20_000 }).toBe(2);
      expect(await bob.page.getByText('may have been delivered').count()).toBe(0);
    } finally {
      wire.remove();
    }
  });

  it('keeps a message until the network returns, and sends it once, however long that takes', async () => {
    const wire = await layWire(stage.server.port);
    try {
      const igor = await come();
      await signUp(igor, 'Igor');
      const bob = await come(wire.origin);
      await bob.page.clock.install();
      await signUp(bob, 'Bob');
      // Like a phone that loses its network: no connection closes, and no bytes arrive.
      wire.stall();
      await bob.say('one, on its way');
      await bob.page.getByText('Sending…').waitFor();
      await bob.page.clock.runFor('00:30');
      await bob.page.getByText('Reconnecting…').waitFor();
      await bob.say('two, while reconnecting');
      await bob.page.clock.runFor('01:30');
      const waiting = bob.page.getByText('Waiting for the connection');
      await expect.poll(() => waiting.count()).toBe(2);
      expect(await bob.page.getByRole('button', { name: 'Send again' }).count()).toBe(0);
      wire.restore();
      await bob.page.clock.runFor('00:30');
      for (const text of ['one, on its way', 'two, while reconnecting']) {
        await igor.sees(text);
        await bob.sees(text);
      }
      await expect.poll(() => bob.page.locator('.unsent').count(), { timeout: 20_000 }).toBe(0);
      for (const { page } of [igor, bob]) {
        const shown = await page.getByText(/^(one|two), /).allTextContents();
        expect(shown).toEqual(['one, on its way', 'two, while reconnecting']);
      }
    } finally {
      wire.remove();
    }
  });

  /**
   * Bob has sent a message that the server has published. It counts as failed for him, because he could not reconnect.
   */
  async function takenForFailed(wire: Wire): Promise<Record<'igor' | 'bob', Visitor> & { readonly sent: string[] }> {
    const sent: string[] = [];
    const { igor, bob } = await cutOff(wire, (page) =>
      page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(String(payload)))),
    );
    await igor.page.getByText('Bob left').waitFor();
    const other = await connect(stage.server, { token: await mint({ id: 'other', username: 'Bob' }) });
    wire.restore();
    await bob.page.getByText('Someone else in the room uses your name.').waitFor();
    await bob.page.getByText('It may have been delivered.').waitFor();
    await other.close();
    await igor.page.getByText('Bob left').nth(1).waitFor();
    return { igor, bob, sent };
  }

  it('removes the failure notice of a message that the history has', async () => {
    const wire = await layWire(stage.server.port);
    try {
      const { bob } = await takenForFailed(wire);
      await bob.page.getByRole('button', { name: 'Join again' }).click();
      await bob.page.getByText('Connected').waitFor();
      await expect.poll(() => bob.page.locator('.unsent').count(), { timeout: 20_000 }).toBe(0);
      await bob.sees('Did this arrive?');
    } finally {
      wire.remove();
    }
  });

  it('sends a message again under its nonce, so that it is published once', async () => {
    const wire = await layWire(stage.server.port);
    try {
      const { igor, bob, sent } = await takenForFailed(wire);
      const { page } = bob;
      // Without the history, nothing tells the page that the message was published.
      await page.route('**/messages?*', (route) => route.abort());
      await page.getByRole('button', { name: 'Join again' }).click();
      await page.getByText('Connected').waitFor();
      await page.getByRole('button', { name: 'Send again' }).click();
      await expect.poll(() => page.locator('.unsent').count(), { timeout: 20_000 }).toBe(0);
      await igor.say('Yes, once');
      await igor.sees('Yes, once');
      expect(await igor.page.getByText('Did this arrive?').count()).toBe(1);
      const messages = sent.map((frame) => JSON.parse(frame).msg).filter(({ text }) => text === 'Did this arrive?');
      expect(messages).toHaveLength(2);
      expect(new Set(messages.map(({ nonce }) => nonce)).size).toBe(1);
    } finally {
      wire.remove();
    }
  });

  it('keeps the draft and unsent messages over a reload, an expired token and a sign-in, only for their user', async () => {
    const wire = await layWire(stage.server.port);
    try {
      const bob = await come(wire.origin);
      const { page } = bob;
      await signUp(bob, 'Bob');
      const message = page.getByLabel('Message', { exact: true });
      await message.fill('half a th');
      await page.reload();
      await page.getByText('Connected').waitFor();
      expect(await message.inputValue()).toBe('half a th');
      wire.cut();
      await page.getByText('Reconnecting…').waitFor();
      await bob.say('never sent');
      await page.getByText('Waiting for the connection').waitFor();
      await message.fill('half a thought');
      // A server that does not accept the token.
      await serve({ PORT: String(stage.server.port), JWT_SECRET: 'another secret of thirty-two bytes and more' });
      wire.restore();
      await page.getByText('The server rejected your sign-in.').waitFor();
      await page.reload();
      await signUp(bob, 'Bob');
      expect(await message.inputValue()).toBe('half a thought');
      await page.getByText('Not sent.').waitFor();
      await page.getByRole('button', { name: 'Send again' }).click();
      await bob.sees('never sent');
      await expect.poll(() => page.locator('.unsent').count()).toBe(0);

      const stored = await page.evaluate(() => sessionStorage.getItem('palaver-unsent'));
      expect(JSON.parse(stored!)).toMatchObject({ draft: 'half a thought', unsent: [] });
      await page.getByRole('button', { name: 'Sign out' }).click();
      expect(await page.evaluate(() => sessionStorage.length + localStorage.length)).toBe(0);
      // Another user in this tab, with the data that a crashed tab has left.
      await page.evaluate((left) => sessionStorage.setItem('palaver-unsent', left!), stored);
      await page.reload();
      await signUp(bob, 'Carol');
      expect(await message.inputValue()).toBe('');
      expect(await page.evaluate(() => sessionStorage.getItem('palaver-unsent'))).toBeNull();
    } finally {
      wire.remove();
    }
  });

  it('shows a failure and its buttons to a reader at the end, and a notice to one further up', async () => {
    const wire = await layWire(stage.server.port);
    onTestFinished(wire.remove);
    const igor = await come(wire.origin, 'light', { width: 360, height: 560 });
    const { page } = igor;
    await signUp(igor, 'Igor');
    for (let n = 1; n <= 30; n += 1) await igor.say(`line ${n}`);
    await igor.sees('line 30');
    const again = page.getByRole('button', { name: 'Send again' });
    const isInView = () =>
      again.last().evaluate((button) => {
        const { top, bottom } = button.closest('section')!.getBoundingClientRect();
        const at = button.getBoundingClientRect();
        return at.top >= top && at.bottom <= bottom;
      });
    await writeRaw(page, `refused \ud800 ${'and long '.repeat(30)}`);
    await page.keyboard.press('Enter');
    await again.waitFor();
    await expect.poll(isInView).toBe(true);

    wire.stall();
    await page.getByRole('button', { name: 'Send again' }).click();
    const box = page.getByRole('region', { name: 'Conversation' });
    await box.focus();
    await page.keyboard.press('Home');
    await expect.poll(() => box.evaluate((at) => at.scrollTop)).toBe(0);
    wire.restore();
    const more = page.getByRole('button', { name: 'A message was not sent' });
    await more.click();
    await expect.poll(isInView).toBe(true);
    await page.locator('textarea:focus').waitFor();
  });

  it('keeps its header in place while it connects and when it is disconnected', async () => {
    const wire = await layWire(stage.server.port);
    try {
      const bob = await come(wire.origin);
      const { page } = bob;
      const places = () =>
        page.locator('header :is(h1, a, header > button, [role=status]), .conversation').evaluateAll((all) =>
          all.map((one) => {
            const { x, y } = one.getBoundingClientRect();
            return [x, y] as const;
          }),
        );
      await page.route('**/login', async (route) => {
        const response = await route.fetch();
        wire.stall();
        await route.fulfill({ response });
      });
      const connecting = signUp(bob, 'Bob');
      await page.getByText('Connecting…').waitFor();
      const connected = await places();
      wire.restore();
      await connecting;
      expect(await places()).toEqual(connected);
      wire.cut();
      await page.getByText('Reconnecting…').waitFor();
      expect(await places()).toEqual(connected);
      const other = await connect(stage.server, { token: await mint({ id: 'other', username: 'Bob' }) });
      wire.restore();
      await page.getByRole('button', { name: 'Join again' }).waitFor();
      expect(await places()).toEqual(connected);
      await other.close();
    } finally {
      wire.remove();
    }
  });

  it('shows Send as disabled while there is nothing to send', async () => {
    const { page } = await come();
    await signUp({ page, faults: [] }, 'Igor');
    const send = page.getByRole('button', { name: 'Send', exact: true });
    const look = () =>
      send.evaluate((button) => [getComputedStyle(button).backgroundColor, getComputedStyle(button).color]);
    const disabled = await look();
    await holdToRules(page);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.getByLabel('Message', { exact: true }).fill('something');
    expect(await send.getAttribute('aria-disabled')).toBe('false');
    const [background, color] = await look();
    expect(disabled).not.toContain(background);
    expect(disabled).not.toContain(color);
    await page.emulateMedia({ forcedColors: 'active' });
    const enabled = await look();
    await page.getByLabel('Message', { exact: true }).fill('');
    expect(await look()).not.toEqual(enabled);
  });

  it('shows a refused message, which can be discarded', async () => {
    const igor = await come();
    await signUp(igor, 'Igor');
    for (const text of ['one \ud800', 'two \ud800', 'three \ud800']) {
      await writeRaw(igor.page, text);
      await igor.page.keyboard.press('Enter');
    }
    const refused = igor.page.getByText('Not sent. The server did not accept this message');
    await expect.poll(() => refused.allTextContents()).toHaveLength(3);
    // The reason names the field.
    expect(await refused.first().textContent()).toMatch(/this message: text must be well-formed Unicode\.$/);
    await holdToRules(igor.page);
    await igor.page.getByRole('button', { name: 'Discard' }).first().click();
    await expect.poll(() => refused.count()).toBe(2);
  });

  it('joins again when the server is back', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'palaver-'));
    try {
      const { port } = await serve({ DATA_DIR: dataDir });
      const { page } = await come();
      await signUp({ page, faults: [] }, 'Igor');
      await stage.server.stop();
      await page.getByText('Reconnecting…').waitFor();
      await serve({ DATA_DIR: dataDir, PORT: String(port) });
      await page.getByText('Connected').waitFor();
    } finally {
      await stage.server.stop();
      await rm(dataDir, { recursive: true });
    }
  });

  it('offers no sign-up if it is off', async () => {
    await serve({ SIGNUP: 'off' });
    const { page, faults } = await come();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.getByText('Sign up').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it('asks for a token if users are external', async () => {
    const issuer = await startIssuer();
    await serve(issuer.env);
    const igor = await come();
    const { page } = igor;
    const field = page.getByLabel('Token', { exact: true });
    await field.fill('none');
    await page.keyboard.press('Enter');
    await page.getByText('This is not a token.').waitFor();
    await holdToRules(page);
    expect(igor.faults).toEqual([]);
    await fill(page, { Token: await issuer.sign('k1', { exp: 1 }) });
    await page.getByText('The server rejected your sign-in. It may have expired.').waitFor();
    await fill(page, { Token: `Bearer ${await issuer.sign('k1')}` });
    await page.setViewportSize({ width: 1_280, height: 720 });
    await igor.seesHere('Igor (you)');

    const other = await come();
    await fill(other.page, { Token: await issuer.sign('k1', { id: '2' }) });
    await other.page.getByText('Someone else in the room uses your name.').waitFor();
    await holdToRules(other.page);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await field.waitFor();
    await other.page.getByRole('button', { name: 'Join again' }).click();
    await other.page.getByText('Connected').waitFor();
  });

  it('can be used without a mouse', async () => {
    const { page, faults, sees } = await come();
    await page.getByLabel('E-mail').waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.textContent);
    const tabTo = async (name: string, key = 'Tab'): Promise<void> => {
      for (let presses = 0; (await focused()) !== name; presses += 1) {
        expect(presses).toBeLessThan(10);
        await page.keyboard.press(key);
      }
    };
    await tabTo('Sign up');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Sign up' }).waitFor();
    await page.locator('input:focus').waitFor();
    for (const text of ['Igor', addressOf('Igor'), password]) {
      await page.keyboard.type(text);
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    await page.getByText('Connected').waitFor();
    await page.locator('textarea:focus').waitFor();
    await page.keyboard.type('one');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('two');
    const message = page.getByLabel('Message', { exact: true });
    // Key events of an input method during composition.
    await message.evaluate((area) =>
      area.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true })),
    );
    expect(await message.inputValue()).toBe('one\ntwo');
    await page.keyboard.press('Enter');
    await sees('one\ntwo');
    expect(await message.inputValue()).toBe('');
    await tabTo('Sign out', 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.locator('input[type=password]:focus').waitFor();
    expect(faults).toEqual([]);
  });

  it('keeps the reader’s place, and follows new messages at the end', async () => {
    const igor = await come();
    await signUp(igor, 'Igor');
    const bob = await connect(stage.server, { token: await mint({ id: 'b', username: 'Bob' }) });
    for (let n = 1; n <= 40; n += 1) bob.say(`line ${n}`);
    await igor.sees('line 40');
    const box = igor.page.getByRole('region', { name: 'Conversation' });
    const fromEnd = () => box.evaluate((at) => at.scrollHeight - at.scrollTop - at.clientHeight);
    const more = igor.page.getByRole('button', { name: 'New messages' });
    await expect.poll(fromEnd).toBeLessThan(2);
    await box.focus();
    await igor.page.keyboard.press('Home');
    await expect.poll(() => box.evaluate((at) => at.scrollTop)).toBe(0);
    bob.say('and one more');
    await more.waitFor();
    await holdToRules(igor.page);
    await more.click();
    await expect.poll(fromEnd).toBeLessThan(2);
    await more.waitFor({ state: 'detached' });
    await igor.page.locator('textarea:focus').waitFor();
    await bob.close();
  });

  it('shows long texts in full width, and counts characters down', async () => {
    const name = 'W'.repeat(64);
    const igor = await come();
    await signUp(igor, name);
    await igor.say('w'.repeat(1_000));
    await igor.sees('w'.repeat(1_000));
    const message = igor.page.getByLabel('Message', { exact: true });
    await message.fill('😀'.repeat(4_000));
    await igor.page.getByText('Characters left: 96').waitFor();
    await holdToRules(igor.page);
    await message.fill('a'.repeat(4_097));
    await igor.page.getByText('Too many characters: 1').waitFor();
    await igor.page.keyboard.press('Enter');
    expect((await message.inputValue()).length).toBe(4_097);
    await holdToRules(igor.page);
    expect(igor.faults).toEqual([]);
  });

  it('reports an unreachable server, and tries again', async () => {
    const wire = await layWire(stage.server.port);
    try {
      const { page } = await come(wire.origin);
      await page.getByLabel('E-mail').waitFor();
      await page.route('**/openapi.json', (route) => route.abort());
      await page.reload();
      await page.getByText('The server cannot be reached.').waitFor();
      await holdToRules(page);
      await page.unroute('**/openapi.json');
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByLabel('E-mail').waitFor();
    } finally {
      wire.remove();
    }
  });

  it.each([
    ['light', { width: 960, height: 560 }],
    ['dark', { width: 360, height: 640 }],
  ] as const)('is %s if the reader prefers it', async (look, viewport) => {
    const ann = await come(undefined, look, viewport);
    await signUp(ann, 'Ann');
    const bob = await come();
    await signUp(bob, 'Bob');
    await bob.say('Good morning! Is the new room open already?');
    await ann.say('It is. Open it in a second browser and say hello.');
    await bob.sees('It is. Open it in a second browser and say hello.');
    const carol = await come();
    await signUp(carol, 'Carol');
    await carol.say('Hello from my phone');
    await bob.say('<b>Markup</b> stays as it is typed,');
    await bob.say('also over\ntwo lines.');
    await ann.sees('also over\ntwo lines.');
    const back = await ann.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    expect(back).toBe(look === 'light' ? 'rgb(246, 247, 246)' : 'rgb(18, 22, 20)');
    if (pictures) await ann.page.screenshot({ path: join(pictures, `page-${look}.png`) });
    expect(ann.faults).toEqual([]);
  });
});
