/** Standard output and standard error fail or stall. The chat, HTTP, the start and the shutdown go on. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { constants, existsSync, openSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../harness/chat.ts';
import { within } from '../harness/deadline.ts';
import { temporaryFolder } from '../harness/folder.ts';
import { commandLine, manyStartsMs } from '../harness/palaver.ts';
import { freePort, listening } from '../harness/port.ts';
import { root } from '../harness/process.ts';
import type { TestServer } from '../harness/server.ts';
import { mint, testIssuer, testSecret } from '../harness/tokens.ts';
import { until } from '../harness/until.ts';

interface Case {
  /** Redirection of the server's output in the shell. */
  readonly redirection?: string;
  readonly onTerminal?: boolean;
  /** A module that the server loads first. */
  readonly preload?: string;
  /** Receives the shell before the server has started. */
  readonly prepare?: (shell: ChildProcess) => void;
}

/** Runs the server under a shell that waits for it. Both end with the test. */
async function serve({ redirection = '', onTerminal = false, preload = '', prepare = () => {} }: Case) {
  const port = await freePort();
  const folder = temporaryFolder();
  const [pidFile, codeFile] = [join(folder, 'pid'), join(folder, 'code')];
  const [node, ...args] = commandLine();
  const script = [
    // A terminal that disappears ends its shell, unless the shell ignores the signal.
    "trap '' HUP",
    `${node} ${preload && `--import 'data:text/javascript,${preload}'`} ${args.join(' ')} ${redirection} &`,
    `echo $! > ${pidFile}; wait $!; echo $? > ${codeFile}`,
  ].join('\n');
  const command = onTerminal ? ['/usr/bin/script', '-qfec', script, '/dev/null'] : ['/bin/sh', '-c', script];
  const shell = spawn(command[0]!, command.slice(1), {
    cwd: root,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NODE_ENV: onTerminal ? '' : 'production',
      PORT: String(port),
      DATA_DIR: join(folder, 'data'),
      JWT_SECRET: testSecret,
      JWT_ISSUER: testIssuer,
      DRAIN_WINDOW: '0s',
      // Below every limit of file descriptors, so that the server does not warn.
      MAX_SESSIONS: '20',
    },
  });
  const signal = (name: NodeJS.Signals): boolean => process.kill(Number(readFileSync(pidFile, 'utf8')), name);
  onTestFinished(async () => {
    if (!existsSync(codeFile)) signal('SIGKILL');
    shell.kill('SIGKILL');
  });
  prepare(shell);
  await within(listening(port), 'the server', 25_000);
  let joins = 0;
  const joined = async () => {
    joins += 1;
    const token = await mint({ id: `${joins}`, username: `Ann ${joins}` });
    return connect({ host: '127.0.0.1', port } as TestServer, { token });
  };
  return {
    shell,
    signal,
    joined,
    get: async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status,
    /** Resolves with the exit code. */
    code: async (): Promise<number> => {
      const ended = (): boolean => existsSync(codeFile) && readFileSync(codeFile, 'utf8').endsWith('\n');
      await until(ended, 'the end of the server', 25_000);
      return Number(readFileSync(codeFile, 'utf8'));
    },
  };
}
type Served = Awaited<ReturnType<typeof serve>>;

async function expectService({ get, joined }: Served): Promise<void> {
  expect(await get('/readyz')).toBe(200);
  const chat = await joined();
  chat.say('Hello!');
  expect(await chat.next('chat_message')).toMatchObject({ msg: { text: 'Hello!' } });
  await chat.close();
}

async function expectOrderlyEnd(served: Served): Promise<void> {
  const chat = await served.joined();
  served.signal('SIGTERM');
  expect(await chat.closed()).toBe(1001);
  expect(await served.code()).toBe(0);
}

