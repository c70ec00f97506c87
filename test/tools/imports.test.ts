import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

describe('the import rules', () => {
  let code: number;
  let lines: string[];
  beforeAll(async () => {
    const result = await run(
      join(root, 'node_modules/.bin/depcruise'),
      ['--config', join(root, '.dependency-cruiser.cjs'), 'src', 'sdk', 'web', 'contract/src', 'test'],
      { cwd: join(root, 'test/tools/planted') },
    ).catch((error) => error);
    code = result.code;
    lines = result.stdout.split('\n');
  });

  it.each([
    ['chat-knows-the-port-and-auth', 'src/chat/room.ts'],
    ['only-the-server-picks-adapters', 'src/chat/room.ts'],
    ['one-file-knows-prometheus', 'src/metrics/listener.ts'],
    ['only-its-adapter-knows-ioredis', 'src/http/messages.ts'],
    ['no-cycle', 'src/history/history.ts'],
    ['lib-is-pure', 'src/lib/observe.ts'],
    ['sdk-stands-alone', 'sdk/typescript/src/palaver.ts'],
    ['the-kit-stands-alone', 'contract/src/run.ts'],
    ['the-kit-goes-one-way-specs', 'contract/src/specs/http.ts'],
    ['no-cycle', 'contract/src/cases/http/case.ts'],
    ['the-page-knows-the-sdk-only', 'web/chat.ts'],
    ['source-knows-no-test', 'src/errors.ts'],
    ['nobody-imports-a-test-file', 'test/harness/pages.ts'],
    ['the-harness-knows-no-tests', 'test/harness/pages.ts'],
  ])('report %s in %s', (rule, file) => {
    expect(lines).toContainEqual(expect.stringContaining(`error ${rule}: ${file} `));
  });

  it('report nothing else', () => {
    expect(code).toBe(lines.filter((line) => line.startsWith('  error ')).length);
    expect(code).toBe(14);
  });
});
