/**
 * Tests the guarantees of the SDK on every platform. The SDK, the server and the network between them are passed in, so
 * that it runs unchanged in Node, Bun, Deno and a page.
 */
import { type Cases, type Outcome, runCases } from './cases.ts';
import { reconnectCases } from './suite-reconnect.ts';
import { roomCases } from './suite-room.ts';
import { tokenCases } from './suite-tokens.ts';
import { createTools, type World } from './suite-tools.ts';

const deadlineMs = 20_000;
/** Cases that wait for a silence or for a token to expire. */
const slow = [
  'publishes a message once that it sent into a silence',
  'sends a new token before the old one expires, and stays open',
];

/** Rejects a case that takes too long. */
function withDeadline(name: string, run: () => Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadlineMs / 1_000} s for ${name}`)), deadlineMs);
  });
  return Promise.race([run(), late]).finally(() => clearTimeout(timer));
}

/** Runs the suite over the usual transport, and what depends on it over HTTP, too. */
export const runSuiteTwice = async (world: World): Promise<Outcome[]> => [
  ...(await runSuite(world)),
  ...(await runSuite({ ...world, transport: 'http', isBrief: true })),
];

export function runSuite(world: World): Promise<Outcome[]> {
  const tools = createTools(world);
  const cases: Cases = { ...roomCases(tools), ...reconnectCases(tools), ...tokenCases(tools) };
  const chosen = Object.entries(cases).filter(([name]) => !world.isBrief || !slow.includes(name));
  const limited = chosen.map(([name, run]) => [name, () => withDeadline(name, run)] as const);
  return runCases(Object.fromEntries(limited), tools.closeAll);
}
