import { openPrompt } from './prompt.ts';

/** Maximum number of bytes that are read from standard input: no password is as long. */
const maxBytes = 16_384;

/**
 * Reads a new password: asks for it twice at a terminal, or reads all of a pipe except a last line end.
 */
export const readNewPassword = (): Promise<string> => (process.stdin.isTTY ? askTwice() : readAll());

/** Asks twice, because the terminal does not show the password. */
async function askTwice(): Promise<string> {
  const prompt = openPrompt();
  try {
    const password = await prompt.askPassword('Password: ');
    if ((await prompt.askPassword('Repeat it: ')) !== password)
      throw new Error('The two passwords differ: run the command again');
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
    if (size > maxBytes) throw new Error(`password: must have at most ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  return text.replace(/\r?\n$/, '');
}
