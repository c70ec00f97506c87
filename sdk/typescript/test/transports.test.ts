import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { startSdkWorld } from '../../../test/harness/sdk-world.ts';
import { startTestServer } from '../../../test/harness/server.ts';
import { mint } from '../../../test/harness/tokens.ts';
import { until } from '../../../test/harness/until.ts';
import { startUpgradeFilter } from '../../../test/harness/upgrade-filter.ts';
import * as sdk from '../src/index.ts';
import { Palaver, type PalaverError, type Room } from '../src/index.ts';
import { states, texts } from './runtimes/cases.ts';
import { addGlobalEvents, dispatchOnline } from './runtimes/hostile-tools.ts';
import { runSuite } from './runtimes/suite.ts';

const rooms: Room[] = [];
afterEach(async () => {
  await Promise.all(rooms.splice(0).map((room) => room.close()));
});
const token = (name: string): Promise<string> => mint({ id: name, username: name });
async function join(url: string, name: string, options: Partial<sdk.JoinOptions> = {}): Promise<Room> {
  const room = await new Palaver({ url }).join({ token: await token(name), ...options } as sdk.JoinOptions);
  rooms.push(room);
  return room;
}
const open = (room: Room): Promise<void> => until(() => room.state === 'open', 'the room to be open');

describe('over HTTP', () => {
  it('passes the suite of every platform', { timeout: 120_000 }, async () => {
    await using world = await startSdkWorld();
    const outcomes = await runSuite({ sdk, url: world.url, control: world.control, transport: 'http' });
    expect(outcomes.filter(({ fault }) => fault !== undefined)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(8);
  });

  it('shares a room with WebSockets: one order, one roster, ids of users', async () => {
    await using server = await startTestServer();
    const url = `http://${server.host}:${server.port}`;
    const ann = await join(url, 'Ann', { transport: 'http' });
    const ben = await join(url, 'Ben');
    const heard = [ann, ben].map((room) => texts(room));
    await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? ann : ben).send(`${n}`)));
    await Promise.all([ann.send('end'), ben.send('end')]);
    await until(() => heard.every((list) => list.length === 22), 'all messages');
    expect(heard[0]).toEqual(heard[1]);
    expect(heard[0]!.filter((text) => Number(text) % 2 === 0)).toEqual(
      Array.from({ length: 10 }, (_, n) => `${2 * n}`),
    );
    for (const { roster, users } of [ann, ben])
      expect([roster, users]).toEqual([
        ['Ann', 'Ben'],
        ['Ann', 'Ben'].map((name) => ({ username: name, user_id: name })),
      ]);
    expect([ann.transport, ben.transport]).toEqual(['http', 'websocket']);
  });

  it('shows a message to the listeners before send resolves', async () => {
    await using server = await startTestServer();
    const room = await join(`http://${server.host}:${server.port}`, 'Ann', { transport: 'http' });
    const heard = texts(room);
    for (let n = 0; n < 20; n += 1) {
      await room.send(`${n}`);
      expect(heard.at(-1)).toBe(`${n}`);
    }
  });
});

