import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificates } from './certificates.ts';
import { within } from './deadline.ts';
import { adapted, type Replaced } from './documentation.ts';
import { freePort, listening } from './port.ts';

/** A reverse proxy that is installed on this machine. */
export interface ProxyKind {
  readonly name: string;
  /** Language of code blocks with its configuration. */
  readonly fence: string;
  readonly isHere: boolean;
  /** Texts of the page to replace with values of this machine. Each must be there. */
  readonly replaced: (at: Places) => Replaced;
  /** Returns a whole configuration around the one of the page. */
  readonly around: (config: string, folder: string) => string;
  readonly command: (file: string, folder: string) => readonly string[];
}

interface Places {
  readonly port: number;
  /** URL without TLS. */
  readonly plainPort: number;
  readonly upstream: number;
  readonly timeout: string;
  readonly certificates: Certificates;
}

export interface RunningProxy {
  readonly port: number;
  readonly plainPort: number;
  stop(): Promise<void>;
}

const isHere = (command: string, flag: string): boolean => spawnSync(command, [flag]).status === 0;

export const nginx: ProxyKind = {
  name: 'nginx',
  fence: 'nginx',
  isHere: isHere('nginx', '-v'),
  replaced: ({ port, plainPort, upstream, timeout, certificates }) => [
    ['listen 80;', `listen 127.0.0.1:${plainPort};`],
    ['listen 443 ssl', `listen 127.0.0.1:${port} ssl`],
    ['chat.example.com;', 'localhost;'],
    ['/etc/ssl/chat.example.com.pem', certificates.cert],
    ['/etc/ssl/chat.example.com.key', certificates.key],
    ['127.0.0.1:3000', `127.0.0.1:${upstream}`],
    ['timeout 90s', `timeout ${timeout}`],
  ],
  around: (config, folder) => {
    const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const temporary = kinds.map((kind) => `${kind}_temp_path ${join(folder, kind)};`).join('\n');
    // Its workers write to this folder, too.
    const user = process.getuid?.() === 0 ? 'user root;\n' : '';
    const main = `${user}daemon off;\npid ${join(folder, 'pid')};\nevents {}\n`;
    return `${main}http {\naccess_log off;\n${temporary}\n${config}\n}\n`;
  },
  command: (file, folder) => ['nginx', '-p', folder, '-c', file, '-e', 'stderr'],
};

export const caddy: ProxyKind = {
  name: 'Caddy',
  fence: 'caddyfile',
  isHere: isHere('caddy', 'version'),
  // Caddy has no timeout for open connections.
  replaced: ({ port, upstream, certificates }) => [
    ['chat.example.com {', `localhost:${port} {\n\ttls ${certificates.cert} ${certificates.key}`],
    ['127.0.0.1:3000', `127.0.0.1:${upstream}`],
  ],
  around: (config) => `{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n}\n${config}\n`,
  command: (file) => ['caddy', 'run', '--adapter', 'caddyfile', '--config', file],
};

export const haproxy: ProxyKind = {
  name: 'HAProxy',
  fence: 'haproxy',
  isHere: isHere('haproxy', '-v'),
  replaced: ({ port, plainPort, upstream, timeout, certificates }) => [
    ['bind :80', `bind 127.0.0.1:${plainPort}`],
    ['bind :443', `bind 127.0.0.1:${port}`],
    ['/etc/ssl/chat.example.com.both.pem', certificates.both],
    ['127.0.0.1:3000', `127.0.0.1:${upstream}`],
    ['90s', timeout],
  ],
  // Timeouts as in the file that Debian installs.
  around: (config) => `defaults\n  timeout connect 5000\n  timeout client 50000\n  timeout server 50000\n\n${config}\n`,
  command: (file) => ['haproxy', '-db', '-f', file],
};

interface Options {
  /** Configuration, as a page has it. */
  readonly config: string;
  readonly upstream: number;
  readonly certificates: Certificates;
  /** Timeout in place of those in the page. */
  readonly timeout: string;
}

/** Starts a proxy with the configuration of a page. */
export async function startProxy(kind: ProxyKind, { config, ...places }: Options): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), 'palaver-proxy-'));
  const [port, plainPort] = [await freePort(), await freePort()];
  const file = join(folder, 'config');
  writeFileSync(file, kind.around(adapted(config, kind.replaced({ ...places, port, plainPort })), folder));
  const [command, ...args] = kind.command(file, folder);
  const child: ChildProcess = spawn(command!, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, HOME: folder },
  });
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => (said = (said + chunk).slice(-2_000)));
  const ended = once(child, 'exit');
  const died = ended.then(() => Promise.reject(new Error(`${kind.name} ended: ${said}`)));
  await within(Promise.race([listening(port), died]), () => `${kind.name} to listen: ${said}`);
  return {
    port,
    plainPort,
    stop: async () => {
      child.kill('SIGTERM');
      await within(ended, `${kind.name} to end`);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
