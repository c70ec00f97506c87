import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { IssuerUnavailable } from '../../../src/auth/keys.ts';
import { InvalidToken } from '../../../src/auth/tokens.ts';
import { within } from '../../harness/deadline.ts';
import { type Issuer, startIssuer, verifierOf } from './issuer.ts';

/** Returns a verifier with a clock that the test moves. */
function verifier(issuer: Issuer, options: Parameters<typeof verifierOf>[1] = {}) {
  let nowMs = 0;
  const verify = verifierOf(issuer, { now: () => nowMs, ...options });
  return { verify, pass: (ms: number) => (nowMs += ms) };
}

describe("an external issuer's keys", () => {
  it('are fetched once, for any number of tokens at once', async () => {
    const issuer = await startIssuer();
    const { verify } = verifier(issuer);
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, index) => issuer.sign('k1', { id: String(index) })),
    );
    const identities = await Promise.all(tokens.map(verify));
    expect(identities.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, index) => String(index)));
    expect(issuer.asked()).toBe(1);
  });

  it('are fetched again for a new key, at most once in 30 s; until then its tokens are deferred', async () => {
    const issuer = await startIssuer();
    const { verify, pass } = verifier(issuer);
    await verify(await issuer.sign('k1'));
    await issuer.addKey('k2', 'RS256');
    const fresh = await issuer.sign('k2');
    await expect(verify(fresh)).rejects.toMatchObject({ name: 'IssuerUnavailable', retryAfterS: 30 });
    pass(28_500);
    await expect(verify(fresh)).rejects.toMatchObject({ name: 'IssuerUnavailable', retryAfterS: 2 });
    expect(issuer.asked()).toBe(1);
    pass(1_500);
    await expect(verify(fresh)).resolves.toMatchObject({ id: '1' });
    await issuer.addKey('k3');
    await expect(verify(await issuer.sign('k3'))).rejects.toMatchObject({ retryAfterS: 30 });
    expect(issuer.asked()).toBe(2);
  });

  it('are refused after one lookup if the issuer does not have them, and deferred no more', async () => {
    const issuer = await startIssuer();
    const { verify, pass } = verifier(issuer);
    await verify(await issuer.sign('k1'));
    await issuer.addKey('k2');
    await issuer.addKey('k3');
    const [never, also] = [await issuer.sign('k2'), await issuer.sign('k3')];
    for (const kid of ['k2', 'k3']) issuer.removeKey(kid);
    for (const token of [never, also]) await expect(verify(token)).rejects.toThrow(IssuerUnavailable);
    pass(30_000);
    // One lookup answers for both.
    await expect(verify(never)).rejects.toThrow(InvalidToken);
    for (const token of [never, also]) await expect(verify(token)).rejects.toThrow(InvalidToken);
    expect(issuer.asked()).toBe(2);
  });

  it('judge tokens that arrived before the first fetch', async () => {
    const issuer = await startIssuer();
    const { verify } = verifier(issuer);
    const token = await issuer.sign('k1', {}, { kid: 'k0' });
    await expect(verify(token)).rejects.toThrow(InvalidToken);
    expect(issuer.asked()).toBe(1);
  });

  it('are found without more lookups, however many unknown ones a stranger asks for', async () => {
    const issuer = await startIssuer();
    const { verify, pass } = verifier(issuer);
    const known = await issuer.sign('k1');
    await verify(known);
    await issuer.addKey('k2');
    const fresh = await issuer.sign('k2');
    await expect(verify(fresh)).rejects.toThrow(IssuerUnavailable);
    const [, payload, signature] = known.split('.');
    for (let n = 0; n < 1_500; n += 1) {
      const header = Buffer.from(JSON.stringify({ alg: 'ES256', kid: `garbage ${n}` })).toString('base64url');
      await expect(verify(`${header}.${payload}.${signature}`)).rejects.toThrow(IssuerUnavailable);
    }
    expect(issuer.asked()).toBe(1);
    await verify(known);
    pass(30_000);
    await expect(verify(fresh)).resolves.toMatchObject({ id: '1' });
    expect(issuer.asked()).toBe(2);
  });

  it('report once that the issuer is unavailable, and once that it is back', async () => {
    const issuer = await startIssuer();
    const told: string[] = [];
    let nowMs = 0;
    const verify = verifierOf(issuer, {
      now: () => nowMs,
      onUnavailable: (error) => told.push((error as Error).message),
      onBack: () => told.push('back'),
    });
    const token = await issuer.sign('k1');
    const unknown = await issuer.sign('k1', {}, { kid: 'k2' });
    issuer.behave((response) => response.writeHead(500).end());
    for (let n = 0; n < 3; n += 1) {
      await expect(verify(token)).rejects.toThrow(IssuerUnavailable);
      nowMs += 1_000;
    }
    expect(told).toEqual(['The issuer answered 500']);
    issuer.behave();
    await verify(token);
    expect(told).toEqual(['The issuer answered 500', 'back']);
    issuer.behave((response) => response.end('null'));
    for (let n = 0; n < 3; n += 1) {
      nowMs += 30_000;
      await expect(verify(unknown)).rejects.toThrow(IssuerUnavailable);
    }
    expect(told.slice(2)).toEqual(['The issuer answered no key set']);
  });

  it('are refused after the issuer has withdrawn them, from the next lookup on', async () => {
    const issuer = await startIssuer();
    const { verify, pass } = verifier(issuer);
    const token = await issuer.sign('k1');
    await verify(token);
    issuer.removeKey('k1');
    await issuer.addKey('k2');
    pass(30_000);
    await verify(await issuer.sign('k2'));
    await expect(verify(token)).rejects.toThrow(InvalidToken);
  });

  it('are fetched again after ten minutes, while known ones go on working', async () => {
    const issuer = await startIssuer();
    const { verify, pass } = verifier(issuer);
    const token = await issuer.sign('k1');
    await verify(token);
    pass(600_000);
    await verify(token);
    const again = async () => {
      while (issuer.asked() < 2) await new Promise((resolve) => setImmediate(resolve));
    };
    await within(again(), 'the second request');
  });

  it('are fetched again half a minute after a failed fetch', async () => {
    const issuer = await startIssuer();
    const { promise: failed, resolve: onUnavailable } = Promise.withResolvers<unknown>();
    const { promise: back, resolve: onBack } = Promise.withResolvers<void>();
    const { verify, pass } = verifier(issuer, { onUnavailable, onBack });
    const token = await issuer.sign('k1');
    await verify(token);
    issuer.behave((response) => response.destroy());
    pass(600_000);
    await verify(token);
    await within(failed, 'the second request to fail');
    pass(29_999);
    await verify(token);
    expect(issuer.asked()).toBe(2);
    pass(1);
    issuer.removeKey('k1');
    issuer.behave();
    await verify(token);
    await within(back, 'the third request to succeed');
    expect(issuer.asked()).toBe(3);
    await expect(verify(token)).rejects.toThrow(InvalidToken);
  });

  const hostile: [name: string, answer: (response: ServerResponse) => void][] = [
    ['answers 500', (response) => response.writeHead(500).end()],
    ['answers no JSON', (response) => response.end('<html>')],
    ['answers JSON that is no key set', (response) => response.end('{"keys":{"kty":"RSA"}}')],
    ['answers null', (response) => response.end('null')],
    ['answers too much', (response) => response.end(Buffer.alloc(100_000, ' '))],
    ['redirects', (response) => response.writeHead(302, { location: '/jwks' }).end()],
    ['cuts the connection', (response) => response.destroy()],
    ['never answers', () => {}],
    [
      'never ends',
      (response) => {
        response.write('{"keys":[');
      },
    ],
  ];
  it.each(hostile)('an issuer that %s: known keys work, unknown ones cannot be judged', async (_, answer) => {
    const issuer = await startIssuer();
    const { verify, pass } = verifier(issuer);
    const token = await issuer.sign('k1');
    await verify(token);
    await issuer.addKey('k2');
    const unknown = await issuer.sign('k2');
    issuer.behave(answer);
    pass(30_000);
    await expect(within(verify(unknown), 'a verdict')).rejects.toThrow(IssuerUnavailable);
    await expect(verify(token)).resolves.toMatchObject({ id: '1' });
    // Within the cooldown the issuer gets no request.
    const asked = issuer.asked();
    await expect(verify(unknown)).rejects.toThrow(IssuerUnavailable);
    expect(issuer.asked()).toBe(asked);
    issuer.behave();
    pass(30_000);
    await expect(verify(unknown)).resolves.toMatchObject({ id: '1' });
  });

  it('an issuer that was never available is asked again after a second', async () => {
    const issuer = await startIssuer();
    const { verify, pass } = verifier(issuer);
    const token = await issuer.sign('k1');
    issuer.behave((response) => response.destroy());
    await expect(verify(token)).rejects.toThrow(IssuerUnavailable);
    await expect(verify(token)).rejects.toThrow(IssuerUnavailable);
    expect(issuer.asked()).toBe(1);
    issuer.behave();
    pass(1_000);
    await expect(verify(token)).resolves.toMatchObject({ id: '1' });
  });
});
