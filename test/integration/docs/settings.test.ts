import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { connect, handshake } from '../../harness/chat.ts';
import { adapted, codeBelow } from '../../harness/documentation.ts';
import { root } from '../../harness/process.ts';
import { startTestServer } from '../../harness/server.ts';
import { mint } from '../../harness/tokens.ts';
import { startIssuer } from '../../unit/auth/issuer.ts';

/** Returns the settings of a code block, as a file `.env` has them. */
const settingsOf = (text: string): Record<string, string> => ({ ...parseEnv(text) }) as Record<string, string>;

describe('the settings of docs/develop/cors.md', () => {
  const page = 'docs/develop/cors.md';

  it('admit pages of the origins that they name, and no others', async () => {
    const env = settingsOf(codeBelow(page, 'CORS and allowed origins', 'sh')[0]);
    await using server = await startTestServer({ env });
    const token = await mint({ id: '1', username: 'Ann' });
    const joined = async (origin: string) => {
      const { status, json } = await handshake(server, { token, headers: { Origin: origin } });
      return [status, json.code];
    };
    const allowed = env.ALLOWED_ORIGINS!.split(',');
    expect(allowed.length).toBeGreaterThan(1);
    for (const origin of allowed) expect(await joined(origin)).toEqual([101, undefined]);
    expect(await joined('https://elsewhere.example')).toEqual([403, 'origin_not_allowed']);
  });

  it('may be the origin of each app in its table', () => {
    const text = readFileSync(join(root, page), 'utf8').split('## Apps and extensions')[1]!;
    const origins = [...text.matchAll(/(?<=^\|.*)`([\w-]+:\/\/[\w.]+)`/gm)].map(([, origin]) => origin!);
    expect(origins.length).toBeGreaterThan(7);
    expect(readConfig({ ALLOWED_ORIGINS: origins.join() }).allowedOrigins).toHaveLength(origins.length);
  });
});

describe('the settings of docs/guide/external-identity-provider.md', () => {
  it('admit users with tokens of the issuer that they name', async () => {
    const issuer = await startIssuer();
    const [text] = codeBelow('docs/guide/external-identity-provider.md', 'Settings', 'sh');
    const keySet = 'https://login.example.com/.well-known/jwks.json';
    const env = settingsOf(adapted(text, [[keySet, issuer.env.JWKS_URL!]]));
    await using server = await startTestServer({ env: { JWT_SECRET: '', ...env } });
    const claims = { iss: env.JWT_ISSUER, aud: env.JWT_AUDIENCE, id: '1', username: 'Ann' };
    const chat = await connect(server, { token: await issuer.sign('k1', claims) });
    expect(await chat.next('user_joined')).toMatchObject({ msg: { username: 'Ann' } });
    await chat.close();
    const foreign = await handshake(server, { token: await issuer.sign('k1', { ...claims, aud: 'another' }) });
    expect(foreign.json.code).toBe('invalid_token');
  });
});
