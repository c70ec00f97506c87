/** The clients of a run, and their actions. */
import { setTimeout as pause } from 'node:timers/promises';
import type { TcpProxy } from '../harness/tcp-proxy.ts';
import { startTcpProxy } from '../harness/tcp-proxy.ts';
import { mint, nowS } from '../harness/tokens.ts';
import type { Client, ClientDeps } from './client.ts';
import { createHttpClient } from './http-client.ts';
import { createRawClient } from './raw-client.ts';
import type { Recorder } from './recording.ts';
import type { Act } from './schedule.ts';
import { createSdkClient } from './sdk-client.ts';

const kinds: readonly (readonly [kind: string, count: number, create: (parts: ClientDeps) => Client])[] = [
  ['sdk', 10, createSdkClient],
  ['raw', 5, createRawClient],
  ['http', 5, createHttpClient],
];
export const crowdSize = kinds.reduce((sum, [, count]) => sum + count, 0);

export interface Crowd {
  readonly clients: readonly Client[];
  /** Performs an action, unless the client is still busy with another. */
  act(act: Act): void;
  /** Resolves when no client is busy. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** Time for which a client is cut off. */
async function disconnect(proxy: TcpProxy, ms: number): Promise<void> {
  await proxy.down();
  await pause(ms);
  await proxy.up();
}

/** All clients connect through this port. */
export async function startCrowd(recorder: Recorder, port: number): Promise<Crowd> {
  const clients: Client[] = [];
  const busy = new Map<Client, Promise<void>>();
  for (const [kind, count, create] of kinds)
    for (let n = 1; n <= count; n += 1) {
      // The second client of each user, like another tab.
      const username = `${kind} ${n === 2 ? 1 : n}`;
      const claims = { id: `id of ${username}`, exp: nowS() + 86_400 };
      const token = await mint({ ...claims, username });
      const postToken = await mint({ ...claims, username: `${username} by post` });
      const proxy = await startTcpProxy(port);
      clients.push(create({ name: `${kind}-${n}`, username, token, postToken, proxy, recorder }));
    }
  for (const client of clients) client.join();

  async function perform(client: Client, act: Act): Promise<void> {
    const { proxy } = client;
    if (act.do === 'be cut') proxy.cut();
    else if (act.do === 'resume from further back') client.resumeEarlier();
    else if (act.do === 'disconnect') await disconnect(proxy, act.ms);
    else if (act.do === 'be held') {
      proxy.stall();
      await pause(act.ms);
      proxy.resume();
    } else if (act.do === 'leave') {
      await client.leave();
      await pause(act.ms);
      client.join();
    }
  }

  return {
    clients,
    act: (act) => {
      const client = clients[act.client]!;
      if (act.do === 'say' || act.do === 'say twice') return client.say(act.do === 'say' ? 1 : 2);
      if (busy.has(client)) return;
      busy.set(
        client,
        perform(client, act).finally(() => busy.delete(client)),
      );
    },
    idle: async () => {
      await Promise.all(busy.values());
    },
    close: async () => {
      await Promise.all(busy.values());
      await Promise.all(clients.map((client) => client.leave()));
      await Promise.all(clients.map(({ proxy }) => proxy.close()));
    },
  };
}