describe('with a proxy that refuses WebSockets', () => {
  const behindFilter = async () => {
    const server = await startTestServer();
    const filter = await startUpgradeFilter(server.port);
    return {
      server,
      filter,
      [Symbol.asyncDispose]: async () => {
        await filter.close();
        await server.stop();
      },
    };
  };

  it('goes over to HTTP, and returns to the WebSocket, without a gap and unnoticed', { timeout: 60_000 }, async () => {
    addGlobalEvents();
    await using world = await behindFilter();
    const { server, filter } = world;
    const other = await join(`http://${server.host}:${server.port}`, 'Other');
    const room = await join(filter.url, 'Ann');
    expect([room.transport, filter.upgrades]).toEqual(['http', 2]);
    const [seen, heard, told] = [states(room), texts(room), [] as string[]];
    room.on('transport', (transport) => told.push(transport));
    filter.allow(true);
    const said: string[] = [];
    dispatchOnline();
    while (told.length === 0) {
      said.push(`${said.length}`);
      await Promise.all([other.send(said.at(-1)!), room.send(`own ${said.length}`)]);
    }
    await room.send('end');
    expect([told, room.transport, seen]).toEqual([['websocket'], 'websocket', []]);
    const others = heard.filter((text) => !text.startsWith('own'));
    expect(others).toEqual([...said, 'end']);
    expect(heard.filter((text) => text.startsWith('own'))).toEqual(said.map((_, n) => `own ${n + 1}`));
    // The proxy refuses again, and the room goes over again.
    filter.allow(false);
    filter.cut();
    await until(() => told.length === 2, 'HTTP');
    await open(room);
    expect([told, room.transport]).toEqual([['websocket', 'http'], 'http']);
    await room.send('still here');
    await until(() => heard.includes('still here'), 'its echo');
    expect(other.roster).toEqual(['Other', 'Ann']);
  });

  it('stays with HTTP while the WebSocket is still refused', { timeout: 60_000 }, async () => {
    addGlobalEvents();
    await using world = await behindFilter();
    const room = await join(world.filter.url, 'Ann');
    const seen = states(room);
    dispatchOnline();
    await until(() => world.filter.upgrades === 3, 'another try');
    await room.send('still here');
    expect([room.transport, seen]).toEqual(['http', []]);
  });

  it('resumes over HTTP after a cut', async () => {
    await using world = await behindFilter();
    const { server, filter } = world;
    const room = await join(filter.url, 'Ann');
    const [seen, heard] = [states(room), texts(room)];
    const other = await join(`http://${server.host}:${server.port}`, 'Other');
    filter.cut();
    await other.send('missed');
    await until(() => heard.includes('missed') && room.state === 'open', 'the missed message');
    expect([seen.at(-1), room.transport, heard]).toEqual(['open', 'http', ['missed']]);
  });

  it('rejects with the reason of the WebSocket if the server has no stream', async () => {
    await using world = await behindFilter();
    world.filter.hideEvents();
    const palaver = new Palaver({ url: world.filter.url, maxRetries: 0 });
    const { code, message } = (await palaver
      .join({ token: await token('Ann') })
      .catch((error) => error)) as PalaverError;
    expect([code, message]).toEqual(['connection_failed', expect.stringContaining('a proxy may block WebSockets')]);
  });

  it('rejects if only a WebSocket is wanted, and does not ask for a stream', async () => {
    await using world = await behindFilter();
    const palaver = new Palaver({ url: world.filter.url, maxRetries: 0 });
    const joining = palaver.join({ token: await token('Ann'), transport: 'websocket' });
    await expect(joining).rejects.toMatchObject({ code: 'connection_failed' });
    expect(world.filter.upgrades).toBe(1);
  });
});

