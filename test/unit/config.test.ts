import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Config, ConfigError, readConfig } from '../../src/config.ts';
import { temporaryFolder } from '../harness/folder.ts';

const secret = 'a secret of thirty-two bytes or more';
const external = { JWKS_URL: 'https://issuer.example/jwks', JWT_ISSUER: 'issuer', JWT_AUDIENCE: 'palaver' };
/** Settings that nodes of one room share. */
const shared = { MONGODB_URI: 'mongodb://127.0.0.1/palaver', JWT_SECRET: secret };

describe('the configuration', () => {
  it('has a default for everything', () => {
    expect(readConfig({})).toEqual({
      port: 3_000,
      host: '127.0.0.1',
      metricsPort: undefined,
      metricsHost: '127.0.0.1',
      dataDir: './data',
      mongodbUri: undefined,
      redisUrl: undefined,
      nodeLeaseS: 6,
      jwtSecret: undefined,
      jwtIssuer: 'palaver',
      jwtTtlS: 43_200,
      externalIssuer: undefined,
      maxBufferedBytes: 1_048_576,
      maxSessions: 20_000,
      maxSessionsPerUser: 10,
      rateLimitFrames: 20,
      rateLimitLogin: 20,
      rateLimitSignUp: 20,
      trustedProxies: 0,
      heartbeatIntervalS: 30,
      presenceGraceS: 10,
      historyMaxAgeS: 2_592_000,
      historyMaxCount: 100_000,
      drainWindowS: 5,
      hasSignUp: true,
      allowedOrigins: [],
      adminToken: undefined,
      logLevel: 'info',
      hasLogIp: true,
      keepAliveS: 130,
      production: false,
    });
  });

  it('is frozen', () => {
    expect(Object.isFrozen(readConfig({}))).toBe(true);
  });

  const right: [given: Record<string, string>, want: object][] = [
    [{ PRESENCE_GRACE: '0s' }, { presenceGraceS: 0 }],
    [{ HISTORY_MAX_AGE: '1h' }, { historyMaxAgeS: 3_600 }],
    [{ HISTORY_MAX_COUNT: '1' }, { historyMaxCount: 1 }],
    [{ ADMIN_TOKEN: 'a'.repeat(32) }, { adminToken: 'a'.repeat(32) }],
    [{ NODE_LEASE: '2s' }, { nodeLeaseS: 2 }],
    [{ ...shared, REDIS_URL: 'redis://localhost' }, { redisUrl: 'redis://localhost' }],
    [{ ...shared, REDIS_URL: 'rediss://u:p@host:6380/3' }, { redisUrl: 'rediss://u:p@host:6380/3' }],
    [{ ...shared, REDIS_URL: 'redis+sentinel://:p@a:1,b/main/0' }, { redisUrl: 'redis+sentinel://:p@a:1,b/main/0' }],
    [{ MONGODB_URI: shared.MONGODB_URI, ...external, REDIS_URL: 'redis://a' }, { redisUrl: 'redis://a' }],
    [
      { ...external, REDIS_URL: 'redis://a' },
      { redisUrl: 'redis://a', mongodbUri: undefined },
    ],
    [{ PORT: '0' }, { port: 0 }],
    [{ PORT: '65535' }, { port: 65_535 }],
    [
      { METRICS_PORT: '9464', METRICS_HOST: '::1' },
      { metricsPort: 9_464, metricsHost: '::1' },
    ],
    [{ PORT: '' }, { port: 3_000 }],
    [{ HOST: '::1' }, { host: '::1' }],
    [{ HOST: '[::1]' }, { host: '::1' }],
    [{ HOST: 'localhost' }, { host: 'localhost' }],
    [{ HOST: 'fe80::1%eth0' }, { host: 'fe80::1%eth0' }],
    [
      { METRICS_PORT: '1', METRICS_HOST: '[::]' },
      { metricsPort: 1, metricsHost: '::' },
    ],
    [{ DATA_DIR: '/var/palaver' }, { dataDir: '/var/palaver' }],
    [{ JWT_SECRET: secret }, { jwtSecret: secret }],
    [{ JWT_SECRET: 'é'.repeat(16) }, { jwtSecret: 'é'.repeat(16) }],
    [{ JWT_ISSUER: 'me' }, { jwtIssuer: 'me' }],
    [{ JWT_TTL: '90s' }, { jwtTtlS: 90 }],
    [{ JWT_TTL: '15m' }, { jwtTtlS: 900 }],
    [{ JWT_TTL: '30d' }, { jwtTtlS: 2_592_000 }],
    [{ MAX_BUFFERED_BYTES: '65536' }, { maxBufferedBytes: 65_536 }],
    [
      { MAX_SESSIONS: '1', MAX_SESSIONS_PER_USER: '2' },
      { maxSessions: 1, maxSessionsPerUser: 2 },
    ],
    [{ RATE_LIMIT_FRAMES: '0' }, { rateLimitFrames: 0 }],
    [{ HEARTBEAT_INTERVAL: '1m' }, { heartbeatIntervalS: 60 }],
    [{ RATE_LIMIT_LOGIN: '5' }, { rateLimitLogin: 5 }],
    [{ RATE_LIMIT_SIGNUP: '0' }, { rateLimitSignUp: 0 }],
    [{ TRUST_PROXY: '2' }, { trustedProxies: 2 }],
    [{ DRAIN_WINDOW: '0s' }, { drainWindowS: 0 }],
    [
      { ALLOWED_ORIGINS: 'https://a.example, http://b.example:8080' },
      { allowedOrigins: ['https://a.example', 'http://b.example:8080'] },
    ],
    // Apps and extensions have schemes of their own, and their hosts are compared unchanged.
    ...[
      'capacitor://localhost',
      'ionic://localhost',
      'tauri://localhost',
      'app://localhost',
      'app://App',
      'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
      'moz-extension://6c1bbc4d-4b2c-4b63-8f2b-4e3a5e3c2a61',
    ].map((origin): [Record<string, string>, object] => [{ ALLOWED_ORIGINS: origin }, { allowedOrigins: [origin] }]),
    [
      { ALLOWED_ORIGINS: 'HTTPS://A.example:443,http://b.example:80,https://c.example:80,https://bücher.example' },
      {
        allowedOrigins: [
          'https://a.example',
          'http://b.example',
          'https://c.example:80',
          'https://xn--bcher-kva.example',
        ],
      },
    ],
    [{ ALLOWED_ORIGINS: 'Capacitor://localhost, *' }, { allowedOrigins: ['capacitor://localhost', '*'] }],
    [{ SIGNUP: 'off' }, { hasSignUp: false }],
    [{ ALLOWED_ORIGINS: '*' }, { allowedOrigins: ['*'] }],
    [{ LOG_LEVEL: 'silent' }, { logLevel: 'silent' }],
    [{ LOG_IP: 'off' }, { hasLogIp: false }],
    [{ KEEP_ALIVE_TIMEOUT: '620s' }, { keepAliveS: 620 }],
    [{ KEEP_ALIVE_TIMEOUT: '2h' }, { keepAliveS: 7_200 }],
    [{ NODE_ENV: 'production' }, { production: true }],
    [{ MONGODB_URI: 'mongodb://u:p@127.0.0.1/x' }, { mongodbUri: 'mongodb://u:p@127.0.0.1/x' }],
    [
      external,
      {
        externalIssuer: {
          jwksUrl: external.JWKS_URL,
          issuer: 'issuer',
          audience: 'palaver',
          algorithms: ['RS256', 'ES256', 'EdDSA'],
          idClaim: 'id',
          usernameClaim: 'username',
        },
      },
    ],
    [
      { ...external, JWT_ALGORITHMS: 'PS256, ES384', JWT_ID_CLAIM: 'sub', JWT_USERNAME_CLAIM: 'name' },
      {
        externalIssuer: expect.objectContaining({
          algorithms: ['PS256', 'ES384'],
          idClaim: 'sub',
          usernameClaim: 'name',
        }),
      },
    ],
  ];
  it.each(right)('reads %j', (given, want) => {
    expect(readConfig(given)).toMatchObject(want);
  });

  const wrong: [given: Record<string, string>, message: RegExp][] = [
    [{ ADMIN_TOKEN: 'a'.repeat(31) }, /^ADMIN_TOKEN .*at least 32/],
    [{ ADMIN_TOKEN: `${'a'.repeat(32)} b` }, /^ADMIN_TOKEN /],
    [{ PORT: 'abc' }, /^PORT .*0 to 65535/],
    [{ PORT: '65536' }, /^PORT /],
    [{ METRICS_PORT: 'on' }, /^METRICS_PORT .*0 to 65535/],
    [{ PORT: '-1' }, /^PORT /],
    [{ PORT: '1e3' }, /^PORT /],
    [{ MAX_BUFFERED_BYTES: '1' }, /^MAX_BUFFERED_BYTES .*1024/],
    [{ MAX_SESSIONS: '0' }, /^MAX_SESSIONS /],
    [{ MAX_SESSIONS_PER_USER: '0' }, /^MAX_SESSIONS_PER_USER /],
    [{ RATE_LIMIT_FRAMES: '-1' }, /^RATE_LIMIT_FRAMES .*0 for no limit/],
    [{ HEARTBEAT_INTERVAL: '0s' }, /^HEARTBEAT_INTERVAL /],
    [{ TRUST_PROXY: 'yes' }, /^TRUST_PROXY .*proxies/],
    [{ DRAIN_WINDOW: '5' }, /^DRAIN_WINDOW .*duration/],
    [{ SIGNUP: 'no' }, /^SIGNUP .*on or off/],
    [{ ALLOWED_ORIGINS: 'a.example' }, /^ALLOWED_ORIGINS .*a scheme and a host/],
    [{ ALLOWED_ORIGINS: 'https://A.example:443/' }, /remove the slash at the end: write https:\/\/a\.example$/],
    [{ ALLOWED_ORIGINS: 'capacitor://localhost/' }, /remove the slash at the end: write capacitor:\/\/localhost$/],
    [{ ALLOWED_ORIGINS: 'https://a.example/chat' }, /no path: write https:\/\/a\.example$/],
    [{ ALLOWED_ORIGINS: 'wss://a.example' }, /the page's, not the chat's: write https:\/\/a\.example$/],
    [{ ALLOWED_ORIGINS: 'https://*.example' }, /^ALLOWED_ORIGINS .*a scheme and a host/],
    [{ ALLOWED_ORIGINS: 'https://user@a.example' }, /^ALLOWED_ORIGINS .*a scheme and a host/],
    [{ ALLOWED_ORIGINS: 'https://a.example b.example' }, /^ALLOWED_ORIGINS .*a scheme and a host/],
    [{ ALLOWED_ORIGINS: 'https://a.example:99999' }, /^ALLOWED_ORIGINS .*a scheme and a host/],
    ...['null', 'file://', 'file:///index.html', 'data:text/html,x', 'blob:https://a.example/1'].map(
      (origin): [Record<string, string>, RegExp] => [
        { ALLOWED_ORIGINS: origin },
        /^ALLOWED_ORIGINS is not valid: null, .* only \* allows it$/,
      ],
    ),
    [{ HOST: 'http://0.0.0.0' }, /^HOST .*not a URL/],
    [{ HOST: 'localhost:3000' }, /^HOST .*without a port/],
    [{ HOST: '[::1' }, /^HOST .*such as 127\.0\.0\.1/],
    [{ METRICS_HOST: '[localhost]:1' }, /^METRICS_HOST .*such as 127\.0\.0\.1/],
    [{ JWT_SECRET: 'short' }, /^JWT_SECRET .*32 bytes/],
    [{ JWT_TTL: '12' }, /^JWT_TTL .*12h/],
    [{ JWT_TTL: '0s' }, /^JWT_TTL /],
    [{ JWT_TTL: '366d' }, /^JWT_TTL /],
    [{ LOG_LEVEL: 'loud' }, /^LOG_LEVEL .*trace/],
    [{ LOG_IP: 'no' }, /^LOG_IP .*on or off/],
    [{ KEEP_ALIVE_TIMEOUT: '0s' }, /^KEEP_ALIVE_TIMEOUT .*1s to 2h/],
    [{ KEEP_ALIVE_TIMEOUT: '3h' }, /^KEEP_ALIVE_TIMEOUT /],
    [{ MONGODB_URI: 'http://x' }, /^MONGODB_URI .*mongodb:\/\//],
    [{ ...shared, REDIS_URL: 'http://a' }, /^REDIS_URL /],
    [{ ...shared, REDIS_URL: 'redis://a,b' }, /^REDIS_URL /],
    [{ ...shared, REDIS_URL: 'redis+sentinel://a:1,b:2' }, /^REDIS_URL /],
    [{ REDIS_URL: 'redis://a' }, /^REDIS_URL needs MONGODB_URI and JWT_SECRET, or JWKS_URL:/],
    [{ REDIS_URL: 'redis://a', JWT_SECRET: secret }, /^REDIS_URL needs MONGODB_URI, or JWKS_URL:/],
    [{ REDIS_URL: 'redis://a', MONGODB_URI: shared.MONGODB_URI }, /^REDIS_URL needs JWT_SECRET, or JWKS_URL:/],
    [{ NODE_LEASE: '1s' }, /^NODE_LEASE /],
    [{ ...external, JWKS_URL: 'ftp://x' }, /^JWKS_URL .*an http or https URL/],
    [{ ...external, JWKS_URL: 'https:issuer' }, /^JWKS_URL .*an http or https URL/],
    [
      { ...external, JWKS_URL: 'https://igor:canary@issuer.example/jwks' },
      /^JWKS_URL is not valid: it must not have a us/,
    ],
    [{ ...external, JWT_ALGORITHMS: 'RS256,HS256' }, /^JWT_ALGORITHMS .*RS256/],
    [{ ...external, JWT_ALGORITHMS: 'none' }, /^JWT_ALGORITHMS /],
    [{ ...external, JWT_AUDIENCE: '' }, /JWT_AUDIENCE/],
    [{ ...external, JWT_ISSUER: '' }, /JWT_ISSUER/],
    [{ ...external, JWT_SECRET: secret }, /JWT_SECRET/],
  ];
  it.each(wrong)('refuses %j', (given, message) => {
    expect(() => readConfig(given)).toThrow(ConfigError);
    expect(() => readConfig(given)).toThrow(message);
  });

  it('names every wrong setting, and hides secrets', () => {
    const given = { PORT: 'x', JWT_SECRET: 'canary', JWT_TTL: 'y' };
    expect(() => readConfig(given)).toThrow(/PORT[\s\S]*JWT_SECRET[\s\S]*JWT_TTL/);
    expect(() => readConfig(given)).not.toThrow(/canary/);
  });

  it.each(['can@ary', 'se@can/ary', 'can/ary', 'se@can?ary', 'can?ary', 'can#ary', 'se@can#ary'])(
    'hides the MongoDB password %s, which is not percent-encoded, and says how to write it',
    (password) => {
      const given = { MONGODB_URI: `mongodb://igor:${password}@127.0.0.1/palaver` };
      expect(() => readConfig(given)).toThrow(/^MONGODB_URI is not valid: .*@ must be written as %40, \/ as %2F/);
      expect(() => readConfig(given)).not.toThrow(/can|ary|se@/);
    },
  );
});

describe('the configuration of a process', () => {
  const run = promisify(execFile);
  const script = `
    const { loadConfig } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/config.ts'))});
    process.stdout.write(JSON.stringify(loadConfig()));
  `;
  const loaded = async (cwd: string, env: Record<string, string>): Promise<Config> => {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd, env });
    return JSON.parse(stdout);
  };

  it('is read from the environment, and from `.env` for variables that are not set there', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '.env'), 'PORT=4000\nHOST=::1 # anywhere\nMONGODB_URI="mongodb://u:p@h/x"\n');
    expect(await loaded(folder, { PORT: '5000' })).toMatchObject({
      port: 5_000,
      host: '::1',
      mongodbUri: 'mongodb://u:p@h/x',
    });
  });

  const lines = 'PORT=4000\r\nHOST=::1\r\nJWT_ISSUER=Jürgen\r\n';
  const bigEndian = Buffer.from(`\ufeff${lines}`, 'utf16le').swap16();
  it.each([
    ['Windows line ends', Buffer.from(lines)],
    ['line ends of an old Mac', Buffer.from(lines.replaceAll('\r\n', '\r'))],
    ['a byte order mark', Buffer.from(`\ufeff${lines}`)],
    ['UTF-16', Buffer.from(`\ufeff${lines}`, 'utf16le')],
    ['UTF-16, big endian', bigEndian],
  ])('reads a whole `.env` with %s', async (_, bytes) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '.env'), bytes);
    expect(await loaded(folder, {})).toMatchObject({ port: 4_000, host: '::1', jwtIssuer: 'Jürgen' });
  });

  it.each([
    ['UTF-16 without a mark', Buffer.from('PORT=4000', 'utf16le'), '.env has NUL characters: save it as UTF-8 text'],
    [
      'a NUL character',
      Buffer.from('PORT=4000\nJWT_ISSUER=canary\0'),
      '.env has NUL characters: save it as UTF-8 text',
    ],
    ['Latin-1', Buffer.from('JWT_ISSUER=canaryé', 'latin1'), '.env is not valid UTF-8: save it as UTF-8 text'],
    ['a colon for the sign', Buffer.from('HOST=::1\n\nPORT: 4000 # canary\n'), '.env: line 3 must be NAME=value'],
    ['half of UTF-16', Buffer.from('\ufeffPORT', 'utf16le').subarray(0, 7), '.env is not valid UTF-16LE: save it'],
  ])('refuses a `.env` with %s, and shows nothing of it', async (_, bytes, says) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '.env'), bytes);
    const refused = loaded(folder, {});
    await expect(refused).rejects.toThrow(says);
    await expect(refused).rejects.not.toThrow('canary');
  });

  it('reads comments, exports and values of several lines', async () => {
    const folder = temporaryFolder();
    const text =
      "# PORT: 1\n\n  export PORT = 4000\nADMIN_TOKEN=\"\n\"\nJWT_ISSUER='two\nlines: of it'\nHOST=::1 # it's\n";
    writeFileSync(join(folder, '.env'), text);
    expect(await loaded(folder, { ADMIN_TOKEN: '' })).toMatchObject({ port: 4_000, host: '::1' });
  });

  it('refuses a `.env` that is a folder', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, '.env'));
    await expect(loaded(folder, {})).rejects.toThrow('.env cannot be read (it is a folder)');
  });

  it('is complete without a `.env`', async () => {
    expect(await loaded(temporaryFolder(), { PORT: '5000' })).toMatchObject({ port: 5_000, host: '127.0.0.1' });
  });
});
