/** Compares the log events with their documentation, and with the lines of a real server. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createLocalBackplane } from '../../../src/backplane/local.ts';
import { StoreUnavailable } from '../../../src/database/database.ts';
import type { MessageStore } from '../../../src/history/message-store.ts';
import { type LogEvent, logEvents } from '../../../src/log/events.ts';
import { connect } from '../../harness/chat.ts';
import { request, signUp } from '../../harness/http.ts';
import { startTestServer } from '../../harness/server.ts';
import { mint, testAdminToken } from '../../harness/tokens.ts';

type Line = Readonly<Record<string, unknown>>;

const chapter = readFileSync(join(import.meta.dirname, '../../../docs/reference/log-events.md'), 'utf8');
const levels = { debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;
/** Fields of every line. */
const common = ['level', 'time', 'event', 'msg'];

describe('the chapter’s table', () => {
  const rows = [...chapter.matchAll(/^\| `([a-z_]+)` \| (debug|info|warn|error|fatal) \| ([^|]*)\| .*\w.* \|$/gm)];

  it('has exactly one row for each event, with its level and fields', () => {
    const said = rows.map(([, name, level, fields]) => [
      name,
      { level, fields: [...fields!.matchAll(/`(\w+)`/g)].map(([, field]) => field) },
    ]);
    const known = Object.entries(logEvents).map(([name, { level, fields }]) => [name, { level, fields }]);
    expect(Object.fromEntries(said)).toEqual(Object.fromEntries(known));
    expect(said).toHaveLength(known.length);
  });

  it('names are stable words, and no two events have the same text', () => {
    const texts = Object.values(logEvents).map(({ text }) => text);
    expect(new Set(texts).size).toBe(texts.length);
    for (const name of Object.keys(logEvents)) expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
  });
});

describe('the lines of a server', () => {
  const lines: Line[] = [];
  const of = (event: LogEvent): Line[] => lines.filter((line) => line.event === event);
  const token = (id: string) => mint({ id, username: `User ${id}` });

  beforeAll(async () => {
    const messages: MessageStore = {
      append: async () => Promise.reject(new StoreUnavailable('planted')),
      before: async () => ({ messages: [], gaps: [], more: false }),
      after: async () => ({ messages: [], gaps: [], more: false }),
      lastDue: async () => undefined,
      prune: async () => Promise.reject(new StoreUnavailable('planted')),
      retention: async () => undefined,
      putRetention: async () => {},
      runs: async () => [],
      putRun: async () => {},
    };
    const local = createLocalBackplane({ epoch: 0 });
    const admit: typeof local.admit = async (member, since) => {
      if (member.id === 'broken') throw new Error('planted');
      const admission = await local.admit(member, since);
      if ('refusal' in admission || member.id !== 'failing') return admission;
      const fail = async (): Promise<never> => Promise.reject(new Error('planted'));
      let released = false;
      // Fails once: the next call finds no seat to release.
      const release = async (): Promise<void> => {
        if (!released) {
          released = true;
          await fail();
        }
      };
      return { seat: { ...admission.seat, publish: fail, release } };
    };
    await using server = await startTestServer({
      env: { LOG_LEVEL: 'trace', MAX_BUFFERED_BYTES: '1024' },
      onLogLine: (line) => lines.push(JSON.parse(line) as Line),
      messages,
      backplane: { ...local, admit },
    });
    const admin = { headers: { Authorization: `Bearer ${testAdminToken}` } };
    const user = await signUp(server);
    await request(server, 'POST', `/admin/users/${user.id}/disable`, admin);
    await request(server, 'POST', `/admin/users/${user.id}/enable`, admin);
    await request(server, 'POST', '/logout', { headers: { Authorization: `Bearer ${user.token}` } });
    await connect(server, { token: await token('broken') }).catch(() => {});

    const chat = await connect(server, { token: await token('1'), headers: { 'X-Request-Id': 'handshake-1' } });
    chat.sendRaw('no JSON');
    await chat.next('error');
    chat.say('Hello!');
    await chat.next('chat_message');
    await chat.close();
    const binary = await connect(server, { token: await token('2') });
    binary.sendRaw('bytes', true);
    await binary.closed();
    const big = await connect(server, { token: await token('3') });
    big.sendRaw('x'.repeat(70_000));
    await big.closed();
    const failing = await connect(server, { token: await token('failing') });
    failing.say('Hello!');
    expect(await failing.closed()).toBe(1011);
    const [slow, talker] = [
      await connect(server, { token: await token('4') }),
      await connect(server, { token: await token('5') }),
    ];
    slow.pause();
    while (of('slow_consumer').length === 0) {
      talker.say('€'.repeat(4_096));
      await talker.next('chat_message');
    }
    slow.resume();
    expect(await slow.closed()).toBe(1013);
  });

  it('have an event of the table, its level and text, and only its fields', () => {
    for (const line of lines) {
      const { event } = line;
      expect(Object.keys(logEvents)).toContain(event);
      const { level, text, fields } = logEvents[event as LogEvent];
      expect([event, line.level, line.msg]).toEqual([event, levels[level], text]);
      expect([event, Object.keys(line).filter((key) => ![...common, ...fields].includes(key as never))]).toEqual([
        event,
        [],
      ]);
    }
  });

  const always: [event: LogEvent, count: number | undefined][] = [
    ['request', undefined],
    ['request_failed', 1],
    ['token_given_back', 1],
    ['user_disabled', 1],
    ['user_enabled', 1],
    ['session_joined', 6],
    ['session_left', 6],
    ['session_broke_protocol', 1],
    ['session_failed', 1],
    ['frame_refused', 1],
    ['slow_consumer', 1],
    ['seat_not_released', 1],
    ['history_behind', 1],
    ['history_lost', 1],
    ['history_not_pruned', 1],
  ];
  it.each(always)('say %s with all its fields', (event, count) => {
    const found = of(event);
    if (count === undefined) expect(found.length).toBeGreaterThan(0);
    else expect(found).toHaveLength(count);
    // A request has the fields of its session if it opened one, and a code if it was refused.
    const optional = event === 'request' ? ['sessionId', 'userId', 'code'] : [];
    for (const line of found)
      for (const field of logEvents[event].fields)
        if (!optional.includes(field)) expect([event, line[field]]).not.toEqual([event, undefined]);
  });

  it('of one connection have the ids of its session, its handshake and its user, from the first to the last', () => {
    const mine = lines.filter(({ requestId }) => requestId === 'handshake-1');
    expect(mine.map(({ event }) => event)).toEqual(['request', 'session_joined', 'frame_refused', 'session_left']);
    const { sessionId } = mine[0]!;
    expect(sessionId).toMatch(/^[\da-f-]{36}$/);
    for (const line of mine) expect(line).toMatchObject({ sessionId, userId: '1' });
    expect(mine[0]).toMatchObject({ status: 101, path: '/join' });
    expect(mine[3]).toMatchObject({ code: 1005, by: 'client' });
  });

  it('say how each session ended, and who ended it', () => {
    const ends = of('session_left').map(({ userId, code, by }) => `${userId} ${code} ${by}`);
    expect(ends.sort()).toEqual([
      '1 1005 client',
      '2 1003 server',
      '3 1009 server',
      '4 1013 server',
      '5 1001 server',
      'failing 1011 server',
    ]);
  });

  it('contain no names and no messages', () => {
    const text = JSON.stringify(lines);
    for (const word of ['User 1', '@example.com', 'Hello', 'no JSON', '€']) expect(text).not.toContain(word);
  });
});
