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

/** Rejects a case that takes too long. */
function withDeadline(name: string, run: () => Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadlineMs / 1_000} s for ${name}`)), deadlineMs);
  });
  return Promise.race([run(), late]).finally(() => clearTimeout(timer));
}

export function runSuite(world: World): Promise<Outcome[]> {
  const tools = createTools(world);
  const cases: Cases = { ...roomCases(tools), ...reconnectCases(tools), ...tokenCases(tools) };
  const limited = Object.entries(cases).map(([name, run]) => [name, () => withDeadline(name, run)] as const);
  return runCases(Object.fromEntries(limited), tools.closeAll);
}
