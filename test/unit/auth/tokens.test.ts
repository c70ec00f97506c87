import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createExternalVerify, createTokens, InvalidToken, type VerifyToken } from '../../../src/auth/tokens.ts';
import { readConfig } from '../../../src/config.ts';
import { mint, mintUnsigned, nowS, testIssuer, testSecret } from '../../harness/tokens.ts';
import { type Issuer, startIssuer } from './issuer.ts';

const local = createTokens({ secret: Buffer.from(testSecret), issuer: testIssuer, ttlS: 3_600 });
const igor = { id: '1', username: 'Igor' };
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** A token signed with HMAC over these bytes. */
const hmac = (header: object, payload: string, secret: string | Uint8Array): string => {
  const signed = `${part(header)}.${Buffer.from(payload).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
};
const claimsOf = (issuer: Issuer) => ({ ...igor, iss: issuer.url, aud: 'palaver', exp: nowS() + 3_600 });

describe('a token of this server', () => {
  it('has the right claims, and is accepted', async () => {
    const token = await local.issue(igor);
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
    expect(claims).toEqual({
      ...igor,
      sub: '1',
      iss: testIssuer,
      jti: expect.stringMatching(/^[\da-f-]{36}$/),
      iat: expect.any(Number),
      exp: claims.iat + 3_600,
    });
    expect(await local.verify(token)).toEqual({
      ...igor,
      expiresAtMs: (claims.exp + 5) * 1_000,
      tokenKey: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  const holds: [name: string, claims: Record<string, unknown>][] = [
    ['without sub, iat and nbf', {}],
    ['with claims of others', { roles: ['x'], aud: 'elsewhere' }],
    ['that expired 3 s ago: clocks differ', { exp: nowS() - 3 }],
    ['that begins in 3 s', { nbf: nowS() + 3 }],
    ['whose expiry has a fraction', { exp: nowS() + 100.5 }],
    ['whose id is 128 characters', { id: 'x'.repeat(128) }],
  ];
  it.each(holds)('is accepted from another issuer with %s', async (_, claims) => {
    await expect(local.verify(await mint({ ...igor, ...claims }))).resolves.toMatchObject({ username: 'Igor' });
  });

  const refused: [name: string, token: () => string | Promise<string>][] = [
    ['it is unsigned (RFC 8725, 3.1)', () => mintUnsigned(igor)],
    [
      'its algorithm is spelled otherwise',
      () => hmac({ alg: 'hs256' }, JSON.stringify({ ...igor, iss: testIssuer, exp: nowS() + 60 }), testSecret),
    ],
    ['its algorithm is another HMAC', () => mint(igor, { alg: 'HS512', secret: testSecret.repeat(2) })],
    ['its secret is another', () => mint(igor, { secret: `${testSecret}x` })],
    ['its signature is cut off', async () => `${(await mint(igor)).split('.').slice(0, 2).join('.')}.`],
    ['its signature is cut short', async () => (await mint(igor)).slice(0, -2)],
    [
      'its payload was changed',
      async () => (await mint(igor)).replace(/\..*\./, `.${part({ ...igor, iss: testIssuer, exp: nowS() + 60 })}.`),
    ],
    ['it has a fourth part', async () => `${await mint(igor)}.x`],
    ['it has white space', async () => ` ${await mint(igor)}`],
    ['it is empty', () => ''],
    ['it expired 6 s ago', () => mint({ ...igor, exp: nowS() - 6 })],
    ['it begins in 10 s', () => mint({ ...igor, nbf: nowS() + 10 })],
    ['its issuer is another', () => mint({ ...igor, iss: 'elsewhere' })],
    ['its issuer is a list', () => mint({ ...igor, iss: [testIssuer] })],
    ['it has no issuer', () => mint({ ...igor, iss: undefined })],
    ['it never expires', () => mint({ ...igor, exp: undefined })],
    ['its expiry is a text', () => mint({ ...igor, exp: String(nowS() + 60) })],
    ['its expiry is null', () => mint({ ...igor, exp: null })],
    [
      'its expiry is beyond numbers',
      () => hmac({ alg: 'HS256' }, `{"id":"1","username":"Igor","iss":"${testIssuer}","exp":1e999}`, testSecret),
    ],
    ['its nbf is a text', () => mint({ ...igor, nbf: '0' })],
    ['its iat is a text', () => mint({ ...igor, iat: 'now' })],
    ['it has no id', () => mint({ username: 'Igor' })],
    ['its id is empty', () => mint({ ...igor, id: '' })],
    ['its id is a number', () => mint({ ...igor, id: 1 })],
    ['its id is too long', () => mint({ ...igor, id: 'x'.repeat(129) })],
    ['it has no username', () => mint({ id: '1' })],
    ['its username has white space at the end', () => mint({ ...igor, username: 'Igor ' })],
    ['its sub is not its id', () => mint({ ...igor, sub: '2' })],
    ['its payload is no object', () => hmac({ alg: 'HS256' }, '"x"', testSecret)],
    ['it wraps another token', async () => hmac({ alg: 'HS256', cty: 'JWT' }, await mint(igor), testSecret)],
    [
      'it asks for an extension (crit)',
      () =>
        hmac(
          { alg: 'HS256', crit: ['x'], x: 1 },
          JSON.stringify({ ...igor, iss: testIssuer, exp: nowS() + 60 }),
          testSecret,
        ),
    ],
  ];
  it.each(refused)('is refused when %s', async (_, token) => {
    await expect(local.verify(await token())).rejects.toThrow(InvalidToken);
  });
});

describe('a token of an external issuer', () => {
  const verifyFor = (issuer: Issuer, more: Record<string, string> = {}): VerifyToken =>
    createExternalVerify(readConfig({ ...issuer.env, ...more }).externalIssuer!);

  it.each(['RS256', 'ES256', 'EdDSA'])('is accepted with %s', async (alg) => {
    const issuer = await startIssuer();
    await issuer.addKey('k', alg);
    await expect(verifyFor(issuer)(await issuer.sign('k', { sub: '1' }))).resolves.toMatchObject(igor);
  });

  it('names its user by the configured claims', async () => {
    const issuer = await startIssuer();
    const verify = verifyFor(issuer, { JWT_ID_CLAIM: 'sub', JWT_USERNAME_CLAIM: 'name' });
    expect(await verify(await issuer.sign('k1', { id: 'x', sub: '7', name: 'Bob' }))).toMatchObject({
      id: '7',
      username: 'Bob',
    });
    await expect(verify(await issuer.sign('k1', { sub: '7' }))).rejects.toThrow(InvalidToken);
  });

  it('may have several audiences', async () => {
    const issuer = await startIssuer();
    await expect(verifyFor(issuer)(await issuer.sign('k1', { aud: ['x', 'palaver'] }))).resolves.toMatchObject(igor);
  });

  it('needs no kid if one key fits, and needs one if several do', async () => {
    const issuer = await startIssuer();
    const verify = verifyFor(issuer);
    const token = await issuer.sign('k1', {}, { kid: undefined });
    await expect(verify(token)).resolves.toMatchObject(igor);
    await issuer.addKey('k2');
    await expect(verifyFor(issuer)(token)).rejects.toThrow(InvalidToken);
  });

  const refused: [name: string, token: (issuer: Issuer) => string | Promise<string>][] = [
    ['it is unsigned', (issuer) => mintUnsigned(claimsOf(issuer))],
    [
      'its algorithm is not on the list',
      async (issuer) => {
        await issuer.addKey('k', 'PS256');
        return issuer.sign('k');
      },
    ],
    ['its audience is another', (issuer) => issuer.sign('k1', { aud: 'elsewhere' })],
    ['it has no audience', (issuer) => issuer.sign('k1', { aud: undefined })],
    ['its issuer is another', (issuer) => issuer.sign('k1', { iss: 'elsewhere' })],
    ['it has expired', (issuer) => issuer.sign('k1', { exp: nowS() - 6 })],
    ['it never expires', (issuer) => issuer.sign('k1', { exp: undefined })],
    ['it is not valid yet', (issuer) => issuer.sign('k1', { nbf: nowS() + 10 })],
    ['its sub is not its id', (issuer) => issuer.sign('k1', { sub: '2' })],
    [
      'it asks for an extension (crit)',
      async (issuer) => {
        const [, payload, signature] = (await issuer.sign('k1')).split('.');
        return `${part({ alg: 'ES256', kid: 'k1', crit: ['x'], x: 1 })}.${payload}.${signature}`;
      },
    ],
    [
      'it was made with a secret that the key set gives away',
      (issuer) => {
        issuer.publish({ kty: 'oct', kid: 'o', k: Buffer.from(testSecret).toString('base64url'), alg: 'HS256' });
        return hmac({ alg: 'HS256', kid: 'o' }, JSON.stringify(claimsOf(issuer)), testSecret);
      },
    ],
    [
      'its key is too weak',
      async (issuer) => {
        const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 });
        issuer.publish({ ...(publicKey.export({ format: 'jwk' }) as JWK), kid: 'weak', alg: 'RS256' });
        const signed = `${part({ alg: 'RS256', kid: 'weak' })}.${part(claimsOf(issuer))}`;
        return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
      },
    ],
  ];
  it.each(refused)('is refused when %s', async (_, token) => {
    const issuer = await startIssuer();
    await expect(verifyFor(issuer)(await token(issuer))).rejects.toThrow(InvalidToken);
  });

  it('is refused when it is an HMAC over the public key, in any form (RFC 8725, 2.1)', async () => {
    const issuer = await startIssuer();
    const { publicKey } = await generateKeyPair('RS256', { extractable: true });
    const pem = await exportSPKI(publicKey);
    const jwk = { ...(await exportJWK(publicKey)), kid: 'r', alg: 'RS256' };
    issuer.publish(jwk);
    const verify = verifyFor(issuer);
    for (const secret of [pem, pem.trim(), JSON.stringify(jwk), jwk.n!, Buffer.from(jwk.n!, 'base64url')]) {
      for (const alg of ['HS256', 'RS256']) {
        const token = hmac({ alg, kid: 'r' }, JSON.stringify(claimsOf(issuer)), secret);
        await expect(verify(token)).rejects.toThrow(InvalidToken);
      }
    }
  });

  it('cannot choose its key: jku, x5u and jwk are never followed', async () => {
    const issuer = await startIssuer();
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(publicKey);
    let asked = 0;
    const trap = createServer((_, response) => {
      asked += 1;
      response.end(JSON.stringify({ keys: [{ ...jwk, kid: 'k1' }] }));
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => trap.once('listening', resolve));
    onTestFinished(() => void trap.close());
    const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/jwks`;
    for (const header of [{ jku: url }, { x5u: url }, { jwk }, { jku: url, x5u: url, jwk, x5c: ['AA'] }]) {
      const token = await new SignJWT(claimsOf(issuer))
        .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...header })
        .sign(privateKey);
      await expect(verifyFor(issuer)(token)).rejects.toThrow(InvalidToken);
    }
    expect(asked).toBe(0);
    // The trap's key would verify the token if the server followed the URL.
    await expect(importJWK(jwk, 'ES256')).resolves.toBeDefined();
  });
});
