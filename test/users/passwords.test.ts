import { describe, expect, it } from 'vitest';
import { createPasswords, Overloaded } from '../../src/users/passwords.ts';
import { within } from '../harness/deadline.ts';

const cheap = { logN: 10, r: 8, p: 1 };
const passwords = createPasswords({ params: cheap });

describe('passwords', () => {
  it('verifies the password that made a hash, and no other', async () => {
    const hash = await passwords.hash('correct horse');
    const tried = ['correct horse', 'correct horsf', 'Correct horse', '', 'correct horse '];
    expect(await Promise.all(tried.map((password) => passwords.verify(password, hash)))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('salts: one password makes two hashes, and holds neither the password nor its bytes', async () => {
    const [one, two] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')]);
    expect(one).not.toBe(two);
    expect(Buffer.from(one, 'base64')).toHaveLength(96);
    expect(Buffer.from(one, 'base64').toString('latin1')).not.toContain('correct');
  });

  it('takes a password typed as composed or decomposed letters for one', async () => {
    expect(await passwords.verify('motde\u0301passe', await passwords.hash('motd\u00e9passe'))).toBe(true);
  });

  it('verifies a hash with other parameters', async () => {
    const old = await createPasswords({ params: { logN: 9, r: 8, p: 2 } }).hash('correct horse');
    expect(await passwords.verify('correct horse', old)).toBe(true);
  });

  it('tells a hash with its own parameters from others', async () => {
    const others = [
      { ...cheap, logN: 9 },
      { ...cheap, r: 4 },
      { ...cheap, p: 2 },
    ];
    const hashes = [passwords, ...others.map((params) => createPasswords({ params }))].map((from) =>
      from.hash('correct horse'),
    );
    expect((await Promise.all(hashes)).map(passwords.isCurrent)).toEqual([true, false, false, false]);
  });

  it('is never right for somebody who has no hash', async () => {
    expect(await passwords.verify('a password that nobody has', undefined)).toBe(false);
  });

  it('does not take a damaged hash for a wrong password', async () => {
    await expect(passwords.verify('correct horse', 'AAAA')).rejects.toThrow();
  });

  it('refuses at once what its queue can not hold, and carries the rest out', async () => {
    const small = createPasswords({ params: cheap, atOnce: 1, queueMax: 2 });
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => small.hash('correct horse')));
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect(results[4]).toMatchObject({ reason: expect.any(Overloaded) });
    await expect(small.hash('correct horse')).resolves.toBeTypeOf('string');
  });

  it('lets nobody wait for longer than a connection is kept on which nothing moves', async () => {
    const never = new Promise<never>(() => {});
    const scrypt = { kdf: () => never, verify: () => never, close: () => {} };
    const starved = createPasswords({ scrypt, timeoutMs: 20 });
    for (const asked of [
      starved.hash('correct horse'),
      starved.verify('correct horse', 'AAAA'),
      starved.verify('correct horse', undefined),
    ])
      expect(await within<unknown>(asked, 'a refusal', 2_000).catch(({ name }) => name)).toBe('Overloaded');
  });
});
