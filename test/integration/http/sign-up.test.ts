import { expect, it } from 'vitest';
import { temporaryFolder } from '../../harness/folder.ts';
import { request, signUp } from '../../harness/http.ts';
import { startTestServer } from '../../harness/server.ts';

it('with SIGNUP=off refuses sign-ups, lets users log in, and leaves the operation out of the served contract', async () => {
  const env = { DATA_DIR: temporaryFolder(), MONGODB_URI: '' };
  const open = await startTestServer({ env });
  const { email, password } = await signUp(open);
  await open.stop();

  await using closed = await startTestServer({ env: { ...env, SIGNUP: 'off' } });
  const json = { email: 'new@example.com', username: 'New', password };
  expect((await fetch(`http://${closed.host}:${closed.port}/createUser`, { method: 'POST', body: '{}' })).status).toBe(
    404,
  );
  expect((await request(closed, 'POST', '/login', { json: { email, password } })).status).toBe(200);
  expect((await request(closed, 'POST', '/login', { json })).status).toBe(401);
  const { paths } = (await request(closed, 'GET', '/openapi.json')).json as { paths: object };
  expect(Object.keys(paths)).not.toContain('/createUser');
  expect(Object.keys(paths)).toContain('/login');
});