const floodRequests = 300;
/** Sends requests with long log lines, 4 MiB in all: more than a pipe and the log's queue hold. */
async function flood({ get }: Served): Promise<void> {
  for (let n = 0; n < floodRequests; n += 1) expect(await get(`/${'x'.repeat(14_000)}`)).toBe(404);
}

/** Reads the log from now on, and resolves with the first line of this event. */
async function linesUntil(stream: Readable, event: string) {
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk));
  await until(
    () => text.includes(`"event":"${event}"`) && text.endsWith('\n'),
    () => `${event} in ${text}`,
    25_000,
  );
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const terminal = '/usr/bin/script';
const noTerminal = existsSync(terminal) ? undefined : `${terminal} is not there`;
if (noTerminal && process.env.CI) throw new Error(`In CI the terminal must be tested, and ${noTerminal}`);
if (noTerminal) console.warn(`A log on a terminal is not tested: ${noTerminal}`);

describe('a server whose log fails', { timeout: manyStartsMs }, () => {
  const failing: [name: string, given: Case][] = [
    ['its disk is full', { redirection: '> /dev/full 2>&1' }],
    ['both outputs are closed', { redirection: '>&- 2>&-' }],
    [
      'the readers of both outputs were gone before it started',
      {
        prepare: ({ stdout, stderr }) => {
          stdout!.destroy();
          stderr!.destroy();
        },
      },
    ],
  ];
  it.each(failing)('starts, serves and shuts down when %s', async (_, given) => {
    const served = await serve(given);
    await expectService(served);
    await expectOrderlyEnd(served);
  });

  it('shuts down with exit code 1 after an error that it cannot log', async () => {
    const preload = 'process.on(`SIGUSR2`, () => { throw new Error(`planted`); });';
    const served = await serve({ redirection: '> /dev/full 2>&1', preload });
    const chat = await served.joined();
    served.signal('SIGUSR2');
    expect(await chat.closed()).toBe(1001);
    expect(await served.code()).toBe(1);
  });

  it.skipIf(noTerminal)('keeps running without its terminal', async () => {
    const served = await serve({ onTerminal: true });
    served.shell.kill('SIGKILL');
    await expectService(served);
    await expectOrderlyEnd(served);
  });
});

describe('a server whose log is not read', { timeout: manyStartsMs }, () => {
  it.skipIf(noTerminal)('serves and shuts down on a stopped terminal', async () => {
    const served = await serve({ onTerminal: true });
    await flood(served);
    await expectService(served);
    await expectOrderlyEnd(served);
  });

  const readers: [name: string, open: () => { given: Case; stream: (served: Served) => Readable }][] = [
    ['a socket', () => ({ given: {}, stream: ({ shell }) => shell.stdout! })],
    [
      'a pipe',
      () => {
        const fifo = join(temporaryFolder(), 'fifo');
        execFileSync('mkfifo', [fifo]);
        const reader = new Socket({
          fd: openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK),
          readable: true,
          writable: false,
        });
        onTestFinished(() => void reader.destroy());
        return { given: { redirection: `> ${fifo} 2>&1` }, stream: () => reader };
      },
    ],
  ];
  it.each(readers)('serves, and logs how many lines were lost once %s is read again', async (_, open) => {
    const { given, stream } = open();
    const served = await serve(given);
    await flood(served);
    await expectService(served);
    const lines = await linesUntil(stream(served), 'log_lines_lost');
    const lost = Number(lines.find(({ event }) => event === 'log_lines_lost')!.lost);
    expect(lost).toBeGreaterThan(0);
    // The start, the flood, and one request and one handshake after it.
    const written = lines.filter(({ event }) => event !== 'log_lines_lost').length;
    expect(written + lost).toBe(1 + floodRequests + 2);
    await expectOrderlyEnd(served);
  });

  it.each(readers)('shuts down when %s is never read again', async (_, open) => {
    const served = await serve(open().given);
    await flood(served);
    await expectOrderlyEnd(served);
  });
});
