/** Names that look like another's, or like nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { foldedKey } from '../../src/folded-key.ts';
import { connect, handshake } from '../harness/chat.ts';
import { request } from '../harness/http.ts';
import { startTestServer, type TestServer } from '../harness/server.ts';
import { mint } from '../harness/tokens.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

let users = 0;
const signUp = async (username: string, email?: string): Promise<string> => {
  users += 1;
  const json = { username, email: email ?? `u${users}@example.com`, password: 'correct horse' };
  const answer = await request(server, 'POST', '/createUser', { json });
  return answer.status === 201 ? 'created' : String(answer.json.code);
};

describe('a name that turns text round, hides or shows nothing is refused, at the desk and in a token', () => {
  const unseen: [name: string, char: string][] = [
    ['right-to-left override', '\u202e'],
    ['left-to-right override', '\u202d'],
    ['right-to-left embedding', '\u202b'],
    ['pop directional formatting', '\u202c'],
    ['right-to-left isolate', '\u2067'],
    ['pop directional isolate', '\u2069'],
    ['right-to-left mark', '\u200f'],
    ['Arabic letter mark', '\u061c'],
    ['zero-width space', '\u200b'],
    ['zero-width non-joiner', '\u200c'],
    ['zero-width joiner', '\u200d'],
    ['word joiner', '\u2060'],
    ['invisible times', '\u2062'],
    ['soft hyphen', '\u00ad'],
    ['byte order mark', '\ufeff'],
    ['Mongolian vowel separator', '\u180e'],
    ['interlinear annotation', '\ufff9'],
    ['tag letter', '\u{e0041}'],
    ['line separator', '\u2028'],
    ['line feed', '\n'],
    ['escape', '\u001b'],
    ['CSI', '\u009b'],
    ['delete', '\u007f'],
    ['NUL', '\0'],
  ];
  it.each(unseen)('%s', async (_, char) => {
    for (const name of [`Ig${char}or`, `${char}Igor`, `Igor${char}`, char]) {
      expect(await signUp(name)).toBe('invalid_body');
      const { status } = await handshake(server, { token: await mint({ id: '1', username: name }) });
      expect(status).toBe(401);
    }
  });

  it.each(['\u0020', '\u00a0', '\u2003', '\u3000', '\u1680', '\u202f'])('white space at an end: %j', async (char) => {
    for (const name of [`${char}Igor`, `Igor${char}`, char]) expect(await signUp(name)).toBe('invalid_body');
  });
});

const lookAlikes: [name: string, like: string][] = [
  ['Victor', 'victor'],
  ['Victor', 'VICTOR'],
  ['Victor', 'Ｖｉｃｔｏｒ'],
  ['Victor', '𝐕𝐢𝐜𝐭𝐨𝐫'],
  ['Victor', 'Ⓥⓘⓒⓣⓞⓡ'],
  ['Victor', 'ⅴictor'],
  ['Office', 'Oﬃce'],
  ['Kelvin', '\u212aelvin'],
  ['Zoé', 'Zoe\u0301'],
  ['Ångström', '\u212bngstro\u0308m'],
  ['User 2', 'User\u00a0²'],
  ['Number 1', 'Number\u2003①'],
];

describe('a name that looks like one that is taken is taken', () => {
  it.each(lookAlikes)('%s: %s, at the desk', async (name, like) => {
    await signUp(name);
    expect(await signUp(like)).toBe('username_taken');
  });

  it.each(lookAlikes)('%s: %s, in the room', async (name, like) => {
    const chat = await connect(server, { token: await mint({ id: `id of ${name}`, username: name }) });
    const answer = await handshake(server, { token: await mint({ id: 'another', username: like }) });
    expect([answer.status, answer.json.code]).toEqual([409, 'name_in_use']);
    await chat.close();
  });

  it.each([
    ['eve@example.com', 'EVE@Example.Com'],
    ['bob@example.com', 'ｂｏｂ@example.com'],
    ['kim@example.com', '\u212aim@example.com'],
  ])('%s: %s, as an e-mail', async (email, like) => {
    await signUp(`Mail ${email}`, email);
    expect(await signUp(`Other ${email}`, like)).toBe('email_taken');
  });
});

it('what a name is folded to folds to itself, whichever character it holds', () => {
  const restless: string[] = [];
  for (let code = 0; code <= 0x10ffff; code += 1) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const key = foldedKey(`a${String.fromCodePoint(code)}`);
    if (foldedKey(key) !== key) restless.push(`U+${code.toString(16)}`);
  }
  expect(restless).toEqual([]);
});
