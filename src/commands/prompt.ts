import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** Lines of standard input, which a person types at a terminal or a program writes into a pipe. */
export interface Prompt {
  /** Whether a person types the lines. Then standard error shows the line that is being typed. */
  readonly isTyped: boolean;
  readonly lines: AsyncIterable<string>;
  /**
   * Asks for a password, and returns the next line. A terminal doesn't show it, and a pipe doesn't get the question.
   * @throws at the end of the input, Ctrl-C and Ctrl-D included
   */
  askPassword(question: string): Promise<string>;
  /** Shows the line that is being typed again, where something was printed over it. */
  redraw(): void;
  /** Stops reading. */
  close(): void;
}

/** Starts to read standard input, and calls `onClose` once at its end or when it's closed. */
export function openPrompt(onClose: () => void = () => {}): Prompt {
  const { stdin, stderr } = process;
  const isTyped = stdin.isTTY === true;
  let isHidden = false;
  // Standard output may go to a file, which typed lines don't belong in.
  const echo = new Writable({
    write: (chunk, _, done) => {
      if (!isHidden) stderr.write(chunk);
      done();
    },
  });
  Object.defineProperty(echo, 'columns', { get: () => stderr.columns });
  // With a history, the arrow keys would show the password.
  const reader = createInterface({ input: stdin, terminal: isTyped, historySize: 0, ...(isTyped && { output: echo }) });
  reader.once('close', onClose);
  // One iterator for all readers, which keeps lines that come before they are asked for.
  const lines = reader[Symbol.asyncIterator]();

  return {
    isTyped,
    lines: { [Symbol.asyncIterator]: () => lines },
    askPassword: async (question) => {
      isHidden = true;
      if (isTyped) stderr.write(question);
      try {
        const { value, done } = await lines.next();
        if (done) throw new Error('The password is missing');
        return value;
      } finally {
        isHidden = false;
        // The echo of Enter was hidden too.
        if (isTyped) stderr.write('\n');
      }
    },
    redraw: () => reader.prompt(true),
    close: () => reader.close(),
  };
}
