import { describe, expect, it, onTestFinished } from 'vitest';
import type { Envelope } from '../../src/backplane/backplane.ts';
import { padded } from '../../src/backplane/ids.ts';
import { createLocalBackplane } from '../../src/backplane/local.ts';
import { readConfig } from '../../src/config.ts';
import { openSqlite } from '../../src/database/sqlite.ts';
import type { MessageStore } from '../../src/history/message-store.ts';
import { sqliteMessageStore } from '../../src/history/sqlite.ts';
import { openLocalStream, openStream } from '../../src/stream.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { silent as log } from '../harness/log.ts';

function world() {
  const dataDir = temporaryFolder();
  const database = openSqlite(dataDir);
  onTestFinished(() => database.close());
  return { dataDir, store: sqliteMessageStore(database) };
}
const settings = { maxSessionsPerUser: 10, presenceGraceS: 0, historyMaxAgeS: 9e6, historyMaxCount: 1_000 };

/** Runs a stream in which Ann sends these texts, and returns its envelopes. */
async function run(dataDir: string, store: MessageStore, texts: readonly string[]): Promise<Envelope[]> {
  const { backplane, history, close } = await openLocalStream({ ...settings, dataDir }, { store, log });
  const delivered: Envelope[] = [];
  await backplane.start({
    deliver: (envelope) => {
      delivered.push(envelope);
      history.add(envelope);
    },
  });
  const admission = await backplane.admit({ id: 'ann', username: 'Ann' });
  if ('refusal' in admission) throw new Error(admission.refusal);
  for (const text of texts) await admission.seat.publish({ text });
  await close();
  return delivered;
}

describe('openLocalStream', () => {
  it('continues with ids after those of all earlier runs', async () => {
    const { dataDir, store } = world();
    const first = await run(dataDir, store, ['one']);
    const second = await run(dataDir, store, ['two']);
    expect(second[0]!.id > first.at(-1)!.id).toBe(true);
  });

  it('continues after a run that only the store knows, as after a restored backup', async () => {
    const { dataDir, store } = world();
    const later = padded(Date.now() + 86_400_000);
    await store.putRun({ epoch: later, lastId: `${later}-1` });
    const [first] = await run(dataDir, store, ['one']);
    expect(first!.id > `${later}-1`).toBe(true);
  });

  it('replays the messages of an earlier run to a client that reconnects', async () => {
    const { dataDir, store } = world();
    const [joined, ...messages] = await run(dataDir, store, ['one', 'two']);
    const { recovery, close } = await openLocalStream({ ...settings, dataDir }, { store, log });
    onTestFinished(close);
    expect(joined!.frame.type).toBe('user_joined');
    expect(recovery.between(messages[0]!.id, '~')?.count).toBe(1);
    expect(recovery.between('no id', '~')).toBeUndefined();
  });

  it('closes the backplane before the history, so that all delivered messages are stored', async () => {
    const { dataDir, store } = world();
    const order: string[] = [];
    const backplane = {
      ...createLocalBackplane({ epoch: 0 }),
      close: async () => void order.push('backplane'),
    };
    const recorded = {
      ...store,
      append: async () => void order.push('append'),
      putRun: async ({ lastId }: { lastId: string | undefined }) => void order.push(lastId ? 'end of the run' : 'run'),
    };
    const { history, close } = await openLocalStream({ ...settings, dataDir }, { store: recorded, log, backplane });
    history.add({
      id: '1-1',
      sentAt: new Date(0).toISOString(),
      userId: 'ann',
      frame: { type: 'chat_message', msg: { from_user: 'Ann', text: 'one' } },
    });
    await close();
    expect(order).toEqual(['run', 'backplane', 'append', 'end of the run']);
  });
});

describe('openStream', () => {
  it('uses a given backplane in place of the Redis that the configuration names', async () => {
    const { dataDir, store } = world();
    const backplane = createLocalBackplane({ epoch: 0 });
    const config = readConfig({
      DATA_DIR: dataDir,
      REDIS_URL: 'redis://127.0.0.1:1',
      JWT_SECRET: 'x'.repeat(32),
      MONGODB_URI: 'mongodb://127.0.0.1:1',
    });
    const stream = await openStream(config, { store, log, backplane, onCall: () => {} });
    onTestFinished(stream.close);
    expect(stream.backplane).toBe(backplane);
  });
});
