/**
 * Tokens that expire in use, and hostile issuers. Tests of invalid tokens are in test/unit/auth and
 * test/integration/contract.
 */
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { IssuerUnavailable } from '../../src/auth/keys.ts';
import { createExternalVerify, InvalidToken } from '../../src/auth/tokens.ts';
import { readConfig } from '../../src/config.ts';
import { connect, handshake } from '../harness/chat.ts';
import { request } from '../harness/http.ts';
import { startTestServer } from '../harness/server.ts';
import { mint, nowS } from '../harness/tokens.ts';
import { startIssuer, verifierOf } from '../unit/auth/issuer.ts';

/** Time for which the server accepts a token after its expiry, because clocks differ. */
const toleranceS = 5;
/** A token that the server stops accepting in this many milliseconds, tolerance included. */
const endingIn = (ms: number, claims = { id: '1', username: 'Ann' }): Promise<string> =>
  mint({ ...claims, exp: (Date.now() + ms) / 1_000 - toleranceS });

describe('an expiring token', () => {
  it('ends its session with 4001, and every frame before that is delivered', async () => {
    await using server = await startTestServer();
    const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
    const ann = await connect(server, { token: await endingIn(400) });
    let said = 0;
    const talking = setInterval(() => {
      ann.say(`${said}`, `${said}`);
      said += 1;
    }, 1);
    const code = await ann.closed().finally(() => clearInterval(talking));
    expect(code).toBe(4001);
    await bob.next('user_left');
    const heard = bob.frames.flatMap((frame) => (frame.type === 'chat_message' ? [frame.msg.text] : []));
    // In order, without a gap; the others saw the echoes that Ann saw.
    expect(heard).toEqual(heard.map((_, n) => `${n}`));
    const echoed = ann.frames.filter(({ type }) => type === 'chat_message').length;
    expect(heard.length).toBe(echoed);
    expect(heard.length).toBeGreaterThan(10);
    expect(ann.frames.some(({ type }) => type === 'error')).toBe(false);
    // Nothing from Ann comes after her user_left.
    expect(bob.frames.at(-1)!.type).toBe('user_left');
    await bob.close();
  });

  it.each([0, 1, 5, 20])('%i ms after the handshake, is refused there or ends its session with 4001', async (ms) => {
    await using server = await startTestServer();
    const token = await endingIn(ms);
    const said = { type: 'chat_message', msg: { text: 'early' } };
    const outcome = await connect(server, { token, early: [said, said] }).then(
      async (chat) => [await chat.closed(), chat.frames.filter(({ type }) => type === 'error').length],
      (error: Error) => error.message,
    );
    expect([[4001, 0], 'The handshake was refused: 401 invalid_token']).toContainEqual(outcome);
  });

  it('ends only its own session, and the next token opens a new one at once', async () => {
    await using server = await startTestServer();
    const bob = await connect(server, { token: await mint({ id: '2', username: 'Bob' }) });
    const old = await connect(server, { token: await endingIn(200) });
    const renewed = await connect(server, { token: await mint({ id: '1', username: 'Ann' }) });
    expect(await old.closed()).toBe(4001);
    renewed.say('still here');
    expect((await bob.next('chat_message')).msg).toEqual({ from_user: 'Ann', from_user_id: '1', text: 'still here' });
    expect(bob.frames.some(({ type }) => type === 'user_left')).toBe(false);
    await Promise.all([bob.close(), renewed.close()]);
  });

  it.each([1e308, 1e15, 2 ** 53, 4e12])('with a distant expiry (%d) ends nothing early', async (exp) => {
    await using server = await startTestServer({ env: { HEARTBEAT_INTERVAL: '1s' } });
    const ann = await connect(server, { token: await mint({ id: '1', username: 'Ann', exp }) });
    for (let n = 0; n < 3; n += 1) {
      ann.say('here');
      await ann.next('chat_message');
    }
    await ann.close();
  });
});

describe('a key is looked up by its exact kid', () => {
  it.each([
    '../../../../dev/null',
    "x' UNION SELECT 'secret' --",
    '__proto__',
    'constructor',
    'k1\0',
    'K1',
    '',
    'x'.repeat(5_000),
    'http://127.0.0.1:1/jwks',
    '|cat /etc/passwd',
  ])('refuses %j', async (kid) => {
    const issuer = await startIssuer();
    const verify = createExternalVerify(readConfig(issuer.env).externalIssuer!);
    await expect(verify(await issuer.sign('k1', {}, { kid }))).rejects.toThrow(InvalidToken);
    await expect(verify(await issuer.sign('k1'))).resolves.toMatchObject({ id: '1' });
  });

  it('asks the issuer once for a thousand unknown kids', async () => {
    const issuer = await startIssuer();
    let nowMs = 0;
    const verify = verifierOf(issuer, { now: () => nowMs });
    await verify(await issuer.sign('k1'));
    nowMs += 30_000;
    const tokens = await Promise.all(Array.from({ length: 1_000 }, (_, n) => issuer.sign('k1', {}, { kid: `x${n}` })));
    const verdicts = await Promise.allSettled(tokens.map(verify));
    expect(verdicts.every(({ status }) => status === 'rejected')).toBe(true);
    for (const token of tokens.slice(0, 100))
      await expect(verify(token)).rejects.toThrow(/^The (token was refused|issuer is asked for this key again later)$/);
    expect(issuer.asked()).toBe(2);
    await expect(verify(await issuer.sign('k1'))).resolves.toMatchObject({ id: '1' });
  });
});

