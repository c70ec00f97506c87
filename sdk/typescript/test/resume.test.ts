import { describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { within } from '../../../test/harness/deadline.ts';
import { mint } from '../../../test/harness/tokens.ts';
import { until } from '../../../test/harness/until.ts';
import { Palaver, type PalaverError, type Room, type UsersOnline } from '../src/index.ts';

interface Spoken {
  readonly text: string;
  readonly nonce: string;
}
/** The server's side of a connection. */
interface Side {
  /** Messages of the client, its probes (with an empty text) included. */
  readonly heard: Spoken[];
  tell(...frames: object[]): void;
  /** Cuts the connection once this holds. */
  cutWhen(holds: () => boolean): Promise<void>;
}
type Part = (side: Side) => Promise<void> | void;

const online = (id: string, recovered?: boolean) => {
  const msg = { list: ['Me'], ...(recovered !== undefined && { recovered }) };
  return { type: 'users_online', id, sent_at: '', msg };
};
const said = (id: string, { text, nonce }: Partial<Spoken>) => ({
  ...{ type: 'chat_message', id, sent_at: '' },
  msg: { from_user: 'Me', text, ...(nonce && { nonce }) },
});
const refusal = ({ nonce }: Spoken, code = 'invalid_message') => ({
  ...{ type: 'error', sent_at: '' },
  msg: { code, detail: 'no', nonce },
});

/** A server that plays one part per connection, in order. */
async function playing(...parts: Part[]) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const urls: string[] = [];
  const sides: Side[] = [];
  const faults: unknown[] = [];
  server.on('connection', (socket: WebSocket, { url = '' }) => {
    const heard: Spoken[] = [];
    socket.on('message', (data) => heard.push((JSON.parse(String(data)) as { msg: Spoken }).msg));
    const side: Side = {
      heard,
      tell: (...frames) => frames.forEach((frame) => void socket.send(JSON.stringify(frame))),
      cutWhen: async (holds) => {
        await until(holds, 'what comes before a cut');
        socket.terminate();
      },
    };
    sides.push(side);
    Promise.resolve(parts[urls.push(url) - 1]?.(side)).catch((fault) => faults.push(fault));
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    urls,
    sides,
    [Symbol.dispose]: () => {
      for (const client of server.clients) client.terminate();
      server.close();
      expect(faults).toEqual([]);
    },
  };
}

/** Joins. Returns the room, and a list that grows with each message. */
async function join(url: string): Promise<{ room: Room; texts: string[] }> {
  const room = await new Palaver({ url }).join({ token: await mint({ id: 'me', username: 'Me' }) });
  const texts: string[] = [];
  room.on('chat_message', ({ msg }) => texts.push(msg.text));
  return { room, texts };
}
const outcomeOf = (sending: Promise<{ id: string }>): Promise<string> =>
  within(sending, 'an outcome').then(
    ({ id }) => id,
    ({ code }: PalaverError) => code,
  );

describe('a reconnection', () => {
  it('resumes after the last frame received, and a new join does not', async () => {
    using server = await playing(
      ({ tell, cutWhen }) => {
        tell(online('1'), { type: 'user_joined', id: '2+/?', sent_at: '', msg: { username: 'You' } });
        return cutWhen(() => true);
      },
      ({ tell }) => tell(online('3', true)),
      ({ tell }) => tell(online('3')),
    );
    const { room } = await join(server.url);
    await until(() => server.urls.length === 2 && room.state === 'open', 'the room to be back');
    await room.close();
    await (await join(server.url)).room.close();
    expect(server.urls).toEqual(['/join', '/join?last_event_id=2%2B%2F%3F', '/join']);
  });

  it('does not resume where a join is tried again', async () => {
    using server = await playing(
      ({ tell, cutWhen }) => {
        tell({ ...online('1'), msg: { list: [] } });
        return cutWhen(() => true);
      },
      ({ tell }) => tell(online('2')),
    );
    await (await join(server.url)).room.close();
    expect(server.urls).toEqual(['/join', '/join']);
  });

  it('resumes again if the replay is cut off', async () => {
    using server = await playing(
      ({ tell, cutWhen }) => {
        tell(online('1'));
        return cutWhen(() => true);
      },
      ({ tell, cutWhen }) => {
        tell(online('5', true), said('2', { text: 'two' }));
        return cutWhen(() => texts.length > 0);
      },
      ({ tell }) => tell(online('7', true), said('4', { text: 'four' }), said('8', { text: 'eight' })),
    );
    const { room, texts } = await join(server.url);
    await until(() => texts.length === 3, 'all that was missed');
    await room.close();
    expect(texts).toEqual(['two', 'four', 'eight']);
    expect(server.urls.slice(1)).toEqual(['/join?last_event_id=1', '/join?last_event_id=2']);
  });

  it.each([
    ['of another order, whose ids are lower', false],
    ['that knows nothing of it', undefined],
  ])('starts over on a server %s, and reports it', async (_, recovered) => {
    using server = await playing(
      ({ tell, cutWhen }) => {
        tell(online('5'));
        return cutWhen(() => true);
      },
      ({ tell }) => tell(online('2', recovered), said('3', { text: 'three' })),
    );
    const { room, texts } = await join(server.url);
    const seen: UsersOnline['msg'][] = [];
    room.on('users_online', ({ msg }) => seen.push(msg));
    await until(() => texts.length > 0, 'what is new');
    expect(seen.map((msg) => msg.recovered)).toEqual([recovered]);
    await room.close();
  });
});

describe('a message in flight when the connection ends', () => {
  it('is settled by the replay, or sent again after it and before waiting messages, and reported once', async () => {
    const spoken = (): Spoken[] => server.sides[0]!.heard;
    using server = await playing(
      ({ tell, heard, cutWhen }) => {
        tell(online('1'));
        return cutWhen(() => heard.length === 3);
      },
      async ({ tell, heard }) => {
        const [one, two, three] = spoken() as [Spoken, Spoken, Spoken];
        tell(online('3', true), said('2', one), said('3', two));
        await until(() => heard.length > 0, 'the question');
        tell(refusal(heard[0]!));
        await until(() => heard.length > 1, 'what is unsettled');
        // It had arrived late on the old connection, so this one is a repeat.
        tell(said('4', three), said('4', three));
        await until(() => heard.length > 2, 'what waited');
        tell(said('5', heard[2]!));
      },
    );
    const { room, texts } = await join(server.url);
    const outcomes = ['one', 'two', 'three'].map((text) => outcomeOf(room.send(text)));
    await until(() => room.state === 'reconnecting', 'the cut');
    outcomes.push(outcomeOf(room.send('four')));
    expect(await Promise.all(outcomes)).toEqual(['2', '3', '4', '5']);
    expect(texts).toEqual(['one', 'two', 'three', 'four']);
    expect(server.sides[1]!.heard.slice(0, 2)).toEqual([
      { text: '', nonce: expect.any(String) },
      { text: 'three', nonce: spoken()[2]!.nonce },
    ]);
    expect(server.sides[1]!.heard.map(({ text }) => text)).toEqual(['', 'three', 'four']);
    await room.close();
  });

  it('is sent again a second after a rate limit error, and survives another cut', async () => {
    using server = await playing(
      ({ tell, heard, cutWhen }) => {
        tell(online('1'));
        return cutWhen(() => heard.length === 1);
      },
      async ({ tell, heard, cutWhen }) => {
        tell(online('1', true));
        await until(() => heard.length === 1, 'the question');
        tell(refusal(heard[0]!));
        await until(() => heard.length === 2, 'the message');
        tell(refusal(heard[1]!, 'rate_limited'));
        await cutWhen(() => heard.length === 3);
      },
      async ({ tell, heard }) => {
        tell(online('1', true));
        await until(() => heard.length === 1, 'the question');
        tell(refusal(heard[0]!));
        await until(() => heard.length === 2, 'the message');
        tell(said('2', heard[1]!));
      },
    );
    const { room, texts } = await join(server.url);
    expect(await outcomeOf(room.send('one'))).toBe('2');
    const [{ nonce }] = server.sides[0]!.heard as [Spoken];
    expect(server.sides.map(({ heard }) => heard.filter((other) => other.nonce === nonce).length)).toEqual([1, 2, 1]);
    expect(texts).toEqual(['one']);
    await room.close();
  });

  it.each([
    ['can’t tell what was missed', false],
    ['knows nothing of it', undefined],
  ])('is lost if the server %s; waiting messages are sent', async (_, recovered) => {
    using server = await playing(
      ({ tell, heard, cutWhen }) => {
        tell(online('1'));
        return cutWhen(() => heard.length === 1);
      },
      async ({ tell, heard }) => {
        tell(online('3', recovered));
        await until(() => heard.length > 0, 'what waited');
        tell(said('4', heard[0]!));
      },
    );
    const { room } = await join(server.url);
    const lost = outcomeOf(room.send('one'));
    await until(() => room.state === 'reconnecting', 'the cut');
    expect(await Promise.all([lost, outcomeOf(room.send('two'))])).toEqual(['connection_lost', '4']);
    expect(server.sides[1]!.heard.map(({ text }) => text)).toEqual(['two']);
    await room.close();
  });
});
