import { clearLine, createInterface, cursorTo } from 'node:readline';
import { Writable } from 'node:stream';

/** Where somebody reads and types, or pipes in place of it. */
export interface Terminal {
  /** What is typed, line by line, until its end. */
  readonly lines: AsyncIterable<string>;
  /** The next line, not shown while it is typed; undefined at the end. */
  askSecretly(question: string): Promise<string | undefined>;
  /** A line on standard output, above what is being typed. */
  print(line: string): void;
  /** The same on standard error. */
  complain(line: string): void;
  /** Reads nothing more. */
  close(): void;
}

/** @param onGone nobody reads any more what is printed */
export function openTerminal(onGone: () => void): Terminal {
  const { stdin, stdout, stderr } = process;
  const isTyped = stdin.isTTY === true;
  let isSecret = false;
  // What is printed may go elsewhere; what is typed is shown beside it.
  const shown = new Writable({
    write: (chunk, _, done) => {
      if (!isSecret) stderr.write(chunk);
      done();
    },
  });
  Object.defineProperty(shown, 'columns', { get: () => stderr.columns });
  // Nothing that was typed comes back: it may have been a password.
  const reader = createInterface({
    input: stdin,
    terminal: isTyped,
    historySize: 0,
    ...(isTyped && { output: shown }),
  });
  const lines = reader[Symbol.asyncIterator]();
  stdout.on('error', onGone);
  let isOpen = true;
  reader.once('close', () => {
    isOpen = false;
    // What comes next does not stand behind what was being typed.
    if (isTyped) stderr.write('\n');
  });

  const above = (stream: NodeJS.WriteStream) => (line: string) => {
    if (isTyped && isOpen) {
      clearLine(stderr, 0);
      cursorTo(stderr, 0);
    }
    stream.write(`${line}\n`);
    if (isTyped && isOpen) reader.prompt(true);
  };

  return {
    lines: { [Symbol.asyncIterator]: () => lines },
    askSecretly: async (question) => {
      if (isTyped) stderr.write(question);
      isSecret = true;
      const { value, done } = await lines.next();
      isSecret = false;
      if (isTyped) stderr.write('\n');
      return done ? undefined : value;
    },
    print: above(stdout),
    complain: above(stderr),
    close: () => reader.close(),
  };
}