describe('a hostile issuer', () => {
  const drip = (response: ServerResponse): void => {
    response.write('{"keys":[');
    const dripping = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(dripping));
  };
  const hostile: [name: string, answer: (response: ServerResponse) => void][] = [
    ['drips without end', drip],
    [
      'answers with a page',
      (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>'),
    ],
    ['answers with a valid key set that is too large', (response) => response.end('{"keys":[]}'.padEnd(100_000))],
    [
      'answers with a zip bomb',
      (response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(2 ** 26))),
    ],
    [
      'announces fewer bytes than it sends',
      (response) => response.writeHead(200, { 'content-length': '9' }).end('{"keys":[]}'),
    ],
    ['redirects to a file', (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end()],
    ['redirects elsewhere', (response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()],
    ['answers without a body', (response) => response.writeHead(204).end()],
  ];
  it.each(hostile)('that %s: no token is accepted, and none is kept waiting', async (_, answer) => {
    const issuer = await startIssuer();
    issuer.behave(answer);
    const verify = createExternalVerify(readConfig(issuer.env).externalIssuer!);
    const token = await issuer.sign('k1');
    await expect(verify(token)).rejects.toThrow(IssuerUnavailable);
  });

  it('that redirects to the keys of another: they are not followed', async () => {
    const [issuer, other] = [await startIssuer(), await startIssuer()];
    issuer.behave((response) => response.writeHead(302, { location: `${other.url}/jwks` }).end());
    const verify = createExternalVerify(readConfig(issuer.env).externalIssuer!);
    await expect(verify(await other.sign('k1', { iss: issuer.url }))).rejects.toThrow(IssuerUnavailable);
    expect(other.asked()).toBe(0);
  });

  const odd: [name: string, keys: unknown[]][] = [
    ['null', [null]],
    ['texts and numbers', ['k1', 1, true, []]],
    ['keys without a type', [{ kid: 'k1' }]],
    [
      'keys without their parts',
      [
        { kty: 'EC', kid: 'x', crv: 'P-256' },
        { kty: 'RSA', kid: 'y' },
      ],
    ],
    ['secrets', [{ kty: 'oct', kid: 'k1', k: 'AAAA' }]],
    ['keys that mean the prototype', [JSON.parse('{"__proto__":{"polluted":1},"kty":"EC","kid":"__proto__"}')]],
  ];
  it.each(odd)('that publishes %s beside its key: the key works, the rest verifies nothing', async (_, keys) => {
    const issuer = await startIssuer();
    for (const key of keys) issuer.publish(key as never);
    let nowMs = 0;
    const verify = verifierOf(issuer, { now: () => nowMs });
    await expect(verify(await issuer.sign('k1'))).resolves.toMatchObject({ id: '1' });
    for (const kid of ['x', 'y', '__proto__']) {
      // By then the server looks an unknown kid up again, and does not defer it.
      nowMs += 30_000;
      await expect(verify(await issuer.sign('k1', {}, { kid }))).rejects.toThrow(InvalidToken);
    }
    expect({}).not.toHaveProperty('polluted');
  });

  it('that publishes hundreds of keys: one token costs one lookup, not one for each', async () => {
    const issuer = await startIssuer();
    for (let n = 0; n < 400; n += 1)
      issuer.publish({ kty: 'OKP', crv: 'Ed25519', kid: `n${n}`, x: 'AA', alg: 'EdDSA' });
    const verify = createExternalVerify(readConfig(issuer.env).externalIssuer!);
    await expect(verify(await issuer.sign('k1'))).resolves.toMatchObject({ id: '1' });
    // Without a kid hundreds would fit, so the server tries none.
    await expect(verify(await issuer.sign('k1', {}, { kid: undefined, alg: 'ES256' }))).resolves.toMatchObject({
      id: '1',
    });
    expect(issuer.asked()).toBe(1);
  });

  it('delays neither the user routes nor the handshakes of tokens whose key is known', async () => {
    const issuer = await startIssuer();
    await using server = await startTestServer({ env: issuer.env });
    const token = await issuer.sign('k1');
    expect((await handshake(server, { token })).status).toBe(101);
    issuer.behave(drip);
    const strangers = Array.from({ length: 50 }, async (_, n) =>
      handshake(server, { token: await issuer.sign('k1', { exp: nowS() + 60 }, { kid: `s${n}` }) }),
    );
    expect((await handshake(server, { token })).status).toBe(101);
    expect((await request(server, 'GET', '/readyz')).status).toBe(200);
    for (const { status, json } of await Promise.all(strangers))
      expect([status, json.code]).toEqual([503, 'issuer_unavailable']);
  });
});

it('a token may be as large as a request head, and is checked to its last character', async () => {
  await using server = await startTestServer();
  const holds = await mint({ id: '1', username: 'Ann', junk: 'x'.repeat(8_000) });
  expect((await handshake(server, { token: holds.slice(0, -2) })).status).toBe(401);
  expect((await handshake(server, { token: holds })).status).toBe(101);
  expect((await handshake(server, { protocols: ['palaver.v1', `bearer.${holds}`] })).status).toBe(101);
});
