import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, ConfigError } from '../config.ts';

const leastBytes = 32;
/** Name of the secret's file in the data folder. */
export const secretFile = 'jwt-secret';

/**
 * Returns the bytes that sign HS256 tokens: `JWT_SECRET`, or a secret that is generated once in `DATA_DIR/jwt-secret`
 * (mode 0600). Two processes that start at once get the same one: it's linked into place whole, and the first link wins.
 * @throws {ConfigError} where the stored secret is too short
 */
export function signingSecret({ jwtSecret, dataDir }: Pick<Config, 'jwtSecret' | 'dataDir'>): Uint8Array {
  if (jwtSecret) return Buffer.from(jwtSecret);
  const file = join(dataDir, secretFile);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, randomBytes(leastBytes).toString('base64url'), { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft);
  }
  const secret = readFileSync(file);
  if (secret.length < leastBytes)
    throw new ConfigError(`${file} holds fewer than ${leastBytes} bytes: remove it, or set JWT_SECRET`);
  return secret;
}
