/** The standing rules, on invented rooms: each reports its violation, and nothing in a faultless room. */
import { describe, expect, it } from 'vitest';
import type { Standing } from '../src/cases/case.ts';
import { standingRules } from '../src/cases/rules/index.ts';
import { readFrame, type Seen, type SeenAnswer, type SeenFrame, type SeenSession } from '../src/client/seen.ts';
import type { ChatSpec } from '../src/specs/chat.ts';

type Made = readonly [type: string, id: string, msg: object, sentAt?: string];

const frameOf = ([type, id, msg, sent_at = '2024-03-04T07:47:45.137Z']: Made, line: number): SeenFrame =>
  readFrame(Buffer.from(JSON.stringify({ type, id, sent_at, msg })), { line: line + 1 });

const session = (label: string, ...made: readonly Made[]): SeenSession => ({
  label,
  username: label,
  door: 'websocket',
  identity: undefined,
  closeEvents: [],
  frames: made.map(frameOf),
  exchange: made.map((frame) => `${label} ← ${JSON.stringify(frame)}`),
  closeCode: undefined,
  ending: undefined,
  lastEventId: undefined,
  repeats: new Set(),
});

/** A session that resumed after this id. */
const back = (lastEventId: string, ...made: readonly Made[]): SeenSession => ({
  ...session('Ann', ...made),
  lastEventId,
});

const online = (id: string, ...list: string[]): Made => ['users_online', id, { list }];
const recovered = (id: string, ...list: string[]): Made => ['users_online', id, { list, recovered: true }];
const joined = (id: string, username: string): Made => ['user_joined', id, { username }];
const left = (id: string, username: string): Made => ['user_left', id, { username }];
const said = (id: string, text: string, sentAt?: string): Made => [
  'chat_message',
  id,
  { from_user: 'Ann', text },
  sentAt,
];

const ann = session('Ann', online('0'), joined('1', 'Ann'), joined('2', 'Bob'), said('3', 'hi'), left('4', 'Bob'));
const bob = session('Bob', online('1', 'Ann'), joined('2', 'Bob'), said('3', 'hi'));

const url = new URL('http://127.0.0.1:3000');
const ofAnswers = /^rule\.(www-authenticate|accept|problem-)/;
const chat = { server: [], events: undefined } as unknown as ChatSpec;
const rules = standingRules(url, { chat }).filter(({ id }) => !ofAnswers.test(id));
const seeing = (sessions: readonly SeenSession[], answers: readonly SeenAnswer[] = []): Seen => ({
  sessions,
  answers,
  published: [],
});
const brokenBy = (standing: readonly Standing[], seen: Seen): string[] =>
  standing.filter(({ judge }) => typeof judge(seen) === 'object').map(({ id }) => id);

it('a faultless room breaks no rule, and is enough for every rule to judge', () => {
  expect(rules.map(({ judge }) => judge(seeing([ann, bob])))).toEqual(rules.map(() => undefined));
});

it('missed messages and answers to repeats are not new messages', () => {
  const again: Made = ['chat_message', '3', { from_user: 'Ann', text: 'hi', nonce: 'n' }];
  const repeating = (...made: readonly Made[]): SeenSession => ({
    ...session('Bob', ...made),
    repeats: new Set(['n']),
  });
  const sessions = [
    back('1', recovered('3', 'Ann', 'Bob'), again, left('4', 'Bob')),
    repeating(online('1', 'Ann'), joined('2', 'Bob'), again, again),
    repeating(online('4', 'Ann'), again, said('5', 'ho')),
  ];
  expect(brokenBy(rules, seeing(sessions))).toEqual([]);
});

it('an empty room gives no rule anything to judge', () => {
  expect(rules.map(({ judge }) => judge(seeing([])))).toEqual(rules.map(() => 'unseen'));
});

