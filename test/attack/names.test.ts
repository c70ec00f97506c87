/** Names that look like another name, or that cannot be seen. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

describe('a name with an invisible character, or one that reverses text, is refused', () => {
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
  ['Weiß', 'WEISS'],
  ['Σίσυφος', 'ΣΊΣΥΦΟΣ'],
];

describe('refuses a name that looks like a taken one', () => {
  it.each(lookAlikes)('%s: %s, at sign-up', async (name, like) => {
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

describe('refuses a name of which somebody else has a form that looks the same', () => {
  /** White space or invisible characters in a name, at its ends, and both. */
  const others = (name: string): string[] => {
    const [first, ...rest] = name;
    const unseen = ['\ufe0f', '\u034f', '\u3164', '\u17b4', '\u{e0100}'];
    return [
      ...unseen.flatMap((char) => [`${char}${name}`, `${first}${char}${rest.join('')}`, `${name}${char}`]),
      ...(name.includes(' ') ? [name.replace(' ', '  '), name.replace(' ', ' \u3164 ')] : []),
    ];
  };

  it.each(['Ludmila', 'Anna Maria'])('%s, at sign-up and in the room', async (name) => {
    expect(await signUp(name)).toBe('created');
    const chat = await connect(server, { token: await mint({ id: `id of ${name}`, username: name }) });
    for (const like of others(name)) {
      expect([like, await signUp(like)]).toEqual([like, 'username_taken']);
      const { status, json } = await handshake(server, { token: await mint({ id: 'another', username: like }) });
      expect([like, status, json.code]).toEqual([like, 409, 'name_in_use']);
    }
    await chat.close();
  });

  it.each(['\u3164', '\u034f\ufe0f', '\u3164 \u3164', '\u17b4\u00a0\u17b5'])(
    'a name of nothing but %j is refused',
    async (name) => {
      expect(await signUp(name)).toBe('invalid_body');
      expect((await handshake(server, { token: await mint({ id: '1', username: name }) })).status).toBe(401);
    },
  );
});

describe('a joiner', () => {
  const needed: [what: string, name: string, without: string][] = [
    ['between two Persian letters', 'علی\u200cرضا', 'علیرضا'],
    ['at the end of a Malayalam name', 'അനില\u0d4d\u200d', 'അനില\u0d4d'],
    ['at the end of a Malayalam word', 'സുനില\u0d4d\u200d കുമാര\u0d4d\u200d', 'സുനില\u0d4d കുമാര\u0d4d'],
    ['in a Sinhala conjunct', 'ශ\u0dca\u200dරී', 'ශ\u0dcaරී'],
    ['in an emoji of three people', '👨\u200d👩\u200d👧', '👨👩👧'],
    ['behind a variation selector', '❤\ufe0f\u200d🔥', '❤🔥'],
    ['behind a skin tone', '👩🏽\u200d🚀', '👩🏽🚀'],
    ['in a flag', '🏳\ufe0f\u200d⚧\ufe0f', '🏳⚧'],
  ];
  it.each(needed)('%s is part of a name, and is ignored where names are compared', async (_, name, without) => {
    expect(await signUp(name)).toBe('created');
    expect(await signUp(without)).toBe('username_taken');
    const chat = await connect(server, { token: await mint({ id: `id of ${name}`, username: name }) });
    expect((await chat.next('user_joined')).msg).toMatchObject({ username: name });
    const { status } = await handshake(server, { token: await mint({ id: 'another', username: without }) });
    expect(status).toBe(409);
    await chat.close();
  });

  const wrong: [what: string, name: string][] = [
    ['in Latin', 'Ig*or'],
    ['at the beginning', '*علی'],
    ['at the end', 'علی*'],
    ['at the end of a word', 'علی* رضا'],
    ['at the beginning of a word', 'علی *رضا'],
    ['twice in a row', 'علی**رضا'],
    ['between Latin and Persian', 'a*رضا'],
    ['between Persian and Latin', 'علی*a'],
    ['between a virama and Latin', 'അനില\u0d4d*a'],
    ['twice behind a virama', 'അനില\u0d4d**'],
    ['alone', '*'],
  ];
  it.each(wrong)('%s is refused', async (_, name) => {
    for (const joiner of ['\u200c', '\u200d']) {
      const username = name.replaceAll('*', joiner);
      expect(await signUp(username)).toBe('invalid_body');
      expect((await handshake(server, { token: await mint({ id: '1', username }) })).status).toBe(401);
    }
  });
});
