import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../harness/folder.ts';
import { manyStartsMs } from '../../harness/palaver.ts';
import { root } from '../../harness/process.ts';
import { atTerminal, noTerminal } from '../../harness/terminal.ts';

/** Writes a program that asks for this many passwords, and then prints them and each further line as JSON. */
function program(passwords: number): string[] {
  const file = join(temporaryFolder(), 'program.ts');
  writeFileSync(
    file,
    `import { openPrompt } from ${JSON.stringify(join(root, 'src/commands/prompt.ts'))};
    const prompt = openPrompt(() => console.log('closed'));
    const passwords = [];
    try {
      for (let n = 1; n <= ${passwords}; n += 1) passwords.push(await prompt.askPassword(\`Password \${n}: \`));
      console.log('lengths', JSON.stringify(passwords.map(({ length }) => length)));
      for await (const line of prompt.lines) console.log('line', JSON.stringify(line));
    } catch (error) {
      console.log(error.message);
    }
    prompt.close();`,
  );
  return [process.execPath, '--disable-warning=ExperimentalWarning', file];
}

describe.skipIf(noTerminal)('a prompt at a terminal', { timeout: manyStartsMs }, () => {
  it('hides passwords, even two pasted at once, and shows the lines after them', async () => {
    const run = atTerminal(program(2).join(' '));
    await run.shows('Password 1: ');
    run.type('canary\rcanary!\r');
    await run.shows('lengths [6,7]');
    run.type('hello\r');
    await run.shows('line "hello"');
    run.type('\u0004');
    expect(await run.exited()).toBe(0);
    expect(run.shown()).not.toContain('canary');
    expect(run.shown()).toMatch(/Password 1: \s+Password 2: \s+lengths \[6,7\]\s+hello\s+line "hello"\s/);
  });

  it('does not show a password for the arrow keys', async () => {
    const run = atTerminal(program(1).join(' '));
    await run.shows('Password 1: ');
    run.type('canary\r');
    await run.shows('lengths [6]');
    run.type('\u001b[A\r');
    await run.shows('line ""');
    run.type('\u0004');
    expect(await run.exited()).toBe(0);
    expect(run.shown()).not.toContain('canary');
  });

  it.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('fails if the answer is %s', async (_, key) => {
    const run = atTerminal(program(1).join(' '));
    await run.shows('Password 1: ');
    run.type(key);
    expect(await run.exited()).toBe(0);
    expect(run.shown()).toMatch(/^Password 1: closed\s+The password is missing\s+$/);
  });
});

describe('a prompt at a pipe', { timeout: manyStartsMs }, () => {
  it.each([
    [
      'takes the first line for the password',
      'canary\nhello\n\nworld',
      'lengths [6] line "hello" line "" line "world"',
    ],
    ['takes a line that nothing ends for the password', 'canary', 'lengths [6]'],
    ['takes an empty line for an empty password', '\nhello\n', 'lengths [0] line "hello"'],
    ['fails where there is no line', '', 'The password is missing'],
  ])('%s, and shows no question', async (_, input, want) => {
    const [command, ...args] = program(1);
    const child = spawn(command!, args, { stdio: 'pipe' });
    child.stdin.end(input);
    const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    expect(
      out
        .trim()
        .split('\n')
        .filter((line) => line !== 'closed')
        .join(' '),
    ).toBe(want);
    expect(errors).toBe('');
  });
});
