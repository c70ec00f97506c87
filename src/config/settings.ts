import {
  anyText,
  bearerToken,
  duration,
  isWord,
  keySetUrl,
  listenAddress,
  listOf,
  mongoUri,
  oneOf,
  onOrOff,
  originList,
  type Reader,
  redisUrl,
  secret,
  wholeNumber,
} from './readers.ts';

/** Headings of the configuration page, in its order. */
export const groups = [
  'Network',
  'Users and tokens',
  'Tokens of an external issuer',
  'Limits',
  'Connections and shutdown',
  'Storage',
  'Multiple nodes',
  'Logs and metrics',
] as const;

/** One variable that an operator may set. */
export interface Setting {
  readonly group: (typeof groups)[number];
  /** Property of `Config` that has the value; none where `config.ts` makes the property of several settings. */
  readonly key?: string;
  readonly reader: Reader<unknown>;
  /** Text that counts where the setting isn't set. Without one the value is undefined. */
  readonly default?: string;
  /** Markdown, with links as seen from docs/guide/. */
  readonly description: string;
}

/** Algorithms whose keys can be published (RFC 7518, 3.1; RFC 8037). */
const asymmetricAlgorithms = listOf(
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
);

/** All settings by the names of their variables. Everything else that is known of a setting is derived from here. */
export const settings = {
  HOST: {
    group: 'Network',
    key: 'host',
    reader: listenAddress,
    default: '127.0.0.1',
    description: 'Address that the server listens on. An IPv6 address may be in brackets.',
  },
  PORT: {
    group: 'Network',
    key: 'port',
    reader: wholeNumber(0, 65_535, '0 for any free port'),
    default: '3000',
    description: 'Port that the server listens on.',
  },
  TRUST_PROXY: {
    group: 'Network',
    key: 'trustedProxies',
    reader: wholeNumber(0, 10, 'the number of proxies in front'),
    default: '0',
    description:
      "Number of proxies in front of this server that add to `X-Forwarded-For`. With `1`, the client's address is the last one there, with or without a port. With `0` it is the peer's, which behind a proxy is the proxy's for every client.",
  },
  ALLOWED_ORIGINS: {
    group: 'Network',
    key: 'allowedOrigins',
    reader: originList,
    default: '',
    description:
      'Origins whose pages may use this server, beside its own. [Apps and extensions](../develop/cors.md#apps-and-extensions) have origins too, such as `capacitor://localhost`. A page of another origin cannot read responses (CORS), and its handshake gets 403; the log says `origin_refused`.',
  },
  SIGNUP: {
    group: 'Users and tokens',
    key: 'hasSignUp',
    reader: onOrOff,
    default: 'on',
    description:
      'Whether new users can sign up. With `off`, `/createUser` is absent: it returns 404 and is not in the served OpenAPI document. Existing users log in as before.',
  },
  ADMIN_TOKEN: {
    group: 'Users and tokens',
    key: 'adminToken',
    reader: bearerToken(32),
    description:
      'Bearer token that opens `/admin`, where you [disable and enable users](operating.md#disable-a-user). Without it `/admin` is absent.',
  },
  JWT_SECRET: {
    group: 'Users and tokens',
    key: 'jwtSecret',
    reader: secret(32),
    description:
      'Secret that signs tokens (HS256). Without it the server generates one, once, in `DATA_DIR/jwt-secret`. Set it to share tokens with another issuer.',
  },
  JWT_ISSUER: {
    group: 'Users and tokens',
    key: 'jwtIssuer',
    reader: anyText(),
    default: 'palaver',
    description: '`iss` claim of the tokens that the server issues and accepts.',
  },
  JWT_TTL: {
    group: 'Users and tokens',
    key: 'jwtTtlS',
    reader: duration('1s', '365d', 'such as 90s, 15m, 12h or 30d'),
    default: '12h',
    description: 'Lifetime of a token.',
  },
  JWKS_URL: {
    group: 'Tokens of an external issuer',
    reader: keySetUrl,
    description:
      'Key set (JWKS) of an [external identity provider](external-identity-provider.md). With it the server only validates the tokens of that issuer, and has no users of its own. It needs `JWT_ISSUER` and `JWT_AUDIENCE`, and excludes `JWT_SECRET`.',
  },
  JWT_AUDIENCE: {
    group: 'Tokens of an external issuer',
    reader: anyText(),
    description: '`aud` claim that the tokens of the external issuer must have.',
  },
  JWT_ALGORITHMS: {
    group: 'Tokens of an external issuer',
    reader: asymmetricAlgorithms,
    default: 'RS256,ES256,EdDSA',
    description: 'Algorithms that the external issuer may sign with. Only asymmetric ones are allowed.',
  },
  JWT_ID_CLAIM: {
    group: 'Tokens of an external issuer',
    reader: anyText("a claim's name"),
    default: 'id',
    description: "Claim that holds the user's id.",
  },
  JWT_USERNAME_CLAIM: {
    group: 'Tokens of an external issuer',
    reader: anyText("a claim's name"),
    default: 'username',
    description: "Claim that holds the user's name.",
  },
  MAX_SESSIONS: {
    group: 'Limits',
    key: 'maxSessions',
    reader: wholeNumber(1, 1_000_000),
    default: '20000',
    description: 'Number of connections in all; one more gets 503. Each needs a file descriptor.',
  },
  MAX_SESSIONS_PER_USER: {
    group: 'Limits',
    key: 'maxSessionsPerUser',
    reader: wholeNumber(1, 1_000_000),
    default: '10',
    description: 'Number of connections of one user at a time. One more gets 429, unless one of them is dead.',
  },
  MAX_BUFFERED_BYTES: {
    group: 'Limits',
    key: 'maxBufferedBytes',
    reader: wholeNumber(1_024, 2 ** 30),
    default: '1048576',
    description:
      "Outgoing buffer limit of a connection: where more of the room's messages wait for a slow consumer, the server closes it with 1013. The roster and the missed messages that a client gets when it joins don't count.",
  },
  RATE_LIMIT_FRAMES: {
    group: 'Limits',
    key: 'rateLimitFrames',
    reader: wholeNumber(0, 1_000_000, '0 for no limit'),
    default: '20',
    description:
      'Number of frames a second that a user may send over all its connections. Once in ten seconds, it may send as many again in a burst.',
  },
  RATE_LIMIT_LOGIN: {
    group: 'Limits',
    key: 'rateLimitLogin',
    reader: wholeNumber(0, 1_000_000, '0 for no limit'),
    default: '20',
    description:
      'Number of login attempts a minute from one address (of IPv6, one /64), and for one e-mail address. One more gets 429.',
  },
  RATE_LIMIT_SIGNUP: {
    group: 'Limits',
    key: 'rateLimitSignUp',
    reader: wholeNumber(0, 1_000_000, '0 for no limit'),
    default: '20',
    description:
      'Number of sign-up attempts a minute from one address (of IPv6, one /64), and for one e-mail address. One more gets 429.',
  },
  HEARTBEAT_INTERVAL: {
    group: 'Connections and shutdown',
    key: 'heartbeatIntervalS',
    reader: duration('1s', '1h'),
    default: '30s',
    description:
      "Time from one ping to the next. A connection that hasn't answered by then is dead. Keep it below a proxy's timeout for idle connections.",
  },
  KEEP_ALIVE_TIMEOUT: {
    group: 'Connections and shutdown',
    key: 'keepAliveS',
    reader: duration('1s', '2h'),
    default: '130s',
    description:
      'Time that an HTTP connection may be idle between two requests. It must outlive the [idle time of a proxy](self-hosting.md#tls-and-a-proxy) in front.',
  },
  PRESENCE_GRACE: {
    group: 'Connections and shutdown',
    key: 'presenceGraceS',
    reader: duration('0s', '1h'),
    default: '10s',
    description:
      'Time that a user stays in the room after its last connection broke. Nobody notices a reconnect within it.',
  },
  DRAIN_WINDOW: {
    group: 'Connections and shutdown',
    key: 'drainWindowS',
    reader: duration('0s', '1h'),
    default: '5s',
    description: 'Time over which a server that stops closes its connections.',
  },
  DATA_DIR: {
    group: 'Storage',
    key: 'dataDir',
    reader: anyText('a folder'),
    default: './data',
    description:
      "Folder that holds users, messages, revocations, the secret that signs tokens, and the room's epoch. The server locks it against a second one.",
  },
  MONGODB_URI: {
    group: 'Storage',
    key: 'mongodbUri',
    reader: mongoUri,
    description:
      'MongoDB that stores users, messages and revocations in place of `DATA_DIR`, such as `mongodb://user:password@host/palaver`.',
  },
  HISTORY_MAX_AGE: {
    group: 'Storage',
    key: 'historyMaxAgeS',
    reader: duration('1s', '36500d'),
    default: '30d',
    description: 'Retention: how long messages are stored.',
  },
  HISTORY_MAX_COUNT: {
    group: 'Storage',
    key: 'historyMaxCount',
    reader: wholeNumber(1, 100_000_000),
    default: '100000',
    description: 'Retention: how many messages are stored. The server deletes the oldest ones first.',
  },
  REDIS_URL: {
    group: 'Multiple nodes',
    key: 'redisUrl',
    reader: redisUrl,
    description:
      'Redis that makes all servers that share it one room. Write `redis://`, `rediss://` (TLS), `redis+sentinel://host,host/name` or `rediss+sentinel://`, with `/2` at the end for database 2. It needs `MONGODB_URI` and `JWT_SECRET`, or `JWKS_URL`.',
  },
  NODE_LEASE: {
    group: 'Multiple nodes',
    key: 'nodeLeaseS',
    reader: duration('2s', '1h'),
    default: '6s',
    description: 'Time after which the other nodes drop the sessions of a node that sends nothing.',
  },
  LOG_LEVEL: {
    group: 'Logs and metrics',
    key: 'logLevel',
    reader: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    default: 'info',
    description: 'Least severe level that is logged.',
  },
  LOG_IP: {
    group: 'Logs and metrics',
    key: 'hasLogIp',
    reader: onOrOff,
    default: 'on',
    description:
      'Whether the log has the addresses of clients ([which lines have them](operating.md#addresses-in-the-log)).',
  },
  NODE_ENV: {
    group: 'Logs and metrics',
    key: 'production',
    reader: isWord('production'),
    default: '',
    description: 'With `production`, the log is JSON lines at a terminal, too.',
  },
  METRICS_PORT: {
    group: 'Logs and metrics',
    key: 'metricsPort',
    reader: wholeNumber(0, 65_535, '0 for any free port'),
    description:
      'Port that serves [metrics](../reference/metrics.md) for Prometheus at `/metrics`, and nothing else. Without it there are no metrics.',
  },
  METRICS_HOST: {
    group: 'Logs and metrics',
    key: 'metricsHost',
    reader: listenAddress,
    default: '127.0.0.1',
    description: 'Address that serves the metrics. Let only your Prometheus reach it.',
  },
} as const satisfies Readonly<Record<string, Setting>>;

type Settings = typeof settings;
type Name = keyof Settings;

/** Value of each setting, by the name of its variable. */
export type SettingValues = {
  readonly [N in Name]: Settings[N] extends { reader: Reader<infer Value> }
    ? Settings[N] extends { default: string }
      ? Value
      : Value | undefined
    : never;
};

/** Value of each setting with a key, by that key. */
export type KeyedValues = {
  readonly [N in Name as Settings[N] extends { key: infer Key extends string } ? Key : never]: SettingValues[N];
};
