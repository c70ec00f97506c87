import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { signingSecret } from '../../../src/auth/secret.ts';
import { ConfigError } from '../../../src/config.ts';
import { temporaryFolder } from '../../harness/folder.ts';

const run = promisify(execFile);
const script = `
  const { signingSecret } = await import(${JSON.stringify(join(import.meta.dirname, '../../../src/auth/secret.ts'))});
  process.stdout.write(Buffer.from(signingSecret({ jwtSecret: undefined, dataDir: process.argv[1] })).toString());
`;

describe('the signing secret', () => {
  it('is JWT_SECRET if it is set, and nothing is written', () => {
    const dataDir = temporaryFolder();
    const jwtSecret = 'a secret of thirty-two bytes or more';
    expect(Buffer.from(signingSecret({ jwtSecret, dataDir })).toString()).toBe(jwtSecret);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('is created once otherwise, readable by the owner alone', () => {
    const dataDir = join(temporaryFolder(), 'data');
    const first = signingSecret({ jwtSecret: undefined, dataDir });
    expect(first.length).toBeGreaterThanOrEqual(32);
    expect(signingSecret({ jwtSecret: undefined, dataDir })).toEqual(first);
    expect(readdirSync(dataDir)).toEqual(['jwt-secret']);
    expect(statSync(join(dataDir, 'jwt-secret')).mode & 0o777).toBe(0o600);
  });

  it('is the same for processes that start at once', async () => {
    const dataDir = temporaryFolder();
    const outputs = await Promise.all(
      Array.from({ length: 4 }, () => run(process.execPath, ['--input-type=module', '-e', script, dataDir])),
    );
    expect(new Set(outputs.map(({ stdout }) => stdout))).toEqual(
      new Set([readFileSync(join(dataDir, 'jwt-secret'), 'utf8')]),
    );
  });

  it('is refused if the stored one is too short', () => {
    const dataDir = temporaryFolder();
    writeFileSync(join(dataDir, 'jwt-secret'), 'short');
    expect(() => signingSecret({ jwtSecret: undefined, dataDir })).toThrow(ConfigError);
  });
});
