/** An event of the log. Its name is stable, since dashboards and alerts use it; people read the text. */
interface Event {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  /** Message for people. */
  readonly text: string;
  /** Further fields of its line. */
  readonly fields: readonly string[];
}

const session = ['sessionId', 'requestId', 'userId'] as const;

export const logEvents = {
  server_listening: { level: 'info', text: 'Palaver is listening', fields: ['http', 'chat', 'metrics'] },
  server_stopping: { level: 'info', text: 'Palaver is stopping', fields: ['signal'] },
  server_stopped: { level: 'info', text: 'Palaver has stopped', fields: [] },
  server_failed: { level: 'fatal', text: 'Palaver failed', fields: ['err'] },
  stop_failed: { level: 'error', text: 'Palaver did not stop as it should', fields: ['err'] },

  setting_unknown: {
    level: 'warn',
    text: 'no setting has this name; it may be misspelt',
    fields: ['name', 'likely'],
  },
  file_descriptors_few: {
    level: 'warn',
    text: 'fewer file descriptors are allowed than MAX_SESSIONS needs',
    fields: ['limit', 'needed'],
  },
  file_descriptors_exhausted: {
    level: 'error',
    text: 'no file descriptor is left: new connections are cut off',
    fields: ['code', 'limit'],
  },
  file_descriptors_available: { level: 'info', text: 'file descriptors are available again', fields: [] },
  log_lines_lost: { level: 'warn', text: 'lines of the log could not be written', fields: ['lost'] },

  request: {
    level: 'info',
    text: 'request',
    fields: ['requestId', 'method', 'path', 'status', 'code', 'ms', 'ip', 'sessionId', 'userId'],
  },
  request_unread: { level: 'debug', text: 'a request could not be read', fields: ['reason', 'code', 'ip'] },
  head_too_large: { level: 'info', text: 'the head of a request is too large', fields: ['ip'] },
  forwarded_unread: {
    level: 'warn',
    text: 'X-Forwarded-For names no address: limits count the address of the proxy',
    fields: ['requestId', 'entry'],
  },
  origin_refused: {
    level: 'info',
    text: 'a page of this origin may not use this server',
    fields: ['requestId', 'origin'],
  },
  request_failed: { level: 'error', text: 'a request failed', fields: ['requestId', 'err'] },
  connection_failed: { level: 'debug', text: 'a connection failed', fields: ['requestId', 'err'] },
  upgrade_failed: { level: 'error', text: 'an upgrade failed', fields: ['requestId', 'err'] },

  session_joined: { level: 'debug', text: 'a session joined', fields: session },
  session_left: { level: 'debug', text: 'a session left', fields: [...session, 'code', 'by'] },
  session_gone: { level: 'debug', text: 'a peer is gone', fields: session },
  session_broke_protocol: { level: 'debug', text: 'a session broke the protocol', fields: [...session, 'err'] },
  session_failed: { level: 'error', text: 'a session failed', fields: [...session, 'code', 'err'] },
  frame_refused: { level: 'debug', text: 'a frame was refused', fields: [...session, 'code'] },
  slow_consumer: { level: 'warn', text: 'slow consumer', fields: [...session, 'buffered', 'slowConsumers'] },
  seat_not_released: { level: 'error', text: 'a seat could not be given up', fields: [...session, 'err'] },

  token_refused: {
    level: 'debug',
    text: 'a token was refused',
    fields: [...session, 'reason', 'claim', 'expected', 'got'],
  },
  token_put_off: {
    level: 'debug',
    text: 'the key of a token is not known yet',
    fields: [...session, 'reason', 'kid', 'retryAfterS'],
  },
  issuer_unavailable: { level: 'warn', text: 'the keys of JWKS_URL cannot be fetched', fields: ['err'] },
  issuer_back: { level: 'info', text: 'the keys of JWKS_URL can be fetched again', fields: [] },
  token_given_back: { level: 'info', text: 'a token was given back', fields: ['requestId', 'userId'] },
  user_disabled: { level: 'info', text: 'a user was disabled', fields: ['requestId', 'userId'] },
  user_enabled: { level: 'info', text: 'a user was enabled', fields: ['requestId', 'userId'] },
  hash_not_renewed: {
    level: 'warn',
    text: 'a password hash could not be renewed',
    fields: ['requestId', 'userId', 'err'],
  },
  hashing_ended: {
    level: 'error',
    text: 'the process for passwords ended; it starts again with the next one',
    fields: ['code', 'signal', 'failed', 'err'],
  },
  revocations_unread: { level: 'warn', text: 'revocations cannot be read', fields: ['err'] },

  store_unavailable: { level: 'error', text: 'the store is unavailable', fields: ['err'] },
  store_available: { level: 'info', text: 'the store is available again', fields: [] },
  history_behind: { level: 'error', text: 'messages cannot be kept', fields: ['err', 'waiting'] },
  history_caught_up: { level: 'info', text: 'messages are kept again', fields: ['lost'] },
  history_lost: { level: 'error', text: 'messages could not be kept', fields: ['lost'] },
  clock_implausible: {
    level: 'warn',
    text: 'the clock is implausibly far from the time of the last stored messages: check it',
    fields: ['aheadS', 'lastKnown'],
  },
  second_server: {
    level: 'error',
    text: 'another server has started on this database without REDIS_URL: they are two rooms, stop one of them',
    fields: ['epoch'],
  },
  history_not_pruned: { level: 'warn', text: 'old messages were not removed', fields: ['err'] },

  redis_lost: { level: 'warn', text: 'the link to Redis failed', fields: ['err'] },
  redis_unusable: { level: 'warn', text: 'a connection to Redis cannot do its work', fields: ['use', 'err'] },
  redis_usable: { level: 'info', text: 'a connection to Redis does its work again', fields: ['use'] },
  redis_may_evict: {
    level: 'warn',
    text: 'Redis may evict keys: set maxmemory-policy to noeviction',
    fields: ['policy'],
  },
  redis_back: { level: 'info', text: 'Redis is there', fields: [] },
} as const satisfies Record<string, Event>;

export type LogEvent = keyof typeof logEvents;

type Field<Name extends LogEvent> = (typeof logEvents)[Name]['fields'][number];
/** Fields that a log may have bound already. */
type Bound = (typeof session)[number];

/** Fields of an event's line: all are required. Undefined ones are left out of the line. */
export type FieldsOf<Name extends LogEvent> = {
  readonly [Key in Exclude<Field<Name>, Bound>]: Key extends 'err' ? unknown : string | number | undefined;
} & { readonly [Key in Extract<Field<Name>, Bound>]?: string | undefined };
