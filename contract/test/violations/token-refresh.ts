import { closeFrame, type Message, messageFrame } from '../proxy/frames.ts';
import type { Switch } from '../proxy/proxy.ts';
import { claimsOf, type Session } from '../proxy/room.ts';
import { onSay, onTell, type Violation, withMsg, without } from './violation.ts';

const isoOf = (seconds: number | undefined): string => new Date((seconds ?? 0) * 1_000).toISOString();
const refreshed = (message: Partial<Message>, exp: number | undefined): Message => ({
  type: 'token_refreshed',
  sent_at: new Date().toISOString(),
  msg: { expires_at: isoOf(exp), ...(message.msg?.nonce !== undefined && { nonce: message.msg.nonce }) },
});
const onRefreshed = (change: (message: Message, session: Session) => Message): (() => Switch) =>
  onTell('token_refreshed', change);
/** Changes the answer to the token of another user. */
const onForeign = (change: (message: Message) => Message | readonly (Message | ReturnType<typeof closeFrame>)[]) =>
  onTell('error', (message) => (message.msg.code === 'invalid_token' ? change(message) : undefined));

export const tokenRefresh: readonly Violation[] = [
  {
    name: 'refresh-ignored',
    breaks: 'ignores a new token',
    caughtBy: 'rule.token-refresh.answered',
    plant: onSay((message) => (message?.type === 'token_refresh' ? [] : undefined)),
  },
  {
    name: 'refreshed-to-all',
    breaks: 'sends token_refreshed to everyone',
    caughtBy: 'rule.token-refresh.answered',
    plant: onTell('token_refreshed', (message, session, { sessions }) => {
      for (const other of sessions) if (other !== session) other.tell(messageFrame(message));
      return undefined;
    }),
  },
  {
    name: 'refreshed-twice',
    breaks: 'answers a new token twice',
    caughtBy: 'rule.token-refresh.answered',
    plant: onTell('token_refreshed', (message) => [message, message]),
  },
  {
    name: 'refreshed-until-before',
    breaks: 'sends the expiry of the old token as expires_at',
    caughtBy: 'rule.token-refresh.answered',
    plant: onRefreshed((message, { claims }) => withMsg(message, { expires_at: isoOf(claims.exp) })),
  },
  {
    name: 'refreshed-without-nonce',
    breaks: 'sends token_refreshed without its nonce',
    caughtBy: 'rule.token-refresh.answered',
    plant: onRefreshed((message) => ({ ...message, msg: without(message.msg, 'nonce') })),
  },
  {
    name: 'refreshed-with-more',
    breaks: 'sends token_refreshed with an undeclared property',
    caughtBy: 'ws.frame.token_refreshed',
    plant: onRefreshed((message) => withMsg(message, { username: 'Ann' })),
  },
  {
    name: 'refresh-without-effect',
    breaks: 'closes a connection with a new token when its first one expires',
    caughtBy: 'rule.token-refresh.survives',
    plant: onSay((message, _, session) => {
      const { id, exp } = claimsOf(String(message?.msg?.token));
      if (message?.type !== 'token_refresh' || id !== session.claims.id) return undefined;
      session.tell(messageFrame(refreshed(message, exp)));
      return [];
    }),
  },
  {
    name: 'foreign-token-taken',
    breaks: 'accepts the token of another user',
    caughtBy: 'rule.token-refresh.foreign',
    plant: onForeign((message) => refreshed(message, 4_000_000_000)),
  },
  {
    name: 'foreign-token-ends-the-session',
    breaks: 'closes the connection at the token of another user',
    caughtBy: 'rule.token-refresh.foreign',
    plant: onForeign((message) => [message, closeFrame(1008)]),
  },
  {
    name: 'foreign-token-is-invalid-message',
    breaks: 'reports the token of another user as an invalid message',
    caughtBy: 'rule.token-refresh.foreign',
    plant: onForeign((message) => withMsg(message, { code: 'invalid_message' })),
  },
];
