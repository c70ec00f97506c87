import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** Result of a slow reader: the close code, or another end in words, and the number of frames of each type. */
export interface Read {
  readonly code: number | string;
  readonly frames: Readonly<Record<string, number>>;
  readonly last: string | null;
  readonly bytes: number;
}

export interface SlowReader {
  /** Sends bytes unchanged. */
  send(bytes: Buffer): void;
  /** Reads to a close frame, the end of the connection, or a message `stop`. */
  read(): Promise<Read>;
}

/** Starts a client with a small receive buffer, which answers nothing and reads nothing before `read`. */
export async function startSlowReader(
  port: number,
  { path = '/join', token = 't', bytesPerSecond }: { path?: string; token?: string; bytesPerSecond: number },
): Promise<SlowReader> {
  const script = join(import.meta.dirname, 'slow-reader.py');
  const child = spawn('/usr/bin/python3', [script, `${port}`, path, token, `${bytesPerSecond}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill());
  const lines = createInterface(child.stdout);
  const [opened] = (await once(lines, 'line')) as [string];
  if (opened !== 'open') throw new Error(`Refused: ${opened}`);
  return {
    send: (bytes) => void child.stdin.write(`${bytes.toString('hex')}\n`),
    read: async () => {
      child.stdin.end('read\n');
      const [line] = (await once(lines, 'line')) as [string];
      return JSON.parse(line) as Read;
    },
  };
}