describe('broken rules', () => {
  const bobSees = (...made: readonly Made[]): SeenSession[] => [ann, session('Bob', ...made)];
  it.each<[name: string, sessions: readonly SeenSession[], want: readonly string[]]>([
    [
      'an id that falls',
      [session('Ann', online('0'), joined('1', 'Ann'), said('3', 'b'), said('2', 'a'))],
      ['rule.order.rising'],
    ],
    ['an id at or before the roster', [session('Ann', online('5', 'Ann'), said('5', 'a'))], ['rule.order.rising']],
    [
      'a frame twice',
      bobSees(online('1', 'Ann'), joined('2', 'Bob'), said('3', 'hi'), said('3', 'hi')),
      ['rule.order.once'],
    ],
    ['another text at an id', bobSees(online('1', 'Ann'), joined('2', 'Bob'), said('3', 'ho')), ['rule.order.same']],
    [
      'a frame that is missed',
      bobSees(online('1', 'Ann'), joined('2', 'Bob'), left('4', 'Bob')),
      ['rule.order.complete'],
    ],
    [
      'a time that goes back',
      [session('Ann', online('0'), joined('1', 'Ann'), said('2', 'a', '2024-03-04T07:47:45.136Z'))],
      ['rule.time'],
    ],
    ['another first frame', [session('Ann', joined('3', 'Ann'), online('2', 'Ann'))], ['rule.first-frame']],
    ['a second roster', [session('Ann', online('0'), online('1'), joined('2', 'Ann'))], ['rule.first-frame']],
    ['who joins twice', [session('Ann', online('0', 'Ann'), joined('1', 'Ann'))], ['rule.presence.consistent']],
    [
      'who leaves without having been there',
      [session('Ann', online('0'), left('1', 'Bob'))],
      ['rule.presence.consistent'],
    ],
    ['recovered where it was not asked for', [session('Ann', recovered('1'), said('2', 'a'))], ['rule.recovery.told']],
    ['no recovered where it was', [back('0', online('1'), said('2', 'a'))], ['rule.recovery.told']],
    [
      'what was missed, to who did not ask for it',
      [session('Ann', online('4'), said('3', 'hi'), said('5', 'ho'))],
      ['rule.order.rising'],
    ],
    ['a roster without who is there', bobSees(online('1'), joined('2', 'Bob'), said('3', 'hi')), ['rule.roster']],
    [
      'a roster in another order',
      [session('Ann', online('0', 'B', 'A'), said('1', 'x')), session('Bob', online('1', 'A', 'B'))],
      ['rule.roster'],
    ],
  ])('%s', (_, sessions, want) => {
    expect(brokenBy(rules, seeing(sessions))).toEqual(want);
  });

  it('shows the exchange that ends with the violation', () => {
    const found = rules
      .find(({ id }) => id === 'rule.order.once')!
      .judge(seeing([session('Bob', online('1'), said('2', 'a'), said('2', 'a'), said('3', 'b'))]));
    expect(found).toMatchObject({
      what: 'Bob: the id 2 comes twice',
      show: expect.stringMatching(/"2".*\n.*"2"[^\n]*$/),
    });
  });
});

describe('answers', () => {
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  const answer = (status: number, json: object | undefined, headers = {}): SeenAnswer => ({
    request: { method: 'GET', path: '/join', headers: { 'Sec-WebSocket-Key': key } },
    answer: { status, headers, text: JSON.stringify(json) ?? '', json },
  });
  const problem = (code: string, title = 'Title', status = 401): object => ({ type: code, title, status, code });
  it.each<[name: string, answers: readonly SeenAnswer[], want: readonly string[]]>([
    ['Bearer alone', [answer(401, problem('missing_token'), { 'www-authenticate': 'Bearer' })], []],
    [
      'Bearer alone for a bad token',
      [answer(401, problem('invalid_token'), { 'www-authenticate': 'Bearer' })],
      ['rule.www-authenticate'],
    ],
    [
      'an error where nothing was offered',
      [answer(401, problem('missing_token'), { 'www-authenticate': 'Bearer error="invalid_token"' })],
      ['rule.www-authenticate'],
    ],
    ['the answer to the key', [answer(101, undefined, { 'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' })], []],
    ['another answer to the key', [answer(101, undefined, { 'sec-websocket-accept': 'x' })], ['rule.accept']],
    ['two titles', [answer(404, problem('a', 'A', 404)), answer(404, problem('a', 'B', 404))], ['rule.problem-title']],
    ['another status in the body', [answer(404, problem('a', 'A', 403))], ['rule.problem-status']],
  ])('%s', (_, answers, want) => {
    expect(brokenBy(standingRules(url, { chat }), seeing([], answers))).toEqual(want);
  });
});
