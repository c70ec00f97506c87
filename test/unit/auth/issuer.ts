import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { onTestFinished } from 'vitest';
import { createKeys } from '../../../src/auth/keys.ts';
import { createExternalVerify, type VerifyToken } from '../../../src/auth/tokens.ts';
import { readConfig } from '../../../src/config.ts';
import { nowS } from '../../harness/tokens.ts';

/** Returns a verifier of the issuer's tokens, with a clock of the test's. */
export const verifierOf = ({ env }: Issuer, options: Parameters<typeof createKeys>[1] = {}): VerifyToken => {
  const issuer = readConfig(env).externalIssuer!;
  return createExternalVerify(issuer, createKeys(issuer.jwksUrl, options));
};

export const audience = 'palaver';

/** An issuer of tokens: a real HTTP server with its key set. */
export interface Issuer {
  readonly url: string;
  /** Environment of a server that trusts this issuer. */
  readonly env: Readonly<Record<string, string>>;
  /** Number of requests for its key set. */
  asked(): number;
  /** Makes a key, and publishes it beside the others. */
  addKey(kid: string, alg?: string): Promise<void>;
  removeKey(kid: string): void;
  publish(key: JWK): void;
  /** Answers like this from now on; without an answer, as usual. */
  behave(answer?: (response: ServerResponse) => void): void;
  sign(
    kid: string,
    claims?: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, unknown>>,
  ): Promise<string>;
}

/** Starts an issuer with one key, `k1`. It ends with the test. */
export async function startIssuer(): Promise<Issuer> {
  const keys = new Map<string, { alg: string; privateKey: CryptoKey; jwk: JWK }>();
  const published: JWK[] = [];
  let count = 0;
  const asItShould = (response: ServerResponse): void => {
    response.end(JSON.stringify({ keys: [...published, ...Array.from(keys.values(), ({ jwk }) => jwk)] }));
  };
  let answer = asItShould;
  const server = createServer((_, response) => {
    count += 1;
    answer(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const issuer: Issuer = {
    url,
    env: { JWKS_URL: `${url}/jwks`, JWT_ISSUER: url, JWT_AUDIENCE: audience, JWT_SECRET: '' },
    asked: () => count,
    addKey: async (kid, alg = 'ES256') => {
      const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
      keys.set(kid, { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } });
    },
    removeKey: (kid) => void keys.delete(kid),
    publish: (key) => void published.push(key),
    behave: (how = asItShould) => {
      answer = how;
    },
    sign: (kid, claims = {}, header = {}) => {
      const { alg, privateKey } = keys.get(kid)!;
      return new SignJWT({ id: '1', username: 'Igor', iss: url, aud: audience, exp: nowS() + 3_600, ...claims })
        .setProtectedHeader({ alg, kid, ...header })
        .sign(privateKey);
    },
  };
  await issuer.addKey('k1');
  return issuer;
}
