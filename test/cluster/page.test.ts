/**
 * Three nodes behind a load balancer without sticky sessions, and two people in browsers. The test kills each node in
 * turn.
 */
import type { Browser, Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { launch, withoutChromium } from '../browser/chromium.ts';
import { signUp, type Visitor, visit } from '../browser/visitor.ts';
import { anyMongo, noMongo } from '../harness/mongo.ts';
import { freePort } from '../harness/port.ts';
import { launchServer, type ServerProcess } from '../harness/process.ts';
import { noRedis, startRedis } from '../harness/redis.ts';
import { testSecret } from '../harness/tokens.ts';
import { startBalancer } from './balancer.ts';

/** Returns everything that the conversation shows: messages, and the page's notices about them. */
const entriesOf = (page: Page): Promise<string[]> =>
  page.getByRole('region', { name: 'Conversation' }).locator('ol > li').allTextContents();

async function come(browser: Browser, port: number, name: string): Promise<Visitor> {
  const visitor = await visit(browser, `http://127.0.0.1:${port}`);
  await signUp(visitor, name);
  return visitor;
}

describe.skipIf(noRedis ?? noMongo ?? withoutChromium)('the chat page before several nodes', () => {
  it('shows only a reconnect when a node dies', { timeout: 120_000 }, async () => {
    const [mongo, redis] = await Promise.all([anyMongo(), startRedis()]);
    onTestFinished(async () => void (await Promise.all([mongo.remove(), redis.remove()])));
    const shared = { MONGODB_URI: mongo.uri(), REDIS_URL: redis.uri(), JWT_SECRET: testSecret, NODE_LEASE: '2s' };
    const ports = [await freePort(), await freePort(), await freePort()];
    const nodes = new Map<number, ServerProcess>();
    async function start(port: number): Promise<void> {
      const node = launchServer({ ...shared, PORT: `${port}` });
      nodes.set(port, node);
      await node.address();
    }
    onTestFinished(async () => void (await Promise.all(Array.from(nodes.values(), (node) => node.kill()))));
    await Promise.all(ports.map(start));
    const balancer = await startBalancer(ports);
    onTestFinished(() => balancer.close());
    const browser = await launch();
    onTestFinished(() => browser.close());

    const ann = await come(browser, balancer.port, 'Ann');
    const bob = await come(browser, balancer.port, 'Bob');
    await Promise.all([ann.seesHere('Ann (you)', 'Bob'), bob.seesHere('Ann', 'Bob (you)')]);
    const reconnected = new Set<Visitor>();
    for (const visitor of [ann, bob]) visitor.page.on('websocket', () => reconnected.add(visitor));
    for (const [turn, port] of ports.entries()) {
      // Every node was killed once, so each of the two has lost its node.
      await nodes.get(port)!.kill();
      for (const [visitor, text] of [
        [ann, `ann ${turn}`],
        [bob, `bob ${turn}`],
      ] as const) {
        await visitor.say(text);
        await Promise.all([ann.sees(text), bob.sees(text)]);
      }
      await start(port);
    }
    const said = ports.flatMap((_, turn) => [`ann ${turn}`, `bob ${turn}`]);
    for (const { page } of [ann, bob]) {
      const entries = await entriesOf(page);
      // After the first message there are only messages: no leave, no join, no gap.
      const since = entries.slice(entries.findIndex((entry) => entry.endsWith(said[0]!)));
      expect(since.map((entry) => said.find((text) => entry.endsWith(text)))).toEqual(said);
    }
    await Promise.all([ann.seesHere('Ann (you)', 'Bob'), bob.seesHere('Ann', 'Bob (you)')]);
    expect(reconnected.size).toBe(2);
  });
});