/** A server that plays one part per stream, in order, and the last one again. */
async function streaming(...parts: ((response: ServerResponse) => void)[]) {
  const urls: string[] = [];
  const server = createServer((request, response) => {
    if (request.method !== 'GET') return void response.writeHead(503).end();
    urls.push(request.url!);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    parts[Math.min(urls.length, parts.length) - 1]!(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    urls,
    [Symbol.dispose]: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
const event = (type: string, id: string | undefined, data: object): string =>
  `event: ${type}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
const online = (id: string, recovered?: boolean): string => {
  const msg = { list: ['Me'], ...(recovered !== undefined && { recovered }) };
  return event('users_online', recovered ? undefined : id, { type: 'users_online', id, sent_at: '', msg });
};
const said = (id: string): string =>
  event('chat_message', id, { type: 'chat_message', id, sent_at: '', msg: { from_user: 'You', text: id } });
const closing =
  (code: number, reason: string) =>
  (response: ServerResponse): void =>
    void response.end(online('1') + event('close', undefined, { code, reason }));
const staying =
  (...chunks: string[]) =>
  (response: ServerResponse): void =>
    void response.write(chunks.join(''));

describe('a stream', () => {
  const joinStream = async (url: string, options: Partial<sdk.PalaverOptions> = {}): Promise<Room> => {
    const room = await new Palaver({ url, ...options }).join({ token: await token('Me'), transport: 'http' });
    rooms.push(room);
    return room;
  };

  it.each([
    [1001, 'going_away'],
    [1011, 'internal_error'],
    [1012, 'service_restart'],
    [1013, 'too_slow'],
  ])('is replaced after the close event %i', async (code, reason) => {
    using server = await streaming(closing(code, reason), staying(online('2', true)));
    const room = await joinStream(server.url);
    const seen = states(room);
    await until(() => seen.includes('open'), 'the room to be back');
    expect(seen).toEqual([`reconnecting ${reason}`, 'open']);
    expect(server.urls).toEqual(['/events', '/events?last_event_id=1']);
  });

  it.each([
    [4001, 'token_expired'],
    [4003, 'access_revoked'],
    [4999, 'closed'],
  ])('closes the room after the close event %i', async (code, reason) => {
    using server = await streaming(closing(code, reason));
    const room = await joinStream(server.url);
    const seen = states(room);
    await until(() => room.state === 'closed', 'the room to close');
    expect([seen, server.urls.length]).toEqual([[`closed ${reason}`], 1]);
  });

  it.each([
    ['in the middle of an event', said('2').slice(0, -1)],
    ['with a close event that can’t be read', 'event: close\ndata: {"code":\n\n'],
    ['with an event that is too long', `data: ${'x'.repeat(17_000_000)}`],
  ])('that ends %s is replaced, and resumes after the last whole event', async (_, end) => {
    using server = await streaming(
      (response) => response.end(online('1') + end),
      staying(online('3', true), said('2')),
    );
    const room = await joinStream(server.url);
    const heard = texts(room);
    await until(() => heard.length > 0, 'the message');
    expect([heard, server.urls.at(-1)]).toEqual([['2'], '/events?last_event_id=1']);
  });

  it('ignores comments, unknown events and frames that can’t be read, in chunks cut anywhere', async () => {
    const unreadable = 'data: {\n\nevent: chat_message\nid: 7\ndata: null\n\n';
    const future = event('a_type_of_tomorrow', '3', { type: 'a_type_of_tomorrow', id: '3', text: 'ü🜁' });
    const text = `:\n\nretry: 5\n\n${online('1')}: hello\r\n${said('2')}${future}${unreadable}${said('4')}`;
    using server = await streaming(async (response) => {
      for (const byte of Buffer.from(text)) {
        response.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
    });
    const room = await joinStream(server.url);
    const heard = texts(room);
    await until(() => heard.length === 2, 'both messages');
    expect([heard, room.state]).toEqual([['2', '4'], 'open']);
  });

  it('counts as lost if it is silent for two intervals, and no other stream answers', async () => {
    using server = await streaming(staying(online('1')), () => {}, staying(online('1', true)));
    const room = await joinStream(server.url, { heartbeatIntervalMs: 50, timeoutMs: 900 });
    const seen = states(room);
    await until(() => seen.includes('open'), 'the room to be back');
    expect(seen.slice(0, 2)).toEqual(['reconnecting connection_lost', 'open']);
  });

  it('that is silent is replaced unnoticed if another one answers', async () => {
    using server = await streaming(staying(online('1')), staying(online('2', true), said('2')));
    const room = await joinStream(server.url, { heartbeatIntervalMs: 50, timeoutMs: 9_000 });
    const [seen, heard] = [states(room), texts(room)];
    await until(() => heard.length === 1, 'the missed message');
    expect([seen, heard]).toEqual([[], ['2']]);
  });

  it('is not replaced by one that has a gap', async () => {
    using server = await streaming(staying(online('1')), staying(online('5', false)), staying(online('6', false)));
    const room = await joinStream(server.url, { heartbeatIntervalMs: 50, timeoutMs: 900 });
    const [seen, gaps] = [states(room), [] as unknown[]];
    room.on('users_online', ({ id, msg }) => gaps.push([id, msg.recovered]));
    await until(() => seen.includes('open'), 'the room to be back');
    expect([seen, gaps]).toEqual([['reconnecting connection_lost', 'open'], [['6', false]]]);
  });

  it('is refused where `fetch` cannot read it', async () => {
    const fetch = async (): Promise<Response> =>
      ({ status: 200, headers: new Headers({ 'Content-Type': 'text/event-stream' }), body: null }) as Response;
    const palaver = new Palaver({ url: 'http://127.0.0.1', fetch, maxRetries: 0 });
    const joining = palaver.join({ token: await token('Me'), transport: 'http' });
    await expect(joining).rejects.toMatchObject({
      code: 'connection_failed',
      message: expect.stringContaining('fetch'),
    });
  });

  it('is aborted when the room is left', async () => {
    let signal: AbortSignal | undefined;
    using server = await streaming(staying(online('1')));
    const fetch: typeof globalThis.fetch = (url, init) => {
      signal = init!.signal!;
      return globalThis.fetch(url, init);
    };
    const room = await joinStream(server.url, { fetch });
    await room.close();
    expect(signal?.aborted).toBe(true);
  });
});
