import { describe, expect, it } from 'vitest';
import { openTokenSource } from '../../../src/auth/token-source.ts';
import { readConfig } from '../../../src/config.ts';
import type { Log } from '../../../src/log/log.ts';
import { silent } from '../../harness/log.ts';
import { testSecret } from '../../harness/tokens.ts';
import { startIssuer } from './issuer.ts';

describe('a token source of the server’s own tokens', () => {
  it('verifies the tokens that it issues, and is ready at once', async () => {
    const { issue, verify, isReady } = openTokenSource(readConfig({ JWT_SECRET: testSecret }), silent);
    expect(await verify(await issue!({ id: '1', username: 'Ann' }))).toMatchObject({ id: '1', username: 'Ann' });
    expect(isReady).toBeUndefined();
  });
});

describe('a token source of an external issuer’s tokens', () => {
  it('fetches the keys at once, verifies with them, and issues nothing', async () => {
    const issuer = await startIssuer();
    const { issue, verify, isReady } = openTokenSource(readConfig(issuer.env), silent);
    await expect.poll(() => issuer.asked()).toBe(1);
    expect(await isReady!()).toBe(true);
    expect(await verify(await issuer.sign('k1'))).toHaveProperty('tokenKey');
    expect(issue).toBeUndefined();
  });

  it('logs that the keys cannot be fetched before any token arrives', async () => {
    const issuer = await startIssuer();
    issuer.behave((response) => response.writeHead(500).end());
    const events: string[] = [];
    const log: Log = { event: (name) => void events.push(name), ofRequest: () => log };
    openTokenSource(readConfig(issuer.env), log);
    await expect.poll(() => events).toEqual(['issuer_unavailable']);
  });

  it.each([
    ['sub', ['4', '5'], []],
    ['sub', ['4', 'ann@example.com', 'bob@example.com'], [{ claim: 'sub' }]],
    ['email', ['ann@example.com'], [{ claim: 'email' }]],
  ])('with the id in %s, of %j, warns once that ids are personal: %j', async (claim, ids, warnings) => {
    const issuer = await startIssuer();
    const given: unknown[] = [];
    const log: Log = { event: (name, fields) => void given.push([name, fields]), ofRequest: () => log };
    const { verify } = openTokenSource(readConfig({ ...issuer.env, JWT_ID_CLAIM: claim }), log);
    for (const id of ids) await verify(await issuer.sign('k1', { [claim]: id }));
    expect(given).toEqual(warnings.map((fields) => ['user_ids_personal', fields]));
  });

  it('fetches nothing if a test replaces the verification', async () => {
    const issuer = await startIssuer();
    const verify = async () => ({ id: '1', username: 'Ann', expiresAtMs: 0, tokenKey: 'key' });
    const source = openTokenSource(readConfig(issuer.env), silent, verify);
    expect([source.verify, source.isReady, issuer.asked()]).toEqual([verify, undefined, 0]);
  });
});
