import { openPrompt } from './prompt.ts';

/** Bytes of standard input that are read at most: no password is as long. */
const maxBytes = 16_384;

/**
 * Reads a new password. At a terminal it asks for it twice; from a pipe it takes everything except a last line end.
 */
export const readNewPassword = (): Promise<string> => (process.stdin.isTTY ? askTwice() : readAll());

/** Asks a second time, for nobody sees what was typed. */
async function askTwice(): Promise<string> {
  const prompt = openPrompt();
  try {
    const password = await prompt.askPassword('Password: ');
    if ((await prompt.askPassword('Once more: ')) !== password) throw new Error('The two passwords differ');
    return password;
  } finally {
    prompt.close();
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
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  return text.replace(/\r?\n$/, '');
}
