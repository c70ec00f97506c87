import { describe, expect, it } from 'vitest';
import { createPasswords, hashesAtOnce, Overloaded } from '../../../src/users/passwords.ts';
import { HashingEnded, scryptHere } from '../../../src/users/scrypt.ts';
import { within } from '../../harness/deadline.ts';

const cheap = { logN: 10, r: 8, p: 1 };
const passwords = createPasswords({ params: cheap });

describe('passwords', () => {
  it('verifies the password of a hash, and no other', async () => {
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

  it('uses salts: one password makes two hashes, and neither contains the password or its bytes', async () => {
    const [one, two] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')]);
    expect(one).not.toBe(two);
    expect(Buffer.from(one, 'base64')).toHaveLength(96);
    expect(Buffer.from(one, 'base64').toString('latin1')).not.toContain('correct');
  });

  it('treats composed and decomposed letters as the same', async () => {
    expect(await passwords.verify('motde\u0301passe', await passwords.hash('motd\u00e9passe'))).toBe(true);
  });

  it('verifies a hash with other parameters', async () => {
    const old = await createPasswords({ params: { logN: 9, r: 8, p: 2 } }).hash('correct horse');
    expect(await passwords.verify('correct horse', old)).toBe(true);
  });

  it('recognizes hashes with its own parameters', async () => {
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

  it('never verifies without a hash', async () => {
    expect(await passwords.verify('a password that nobody has', undefined)).toBe(false);
  });

  it('reports a damaged hash as an error, not as a wrong password', async () => {
    await expect(passwords.verify('correct horse', 'AAAA')).rejects.toThrow();
  });

  it('refuses passwords above its queue limit at once, and hashes the rest', async () => {
    const small = createPasswords({ params: cheap, atOnce: 1, queueMax: 2 });
    // The hash for unknown e-mails is made at the start, and counts as one.
    await small.hash('correct horse');
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

  it('refuses a password that has waited longer than an idle connection lasts', async () => {
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

  it('does not hash passwords of callers that have gone', async () => {
    const gate = Promise.withResolvers<void>();
    let begun = 0;
    const kdf: typeof scryptHere.kdf = async (...given) => {
      begun += 1;
      await gate.promise;
      return scryptHere.kdf(...given);
    };
    const passwords = createPasswords({ scrypt: { ...scryptHere, kdf }, params: cheap, atOnce: 1, timeoutMs: 20 });
    await expect(passwords.hash('correct horse')).rejects.toThrow(Overloaded);
    gate.resolve();
    await expect.poll(() => passwords.waiting).toBe(0);
    // Only the hash that is made at the start.
    expect(begun).toBe(1);
  });

  it('reports the end of the hashing process as an overload, with the time of the next attempt', async () => {
    const ended = async () => {
      throw new HashingEnded(4_200);
    };
    const passwords = createPasswords({ scrypt: { kdf: ended, verify: ended, close: () => {} } });
    for (const asked of [
      passwords.hash('correct horse'),
      passwords.verify('correct horse', 'AAAA'),
      passwords.verify('correct horse', undefined),
    ])
      await expect(asked).rejects.toMatchObject({ name: 'Overloaded', retryAfterS: 5 });
  });

  it('hashes at most `atOnce` passwords at once, including the one at the start', async () => {
    let under = 0;
    let most = 0;
    const kdf: typeof scryptHere.kdf = async (...given) => {
      under += 1;
      most = Math.max(most, under);
      const key = await scryptHere.kdf(...given);
      under -= 1;
      return key;
    };
    const passwords = createPasswords({ scrypt: { ...scryptHere, kdf }, params: cheap, atOnce: 1 });
    await Promise.all(Array.from({ length: 3 }, () => passwords.hash('correct horse')));
    expect(most).toBe(1);
  });
});

describe('the number of concurrent hashes', () => {
  const mebibytes = (count: number) => count * 1_048_576;
  const params = { logN: 15, r: 8 };
  const cases: [memoryMiB: number, cores: number, want: number][] = [
    [64, 8, 1],
    [128, 8, 1],
    [160, 8, 1],
    [192, 8, 2],
    [256, 8, 4],
    [65_536, 8, 4],
    [65_536, 2, 4],
    [65_536, 1, 2],
  ];
  it.each(cases)('in %i MiB with %i cores: %i', (memoryMiB, cores, want) => {
    expect(hashesAtOnce(params, { memoryBytes: mebibytes(memoryMiB), cores })).toBe(want);
  });

  it('is fewer with parameters that take more memory', () => {
    expect(hashesAtOnce({ logN: 17, r: 8 }, { memoryBytes: mebibytes(400), cores: 8 })).toBe(2);
  });
});
