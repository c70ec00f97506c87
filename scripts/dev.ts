/**
 * Starts the server and the chat page for development: `npm run dev`, then open the address that it prints.
 * The server restarts when a file in src/, generated/ or docs/ changes, the page reloads when one in web/ or the SDK does.
 * It reads the settings of `npm start`. Vite listens on `HOST` and `PORT`, and the server behind it on a free port.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createServer as createVite, type ProxyOptions } from 'vite';
import { loadConfig } from '../src/config.ts';

const root = join(import.meta.dirname, '..');
const watched = ['src', 'generated', 'docs'];
const readyIntervalMs = 100;

/** Returns the patterns of every path that the server answers, but for the page itself. */
function serverPaths(): string[] {
  const { paths } = JSON.parse(readFileSync(join(root, 'generated/http/openapi.json'), 'utf8'));
  const segments = Object.keys(paths).map((path) => path.split('/')[1]!);
  return [...new Set(segments)]
    .filter((name) => name !== '')
    .map((name) => `^/${name.replaceAll('.', '\\.')}(?=[/?]|$)`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts the server on `port` and restarts it on change, with the settings of `npm start`. */
const startServer = (port: number) =>
  spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      '--watch-preserve-output',
      `--import=${new URL('end-with-dev.ts', import.meta.url)}`,
      ...watched.map((folder) => `--watch-path=${join(root, folder)}`),
      join(root, 'src/main.ts'),
    ],
    {
      env: { DRAIN_WINDOW: '0s', ...process.env, HOST: '127.0.0.1', PORT: `${port}` },
      // The pipe shows the server that this process has ended.
      stdio: ['pipe', 'inherit', 'inherit'],
      // Ctrl-C signals the whole process group. The server is to stop once, when it is told to below.
      detached: true,
    },
  );

/** Serves the page, and passes everything else on to the server at `target`. Requests keep their Host, so they are of the same origin. */
const startPage = async (target: string, { host, port }: { host: string; port: number }) => {
  const proxy: ProxyOptions = { target, ws: true };
  const vite = await createVite({
    configFile: join(root, 'web/vite.config.ts'),
    root: join(root, 'web'),
    clearScreen: false,
    appType: 'mpa',
    logLevel: 'info',
    server: { host, port, strictPort: true, proxy: Object.fromEntries(serverPaths().map((path) => [path, proxy])) },
  });
  return vite.listen();
};

async function ready(target: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const isReady = await fetch(`${target}/readyz`, { signal }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await pause(readyIntervalMs);
  }
}

const { host, port } = loadConfig();
const serverPort = await freePort();
const target = `http://127.0.0.1:${serverPort}`;
const vite = await startPage(target, { host, port });
const server = startServer(serverPort);
const exited = once(server, 'exit');
const ending = new AbortController();

async function end(code: number): Promise<void> {
  if (ending.signal.aborted) return;
  ending.abort();
  server.kill('SIGTERM');
  await Promise.all([exited, vite.close()]);
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(0));
exited.then(() => end(1));

await ready(target, ending.signal);
const { port: pagePort } = vite.httpServer!.address() as AddressInfo;
const shown = ['0.0.0.0', '::'].includes(host) ? 'localhost' : host;
if (!ending.signal.aborted) console.log(`\nOpen http://${shown.includes(':') ? `[${shown}]` : shown}:${pagePort}\n`);
