import { describe, expect, it } from 'vitest';
import { handshake } from '../../harness/chat.ts';
import { startTestServer } from '../../harness/server.ts';
import { component, openapi } from '../../harness/spec.ts';
import { mint, mintUnsigned, nowS, testSecret } from '../../harness/tokens.ts';

const ann = { id: '1', username: 'Ann' };
const longest = (name: string): number => component(openapi, name).maxLength!;
const base64url = (text: string): string => Buffer.from(text).toString('base64url');

/** A valid token with another character in one of its parts. */
async function tampered(part: number): Promise<string> {
  const parts = (await mint(ann)).split('.');
  const [first = '', ...rest] = parts[part]!;
  parts[part] = [first === 'A' ? 'B' : 'A', ...rest].join('');
  return parts.join('.');
}

const good: [name: string, make: () => string | Promise<string>][] = [
  ['no more than it needs', () => mint(ann)],
  ['unused claims', () => mint({ ...ann, email: 7, roles: ['admin'], aud: 'x', jti: 'y' })],
  ['sub equal to id', () => mint({ ...ann, sub: '1' })],
  ['the times of a fresh one', () => mint({ ...ann, iat: nowS(), nbf: nowS() })],
  ['a time with a fraction', () => mint({ ...ann, exp: nowS() + 60.5 })],
  ['an end far away', () => mint({ ...ann, exp: nowS() + 100 * 365 * 86_400 })],
  ['an end within the tolerance of clocks', () => mint({ ...ann, exp: nowS() - 3 })],
  ['a beginning within the tolerance of clocks', () => mint({ ...ann, nbf: nowS() + 3 })],
  ['an id as long as may be', () => mint({ ...ann, id: 'x'.repeat(longest('UserId')) })],
  ['an id as long as may be, beyond the BMP', () => mint({ ...ann, id: '😀'.repeat(longest('UserId')) })],
  ['a username as long as may be, beyond the BMP', () => mint({ ...ann, username: '😀'.repeat(longest('Username')) })],
];

const bad: typeof good = [
  ['another secret', () => mint(ann, { secret: `${testSecret}!` })],
  ['another algorithm with the same secret', () => mint(ann, { alg: 'HS512' })],
  ['no signature', () => mintUnsigned(ann)],
  ['the header tampered with', () => tampered(0)],
  ['the claims tampered with', () => tampered(1)],
  ['the signature tampered with', () => tampered(2)],
  ['the signature cut off', async () => (await mint(ann)).replace(/[^.]+$/, '')],
  ['two parts', async () => (await mint(ann)).replace(/\.[^.]+$/, '')],
  ['a fourth part', async () => `${await mint(ann)}.x`],
  ['claims that are no object', () => `${base64url('{"alg":"HS256"}')}.${base64url('[]')}.x`],
  ['nothing like a token', () => 'token'],
  ['another issuer', () => mint({ ...ann, iss: 'somebody' })],
  ['no issuer', () => mint({ ...ann, iss: undefined })],
  ['a list of issuers', () => mint({ ...ann, iss: ['palaver'] })],
  ['an end that is over', () => mint({ ...ann, exp: nowS() - 6 })],
  ['no end', () => mint({ ...ann, exp: undefined })],
  ['an end in a string', () => mint({ ...ann, exp: String(nowS() + 60) })],
  ['an end that is null', () => mint({ ...ann, exp: null })],
  ['a beginning to come', () => mint({ ...ann, nbf: nowS() + 60 })],
  ['a beginning in a string', () => mint({ ...ann, nbf: '0' })],
  ['a time of issue in a string', () => mint({ ...ann, iat: '0' })],
  ['sub other than id', () => mint({ ...ann, sub: '2' })],
  ['sub that is a number', () => mint({ ...ann, sub: 1 })],
  ['sub that is null', () => mint({ ...ann, sub: null })],
  ['no id, only sub', () => mint({ ...ann, id: undefined, sub: '1' })],
  ['an id that is a number', () => mint({ ...ann, id: 1 })],
  ['an empty id', () => mint({ ...ann, id: '' })],
  ['an id that is too long', () => mint({ ...ann, id: 'x'.repeat(longest('UserId') + 1) })],
  ['an id that is ill-formed', () => mint({ ...ann, id: '\ud83d' })],
  ['no username', () => mint({ ...ann, username: undefined })],
  ['a username that is a list', () => mint({ ...ann, username: ['Ann'] })],
  ['an empty username', () => mint({ ...ann, username: '' })],
  ['a username of 65 characters', () => mint({ ...ann, username: 'x'.repeat(65) })],
  ['a username with white space first', () => mint({ ...ann, username: ' Ann' })],
  ['a username with white space last', () => mint({ ...ann, username: 'Ann\u00a0' })],
  ['a username with a line feed', () => mint({ ...ann, username: 'An\nn' })],
  ['a username with a format character', () => mint({ ...ann, username: 'An\u200bn' })],
];

describe('accepts a token with', () => {
  it.each(good)('%s', async (_, make) => {
    await using server = await startTestServer();
    expect((await handshake(server, { token: await make() })).status).toBe(101);
    expect((await handshake(server, { protocols: ['palaver.v1', `bearer.${await make()}`] })).status).toBe(101);
  });
});

describe('refuses a token with', () => {
  it.each(bad)('%s', async (_, make) => {
    await using server = await startTestServer();
    for (const credentials of [{ token: await make() }, { protocols: ['palaver.v1', `bearer.${await make()}`] }]) {
      const { status, headers, json } = await handshake(server, credentials);
      expect([status, json.code, headers['www-authenticate']]).toEqual([
        401,
        'invalid_token',
        'Bearer error="invalid_token"',
      ]);
    }
  });
});
