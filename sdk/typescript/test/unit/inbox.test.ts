import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createInbox } from '../../src/inbox.ts';
import type { RoomEvents, ServerMessage } from '../../src/index.ts';
import { createPosition } from '../../src/position.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const online = (id: string, list: string[], recovered?: boolean): ServerMessage => ({
  ...{ type: 'users_online', id, sent_at: '' },
  msg: { list, ...(recovered !== undefined && { recovered }) },
});
const joined = (id: string, username: string): ServerMessage => ({
  ...{ type: 'user_joined', id, sent_at: '', msg: { username } },
});
const left = (id: string, username: string): ServerMessage => ({
  type: 'user_left',
  id,
  sent_at: '',
  msg: { username },
});
const message = (id: string, text: string): ServerMessage => ({
  ...{ type: 'chat_message', id, sent_at: '', msg: { from_user: 'Ann', text } },
});

/** An inbox, and a list of its effects on the room and the outbox, in order. */
function start() {
  const log: string[] = [];
  const position = createPosition();
  const inbox = createInbox({
    position,
    outbox: { settle: ({ type }) => log.push(`settle ${type}`), rejectUnsettled: () => log.push('reject unsettled') },
    emit: (name, event) => log.push(name === 'roster' ? `roster ${(event as RoomEvents['roster']).join()}` : name),
  });
  return { inbox, position, log };
}

describe('the inbox', () => {
  it('emits each frame, and the roster after each change', () => {
    const { inbox, log } = start();
    for (const frame of [online('1', ['Ann'], true), joined('2', 'Ben'), message('3', 'Hi'), left('4', 'Ann')])
      inbox.receive(frame);
    expect(log).toEqual([
      ...['users_online', 'roster Ann', 'user_joined', 'roster Ann,Ben'],
      ...['chat_message', 'settle chat_message', 'user_left', 'roster Ben'],
    ]);
    expect([inbox.roster, Object.isFrozen(inbox.roster)]).toEqual([['Ben'], true]);
  });

  it('settles a message that arrives twice, and emits it once', () => {
    const { inbox, log } = start();
    inbox.receive(message('5', 'Hi'));
    inbox.receive(message('5', 'Hi'));
    expect(log).toEqual(['chat_message', 'settle chat_message', 'settle chat_message']);
  });

  it.each([
    [true, []],
    [false, ['reject unsettled']],
    [undefined, ['reject unsettled']],
  ])('rejects unsettled messages unless missed ones are recovered: %s', (recovered, rejected) => {
    const { inbox, log } = start();
    inbox.receive(online('1', [], recovered));
    expect(log).toEqual(['users_online', 'roster ', ...rejected]);
  });

  it('moves the position over a frame of an unknown type, and emits nothing', () => {
    const { inbox, position, log } = start();
    inbox.receive(message('1', 'Hi'));
    log.length = 0;
    inbox.receive({ type: 'unknown', id: '2' });
    expect([position.id, log]).toEqual(['2', []]);
  });

  it('buffers frames until the next turn of the event loop, and keeps their order', () => {
    const { inbox, log } = start();
    inbox.buffer();
    inbox.receive(online('1', ['Ann'], true));
    inbox.receive(message('2', 'Hi'));
    expect([log, inbox.roster]).toEqual([[], []]);
    vi.advanceTimersByTime(0);
    inbox.receive(left('3', 'Ann'));
    expect(log.filter((entry) => !/^(roster|settle)/.test(entry))).toEqual([
      'users_online',
      'chat_message',
      'user_left',
    ]);
  });

  it('drops buffered and later frames once it is closed', () => {
    const { inbox, log } = start();
    inbox.buffer();
    inbox.receive(message('1', 'Hi'));
    inbox.close();
    vi.advanceTimersByTime(0);
    inbox.receive(message('2', 'Hi'));
    expect(log).toEqual([]);
  });
});
