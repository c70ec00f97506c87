import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { createLocalBackplane } from '../../../src/backplane/local.ts';
import { createReadiness } from '../../../src/http/readiness.ts';
import { request } from '../../harness/http.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';

const redis = 'Redis cannot be reached.';
const store = 'The store cannot be read or written.';

describe('GET /readyz lists all unavailable parts, with the code of the first', () => {
  const noRoom = { ...createLocalBackplane({ epoch: 0 }), isReady: () => false };
  /** Requests readiness while another process holds the database. */
  async function whileLocked(server: TestServer) {
    const db = new DatabaseSync(join(server.dataDir, 'palaver.db'));
    db.exec('BEGIN IMMEDIATE');
    try {
      return await request(server, 'GET', '/readyz');
    } finally {
      db.close();
    }
  }

  it('the store', async () => {
    await using server = await startTestServer();
    const { status, json } = await whileLocked(server);
    expect([status, json.code, json.detail]).toEqual([503, 'store_unavailable', store]);
    expect((await request(server, 'GET', '/readyz')).status).toBe(200);
  });

  it('the room', async () => {
    await using server = await startTestServer({ backplane: noRoom });
    const { status, json } = await request(server, 'GET', '/readyz');
    expect([status, json.code, json.detail]).toEqual([503, 'unavailable', redis]);
  });

  it('both', async () => {
    await using server = await startTestServer({ backplane: noRoom });
    const { status, json } = await whileLocked(server);
    expect([status, json.code, json.detail]).toEqual([503, 'unavailable', `${redis} ${store}`]);
  });
});

describe('GET /readyz of a stopping server', () => {
  const missing = (away: boolean) =>
    createReadiness({
      ping: async () => {
        if (away) throw new Error('planted');
      },
      isRoomReady: () => false,
      isStopping: () => true,
    })();

  it('lists the server, and not the room that it closes', async () => {
    expect(await missing(false)).toEqual([
      { part: 'server', code: 'shutting_down', detail: 'The server is stopping.' },
    ]);
  });

  it('also lists an unavailable store', async () => {
    expect((await missing(true)).map(({ part }) => part)).toEqual(['server', 'store']);
  });
});
