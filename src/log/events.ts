/** An event of the log. Its name is stable, since dashboards and alerts use it; people read the text. */
interface Event {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  /** Message for people; the field `msg`. */
  readonly text: string;
  /** Further fields of its line. */
  readonly fields: readonly string[];
}

const session = ['sessionId', 'requestId', 'userId'] as const;

export const logEvents = {
  server_listening: { level: 'info', text: 'Palaver is listening', fields: ['http', 'chat', 'metrics'] },
  server_stopping: { level: 'info', text: 'Palaver is stopping', fields: ['signal'] },
  server_stopped: { level: 'info', text: 'Palaver has stopped', fields: [] },
  server_failed: { level: 'fatal', text: 'Palaver failed because of an unexpected error', fields: ['err'] },
  stop_failed: { level: 'error', text: 'Palaver did not shut down in order', fields: ['err'] },

  setting_unknown: {
    level: 'warn',
    text: 'unknown setting: its name may be misspelt',
    fields: ['name', 'likely'],
  },
  user_ids_personal: {
    level: 'warn',
    text: 'ids of users look like e-mail addresses, and everyone in the room sees them: choose another JWT_ID_CLAIM',
    fields: ['claim'],
  },
  file_descriptors_few: {
    level: 'warn',
    text: 'the limit of open files is too low for MAX_SESSIONS: raise it, or lower MAX_SESSIONS',
    fields: ['limit', 'needed'],
  },
  file_descriptors_exhausted: {
    level: 'error',
    text: 'all file descriptors are in use: new connections are cut off',
    fields: ['code', 'limit'],
  },
  file_descriptors_available: { level: 'info', text: 'file descriptors are available again', fields: [] },
  log_lines_lost: { level: 'warn', text: 'the log can be written again: some lines were lost', fields: ['lost'] },

  request: {
    level: 'info',
    text: 'request',
    fields: ['requestId', 'method', 'path', 'status', 'code', 'ms', 'ip', 'sessionId', 'userId'],
  },
  request_unread: { level: 'debug', text: 'request unreadable', fields: ['reason', 'code', 'ip'] },
  head_too_large: { level: 'info', text: 'request rejected: its URL and headers are too large', fields: ['ip'] },
  forwarded_unread: {
    level: 'warn',
    text: 'X-Forwarded-For has an invalid address: rate limits count the address of the proxy instead',
    fields: ['requestId', 'entry'],
  },
  origin_refused: {
    level: 'info',
    text: 'origin refused: add it to ALLOWED_ORIGINS if the page is yours',
    fields: ['requestId', 'origin'],
  },
  request_failed: { level: 'error', text: 'request failed', fields: ['requestId', 'err'] },
  connection_failed: { level: 'debug', text: 'connection failed', fields: ['requestId', 'err'] },
  upgrade_failed: { level: 'error', text: 'handshake or request for events failed', fields: ['requestId', 'err'] },

  session_joined: { level: 'debug', text: 'session joined', fields: [...session, 'transport'] },
  session_left: { level: 'debug', text: 'session left', fields: [...session, 'code', 'by'] },
  session_gone: { level: 'debug', text: 'session dead: it gave no sign of life', fields: session },
  session_broke_protocol: {
    level: 'debug',
    text: 'session violated the WebSocket protocol',
    fields: [...session, 'err'],
  },
  session_failed: { level: 'error', text: 'session failed', fields: [...session, 'code', 'err'] },
  frame_refused: { level: 'debug', text: 'frame refused', fields: [...session, 'code'] },
  slow_consumer: {
    level: 'warn',
    text: 'session closed: slow consumer',
    fields: [...session, 'buffered', 'slowConsumers'],
  },
  seat_not_released: { level: 'error', text: 'session not removed from the room', fields: [...session, 'err'] },

  token_refused: {
    level: 'debug',
    text: 'token refused',
    fields: [...session, 'reason', 'claim', 'expected', 'got'],
  },
  token_put_off: {
    level: 'debug',
    text: 'token put off: its key is not known yet',
    fields: [...session, 'reason', 'kid', 'retryAfterS'],
  },
  issuer_unavailable: { level: 'warn', text: 'cannot fetch the keys of JWKS_URL', fields: ['err'] },
  issuer_back: { level: 'info', text: 'the keys of JWKS_URL are available again', fields: [] },
  token_given_back: { level: 'info', text: 'user logged out', fields: ['requestId', 'userId'] },
  user_disabled: { level: 'info', text: 'user disabled', fields: ['requestId', 'userId'] },
  user_enabled: { level: 'info', text: 'user enabled', fields: ['requestId', 'userId'] },
  hash_not_renewed: {
    level: 'warn',
    text: 'cannot store the new password hash: the old one stays',
    fields: ['requestId', 'userId', 'err'],
  },
  hashing_ended: {
    level: 'error',
    text: 'the process that hashes passwords ended: it restarts with the next password',
    fields: ['code', 'signal', 'failed', 'err'],
  },
  revocations_unread: { level: 'warn', text: 'cannot read revocations: trying again', fields: ['err'] },

  store_unavailable: { level: 'error', text: 'the store is unavailable', fields: ['err'] },
  store_available: { level: 'info', text: 'the store is available again', fields: [] },
  history_behind: { level: 'error', text: 'cannot store messages: they wait in memory', fields: ['err', 'waiting'] },
  history_caught_up: { level: 'info', text: 'messages are stored again', fields: ['lost'] },
  history_lost: { level: 'error', text: 'messages were not stored before the server stopped', fields: ['lost'] },
  clock_implausible: {
    level: 'warn',
    text: 'the clock is far from the time of the last stored messages: check it',
    fields: ['aheadS', 'lastKnown'],
  },
  second_server: {
    level: 'error',
    text: 'another server uses this database without REDIS_URL, as a room of its own: stop one of them',
    fields: ['epoch'],
  },
  history_not_pruned: { level: 'warn', text: 'cannot remove expired messages: trying again', fields: ['err'] },

  redis_lost: { level: 'warn', text: 'connection to Redis lost', fields: ['err'] },
  redis_unusable: { level: 'warn', text: 'cannot use a connection to Redis: reconnecting', fields: ['use', 'err'] },
  redis_usable: { level: 'info', text: 'a connection to Redis works again', fields: ['use'] },
  redis_may_evict: {
    level: 'warn',
    text: 'Redis may evict keys: set maxmemory-policy to noeviction',
    fields: ['policy'],
  },
  redis_back: { level: 'info', text: 'connection to Redis restored', fields: [] },
} as const satisfies Record<string, Event>;

export type LogEvent = keyof typeof logEvents;

type Field<Name extends LogEvent> = (typeof logEvents)[Name]['fields'][number];
/** Fields that the log may already have. */
type Bound = (typeof session)[number];

/** Fields of an event's line. All are required; undefined ones are left out of the line. */
export type FieldsOf<Name extends LogEvent> = {
  readonly [Key in Exclude<Field<Name>, Bound>]: Key extends 'err' ? unknown : string | number | undefined;
} & { readonly [Key in Extract<Field<Name>, Bound>]?: string | undefined };
