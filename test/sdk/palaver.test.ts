import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPalaver, operations, PalaverError } from '../../sdk/src/index.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';

let server: TestServer;
let palaver: ReturnType<typeof createPalaver>;

beforeAll(async () => {
  server = await startTestServer();
  palaver = createPalaver({ url: `http://${server.host}:${server.port}` });
});
afterAll(() => server.stop());

const igor = { email: 'igor@example.com', username: 'Igor', password: 'correct horse' };

/** What a call rejected with. */
const failureOf = (call: Promise<unknown>): Promise<PalaverError> =>
  call.then(
    () => expect.fail('it did not reject'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(PalaverError);
      return error as PalaverError;
    },
  );

describe('the SDK', () => {
  it('has one method per operation of the contract', () => {
    expect(Object.keys(palaver).sort()).toEqual(Object.keys(operations).sort());
  });

  it('makes a user, logs in, and asks with the token', async () => {
    const user = await palaver.createUser(igor);
    const login = await palaver.login(igor);
    expect(login).toMatchObject({ id: user.id, username: 'Igor' });
    // The door can't open over plain HTTP; it says that it would have.
    const { code, status } = await failureOf(palaver.join({ token: login.token }));
    expect([code, status]).toEqual(['upgrade_required', 426]);
  });

  it('rejects with the problem that the server answers', async () => {
    const { code, status, problem } = await failureOf(palaver.createUser({ ...igor, email: 'no address' }));
    expect([code, status]).toEqual(['invalid_body', 400]);
    expect(problem?.errors?.map(({ pointer }) => pointer)).toEqual(['/email']);
  });

  it('rejects with connection_failed where no server answers, or another one', async () => {
    const away = createPalaver({ url: 'http://127.0.0.1:1' });
    const stranger = createPalaver({
      url: 'http://127.0.0.1',
      fetch: async () => new Response('Bad gateway', { status: 502 }),
    });
    expect((await failureOf(away.healthz())).code).toBe('connection_failed');
    expect((await failureOf(stranger.healthz())).code).toBe('connection_failed');
  });

  it('lets a call be aborted', async () => {
    const reason = new Error('enough');
    await expect(palaver.healthz({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
