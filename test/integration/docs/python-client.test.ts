import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { request } from '../../harness/http.ts';
import { root } from '../../harness/process.ts';
import { startTestServer } from '../../harness/server.ts';

const python = '/usr/bin/python3';
const guide = readFileSync(join(root, 'docs/develop/another-language.md'), 'utf8');
const [, code = ''] = /```python\n(.*?)```/s.exec(guide)!;

/** Returns whether Python and the package that the example uses are installed. */
function hasWebsockets(): boolean {
  try {
    execFileSync(python, ['-c', 'import websockets'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!hasWebsockets())(`the example in Python (skipped where ${python} lacks python3-websockets)`, () => {
  it('logs in, sends a message and prints it', async () => {
    await using server = await startTestServer();
    const ann = { email: 'ann@example.com', username: 'Ann', password: 'correct horse' };
    await request(server, 'POST', '/createUser', { json: ann });
    const script = code.replace('127.0.0.1:3000', `${server.host}:${server.port}`);
    const { stdout } = await promisify(execFile)(python, ['-c', script]);
    expect(stdout).toBe('Online: []\nAnn: Hello!\n');
  });
});
