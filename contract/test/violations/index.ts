import { closes } from './closes.ts';
import { errors } from './errors.ts';
import { frames } from './frames.ts';
import { handshake } from './handshake.ts';
import { history } from './history.ts';
import { http } from './http.ts';
import { nonces } from './nonces.ts';
import { order } from './order.ts';
import { presence } from './presence.ts';
import { recovery } from './recovery.ts';
import { revoked } from './revoked.ts';
import { streams } from './streams.ts';
import { tokenRefresh } from './token-refresh.ts';
import { tokens } from './tokens.ts';
import { users } from './users.ts';
import type { Violation } from './violation.ts';

export interface Group {
  readonly name: string;
  readonly violations: readonly Violation[];
  /** The cases that concern the group, so that each violation runs only those. */
  readonly only: (violation: Violation) => readonly string[];
}

const always =
  (...only: readonly string[]): Group['only'] =>
  () =>
    only;

const ofOperation: Group['only'] = ({ caughtBy }) => [/^http\.\w+/.exec(caughtBy)?.[0] ?? 'http.login', caughtBy];
const door = ['ws.handshake', 'ws.token', 'http.join', 'rule.www-authenticate'];

/** All cases of recovery, of nonces, of the history, or of an operation's parameters. */
const ofPast: Group['only'] = ({ caughtBy }) => [
  caughtBy
    .split('.')
    .slice(0, caughtBy.startsWith('http') ? 3 : 2)
    .join('.'),
];

/** The cases with streams, where the case that catches it is a standing one. */
const ofStreams: Group['only'] = ({ caughtBy }) => [
  caughtBy,
  ...(/^rule\.(events|ids|order)|^events|^http/.test(caughtBy)
    ? ['rule.echo', 'rule.recovery', 'rule.order', 'rule.token-expiry']
    : []),
];

/** Lists each violation that the kit must catch, by subject. */
export const groups: readonly Group[] = [
  { name: 'users', violations: users, only: ofOperation },
  { name: 'http', violations: http, only: ofOperation },
  { name: 'tokens', violations: tokens, only: always(...door) },
  {
    name: 'handshake',
    violations: handshake,
    only: always(...door, 'rule.accept', 'rule.presence', 'rule.limit.sessions'),
  },
  {
    name: 'frames',
    violations: frames,
    only: always(
      'ws.frame',
      'ws.send.chat_message.valid',
      'ws.send.chat_message.invalid.msg.text',
      'rule.first-frame',
      'rule.echo',
      'rule.exact',
      'rule.spoof',
      'rule.errors',
    ),
  },
  {
    name: 'order',
    violations: order,
    only: always('rule.order', 'rule.time', 'rule.echo', 'rule.early-frames', 'rule.last-words', 'rule.presence'),
  },
  { name: 'presence', violations: presence, only: always('rule.presence', 'rule.roster', 'rule.order') },
  {
    name: 'errors',
    violations: errors,
    only: always(
      'ws.frame',
      'ws.send.unknown-type',
      'ws.send.malformed',
      'ws.send.chat_message.invalid.msg',
      'rule.errors',
      'rule.limit.frames',
    ),
  },
  {
    name: 'access',
    violations: [...tokenRefresh, ...revoked],
    only: ({ caughtBy }) =>
      caughtBy.startsWith('ws.') ? ['rule.token-refresh', caughtBy] : [caughtBy.replace(/(refresh)\..*/, '$1')],
  },
  { name: 'past', violations: [...recovery, ...nonces, ...history], only: ofPast },
  { name: 'streams', violations: streams, only: ofStreams },
  { name: 'closes', violations: closes, only: always('ws.bytes', 'ws.close', 'rule.errors', 'rule.token-expiry') },
];
