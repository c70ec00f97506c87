import { clearLine, cursorTo } from 'node:readline';
import { openPrompt, type Prompt } from './prompt.ts';

/** A terminal, or pipes in its place, where a person reads and types a chat. */
export interface Terminal extends Pick<Prompt, 'lines' | 'askPassword' | 'close'> {
  /** Prints a line on standard output, above the one that is being typed. */
  print(line: string): void;
  /** Prints a line on standard error, above the one that is being typed. */
  complain(line: string): void;
}

/** Opens the terminal, and calls `onGone` when standard output is closed. */
export function openTerminal(onGone: () => void): Terminal {
  const { stdout, stderr } = process;
  let isOpen = true;
  const prompt = openPrompt(() => {
    isOpen = false;
    // Ends the line that was being typed, so that nothing is printed behind it.
    if (prompt.isTyped) stderr.write('\n');
  });
  stdout.on('error', onGone);

  const above = (stream: NodeJS.WriteStream) => (line: string) => {
    const isTyping = prompt.isTyped && isOpen;
    if (isTyping) {
      clearLine(stderr, 0);
      cursorTo(stderr, 0);
    }
    stream.write(`${line}\n`);
    if (isTyping) prompt.redraw();
  };

  return {
    lines: prompt.lines,
    askPassword: prompt.askPassword,
    print: above(stdout),
    complain: above(stderr),
    close: prompt.close,
  };
}
