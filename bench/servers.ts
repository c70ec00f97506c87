import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { SignJWT } from 'jose';
import manifest from '../package.json' with { type: 'json' };

const here = import.meta.dirname;
const bun = join(here, 'node_modules/.bin/bun');
const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
/** Starts a checkout's server as it is shipped: with the flags of `npm start`. */
const palaverIn = (root: string) => [
  process.execPath,
  ...manifest.scripts.start.split(' ').slice(1, -1),
  join(root, 'src/main.ts'),
];
/** A checkout of another commit, installed, to measure beside this one. */
const checkoutBefore = process.env.BENCH_BEFORE;
const secret = randomBytes(32).toString('hex');

/** Palaver's settings beyond address and data folder. Each sender is one user, so the limits per user are raised. */
export const raisedLimits = { RATE_LIMIT_FRAMES: '0', RATE_LIMIT_LOGIN: '0', MAX_SESSIONS: '20000' };

/** A server to measure: its command, and its dialect. */
export interface ServerKind {
  readonly title: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** With `events` all clients but the senders read events over HTTP; only the generator in C knows it. */
  readonly dialect: 'palaver' | 'socketio' | 'events';
  /** Returns the token for the handshake. Without it, the name is the token. */
  readonly token?: (name: string) => Promise<string>;
  /** Number of processes that form one room over a Redis. Without it, the server runs alone. */
  readonly nodes?: number;
  /** The server to compare with, if not Palaver as one process. */
  readonly beside?: string;
}

const own = {
  command: palaverIn(join(here, '..')),
  env: { PORT: '0', DATA_DIR: 'data', JWT_SECRET: secret, LOG_LEVEL: 'info', ...raisedLimits },
  dialect: 'palaver',
  token: (name: string) =>
    new SignJWT({ id: name, username: name })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(name)
      .setIssuer('palaver')
      .setIssuedAt()
      .setExpirationTime('12h')
      .sign(Buffer.from(secret)),
} as const;
const socketio = { command: [...node, join(here, 'servers/socketio.ts')], dialect: 'socketio' } as const;

export const servers = {
  palaver: { title: 'Palaver', ...own },
  before: { title: 'Palaver before', ...own, command: palaverIn(resolve(checkoutBefore ?? '')) },
  'palaver-events': { title: 'Palaver over /events', ...own, dialect: 'events' },
  bun: { title: 'Bun publish', command: [bun, join(here, 'servers/bun.ts')], dialect: 'palaver' },
  socketio: { title: 'Socket.IO', ...socketio },
  ws: { title: 'ws, a send per client', command: [...node, join(here, 'servers/ws.ts')], dialect: 'palaver' },
  'palaver-nodes': { title: 'Palaver, two nodes', ...own, nodes: 2 },
  'socketio-nodes': { title: 'Socket.IO, two nodes', ...socketio, nodes: 2, beside: 'palaver-nodes' },
  hono: { title: 'Hono, a send per client', command: [...node, join(here, 'servers/hono.ts')], dialect: 'palaver' },
} as const satisfies Record<string, ServerKind>;

export type ServerName = keyof typeof servers;
export const everyServer = (Object.keys(servers) as ServerName[]).filter(
  (name) => name !== 'before' || checkoutBefore !== undefined,
);
