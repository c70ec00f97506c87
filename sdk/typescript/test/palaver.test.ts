import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../test/harness/server.ts';
import { Palaver, PalaverError } from '../src/index.ts';

let server: TestServer;
let palaver: Palaver;

beforeAll(async () => {
  server = await startTestServer();
  palaver = new Palaver({ url: `http://${server.host}:${server.port}` });
});
afterAll(() => server.stop());

const igor = { email: 'igor@example.com', username: 'Igor', password: 'correct horse' };

/** Returns the error of a call that rejects. */
const failureOf = (call: Promise<unknown>): Promise<PalaverError> =>
  call.then(
    () => expect.fail('it did not reject'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(PalaverError);
      return error as PalaverError;
    },
  );

describe('the SDK', () => {
  it('signs a user up and logs in', async () => {
    const user = await palaver.createUser(igor);
    const login = await palaver.login(igor);
    expect(login).toMatchObject({ id: user.id, username: 'Igor' });
  });

  it('rejects with the problem in the server’s answer', async () => {
    const { code, status, problem } = await failureOf(palaver.createUser({ ...igor, email: 'no address' }));
    expect([code, status]).toEqual(['invalid_body', 400]);
    expect(problem?.errors?.map(({ pointer }) => pointer)).toEqual(['/email']);
  });

  it('rejects with connection_failed if no server answers, or another one', async () => {
    const away = new Palaver({ url: 'http://127.0.0.1:1' });
    const stranger = new Palaver({
      url: 'http://127.0.0.1',
      fetch: async () => new Response('Bad gateway', { status: 502 }),
    });
    expect((await failureOf(away.healthz())).code).toBe('connection_failed');
    expect((await failureOf(stranger.healthz())).code).toBe('connection_failed');
  });

  it('lets the caller abort a call', async () => {
    const reason = new Error('enough');
    const { code, cause } = await failureOf(palaver.healthz({ signal: AbortSignal.abort(reason) }));
    expect([code, cause]).toEqual(['aborted', reason]);
  });

  it('publishes a message without joining, and once for the same nonce', async () => {
    const { token, id } = await palaver.login(igor);
    const first = await palaver.publish({ text: 'Hello!', nonce: 'one' }, { token });
    expect(first.msg).toEqual({ from_user: 'Igor', from_user_id: id, text: 'Hello!', nonce: 'one' });
    expect(await palaver.publish({ text: 'Hello!', nonce: 'one' }, { token })).toEqual(first);
    const [empty, again] = [
      await failureOf(palaver.publish({ text: '' }, { token })),
      palaver.publish({ text: 'Hello!' }),
    ];
    expect([empty.code, (await failureOf(again)).code]).toEqual(['invalid_body', 'missing_token']);
  });

  it('pages forwards through the history, for apps that poll', async () => {
    const { token } = await palaver.login(igor);
    const start = (await palaver.listMessages({}, { token })).as_of!;
    for (const text of ['one', 'two', 'three']) await palaver.publish({ text }, { token });
    const first = await palaver.listMessages({ after: start, limit: 2 }, { token });
    const rest = await palaver.listMessages({ after: first.after! }, { token });
    expect([first, rest].map(({ messages }) => messages.map(({ msg }) => msg.text))).toEqual([
      ['one', 'two'],
      ['three'],
    ]);
    expect(rest.after).toBeUndefined();
    const { messages } = await palaver.listMessages({ after: rest.as_of! }, { token });
    expect(messages).toEqual([]);
  });
});
