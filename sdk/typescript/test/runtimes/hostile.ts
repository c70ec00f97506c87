/**
 * Tests the SDK with misbehaving servers, networks and apps. It runs in Node, Bun, Deno and a page, as the other suite
 * does. An uncaught error ends the process; in a page the test listens for it.
 */
import { equal, type Outcome, runCases } from './cases.ts';
import { appCases } from './hostile-apps.ts';
import { networkCases } from './hostile-networks.ts';
import { serverCases } from './hostile-servers.ts';
import {
  addGlobalEvents,
  createTools,
  type HostileTools,
  type HostileWorld,
  onlineListeners,
  until,
} from './hostile-tools.ts';

/** Cuts and refuses connections, many at a time. */
async function rageStorm({ play, codeOf, noSocket }: HostileTools, storm: number): Promise<void> {
  const all: ReturnType<typeof play>[] = [];
  const start = (...args: Parameters<typeof play>): ReturnType<typeof play> => {
    all.push(play(...args));
    return all.at(-1)!;
  };
  for (let n = 0; n < storm; n += 50)
    await Promise.all(
      Array.from({ length: Math.min(50, storm - n) }, async (_, k) => {
        if (k % 2 === 0) {
          equal(await codeOf(start('refusing', { maxRetries: 0 }, '503-server_full').join()), 'server_full');
          return;
        }
        const room = await start('kind').join();
        const lost = room.send('cut').catch(() => {});
        await until(() => room.state === 'open', 'the room to be back');
        await lost;
        await room.close();
      }),
    );
  for (const { stats } of all.slice(-50)) await noSocket(stats);
  equal(onlineListeners(), 0);
}

export async function runHostile(world: HostileWorld): Promise<Outcome[]> {
  addGlobalEvents();
  const tools = createTools(world);
  const cases = { ...serverCases(tools), ...networkCases(tools), ...appCases(tools) };
  const storm = { 'leaves nothing behind a storm of cuts and refusals': () => rageStorm(tools, world.storm) };
  return runCases(world.onlyStorm ? storm : { ...cases, ...storm }, tools.closeAll);
}
