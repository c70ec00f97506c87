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
});
