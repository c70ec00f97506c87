/** Information that a login leaks by its response. `npm run attack:timing` measures its duration. */
import { expect, it } from 'vitest';
import { createPasswords } from '../../src/users/passwords.ts';
import { paramsOf, scryptHere } from '../../src/users/scrypt.ts';
import { request, signUp } from '../harness/http.ts';
import { startTestServer } from '../harness/server.ts';

it('hashes once for an unknown e-mail as for a wrong password, and answers both alike', async () => {
  const costs: unknown[] = [];
  const params = { logN: 10, r: 8, p: 1 };
  const scrypt = {
    ...scryptHere,
    verify: async (...given: Parameters<typeof scryptHere.verify>) => {
      costs.push(paramsOf(given[0]));
      return scryptHere.verify(...given);
    },
  };
  await using server = await startTestServer({ passwords: createPasswords({ scrypt, params }) });
  const ann = await signUp(server);
  const after = async (email: string) => {
    costs.length = 0;
    const { status, json, headers } = await request(server, 'POST', '/login', { json: { email, password: 'wrong' } });
    const names = Object.keys(headers).sort();
    return { status, json, names, length: headers['content-length'], costs: [...costs] };
  };
  const wrong = await after(ann.email);
  expect(wrong.status).toBe(401);
  expect(wrong.costs).toEqual([params]);
  expect(await after('nobody@example.com')).toEqual(wrong);
  expect(await after(`${'x'.repeat(200)}@example.com`)).toEqual(wrong);
});
