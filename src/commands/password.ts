import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** No password is as long. */
const maxBytes = 16_384;

/** Whatever is typed is shown nowhere. */
const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

/** Asks at the terminal, without an echo. Ctrl-C and Ctrl-D end it. */
async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: nowhere(), terminal: true });
  const given = new AbortController();
  for (const event of ['SIGINT', 'close'] as const) lines.once(event, () => given.abort());
  // Only now: from here on nothing that is typed is shown.
  process.stderr.write(question);
  try {
    return await lines.question('', { signal: given.signal });
  } catch (error) {
    throw new Error('No password was given', { cause: error });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

async function readAll(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`A password has at most ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
}

/** A new password: from the terminal, twice, as nobody sees it; or all of standard input, but for its last line end. */
export async function readPassword(): Promise<string> {
  if (!process.stdin.isTTY) return (await readAll()).replace(/\r?\n$/, '');
  const password = await ask('Password: ');
  if ((await ask('Once more: ')) !== password) throw new Error('The two passwords differ');
  return password;
}
