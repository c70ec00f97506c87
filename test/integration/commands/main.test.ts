import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../harness/folder.ts';
import { commandLine, manyStartsMs, palaver } from '../../harness/palaver.ts';
import { root } from '../../harness/process.ts';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Runs the command in a shell, whose exit code it returns. */
async function inShell(script: string, env: Readonly<Record<string, string>> = {}) {
  const line = script.replaceAll('palaver', commandLine().join(' '));
  const child = spawn('/bin/bash', ['-c', line], { cwd: root, env: { ...process.env, NODE_ENV: '', ...env } });
  const [[code], out, errors] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { code, out, errors };
}

describe('palaver', { timeout: manyStartsMs }, () => {
  it.each([[['--version']], [['-v']], [['version']]])('%j prints the version', async (args) => {
    expect(await palaver(args, {})).toEqual({ code: 0, out: `${version}\n`, errors: '' });
  });

  it('help lists the commands; help COMMAND prints the options of one', async () => {
    const [help, flag, users] = [
      await palaver(['help'], {}),
      await palaver(['--help'], {}),
      await palaver(['help', 'users'], {}),
    ];
    expect(help).toEqual(flag);
    expect([help.code, help.out]).toEqual([0, expect.stringMatching(/^palaver \[command\][\s\S]*--version/)]);
    expect([users.code, users.out]).toEqual([0, expect.stringMatching(/^palaver users add/)]);
    expect(await palaver(['help', 'nothing'], {})).toMatchObject({ code: 2, out: '' });
  });

  it.each<[args: string[], errors: string]>([
    [['nothing'], "palaver has no command 'nothing'\nUsage: palaver [command]; palaver --help lists the commands\n"],
    [['--nothing'], "Unknown option '--nothing'\nUsage: palaver [command]; palaver --help lists the commands\n"],
    [
      ['token', '--email', 'a@b.c', '--ttl', '10'],
      '--ttl is not valid: the unit (s, m, h or d) is missing: it must be a duration from 1s to 365d, such as 90s, 15m, 12h or 30d\nUsage: palaver token --email EMAIL [--ttl DURATION]\n       palaver token --id ID [--ttl DURATION]\n',
    ],
    [
      ['token', '--email', 'a@b.c', '--ttl', '-5s'],
      "Option '--ttl' needs a value. If the value begins with a dash, write --ttl=VALUE\nUsage: palaver token --email EMAIL [--ttl DURATION]\n       palaver token --id ID [--ttl DURATION]\n",
    ],
    [['backup'], 'Give the file to write\nUsage: palaver backup FILE\n'],
    [
      ['users', 'add', '--email'],
      "Option '--email <value>' argument missing\nUsage: palaver users add --email EMAIL --username NAME\n",
    ],
    [
      ['token'],
      'Give --email or --id\nUsage: palaver token --email EMAIL [--ttl DURATION]\n       palaver token --id ID [--ttl DURATION]\n',
    ],
  ])('%j fails with 2, the error and the usage lines', async (args, errors) => {
    expect(await palaver(args, {})).toEqual({ code: 2, out: '', errors });
  });

  it('exits with 0 and no error when the reader of its output closes the pipe', async () => {
    const env = { DATA_DIR: temporaryFolder() };
    for (const command of ['users list', '--help', '--version', 'users --help'])
      expect(await inShell(`palaver ${command} | true; exit $PIPESTATUS`, env)).toEqual({
        code: 0,
        out: '',
        errors: '',
      });
    const errors = await inShell('palaver nothing 2> >(true); exit $?', env);
    expect(errors).toEqual({ code: 2, out: '', errors: '' });
  });

  it('reports an unwritable standard output and exits with 1', async () => {
    for (const command of ['--version', 'help'])
      expect(await inShell(`palaver ${command} > /dev/full`)).toEqual({
        code: 1,
        out: '',
        errors: 'Standard output cannot be written (ENOSPC)\n',
      });
  });

  it('keeps its exit code when standard error cannot be written, and does not wait for it', async () => {
    expect((await inShell('palaver nothing 2> /dev/full')).code).toBe(2);
    // A full pipe that nobody reads.
    const stalled =
      'exec 3> >(sleep 20); head -c 1000000 /dev/zero >&3 & sleep 0.5; palaver nothing 2>&3; code=$?; kill %1; exit $code';
    const started = execFile('/bin/bash', ['-c', stalled.replace('palaver', commandLine().join(' '))], { cwd: root });
    const [code] = await once(started, 'exit');
    expect(code).toBe(2);
  });
});
