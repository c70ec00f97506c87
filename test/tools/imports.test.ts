import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

it('the import rule fails on the violations that are planted', async () => {
  const { code, stdout } = await run(
    join(root, 'node_modules/.bin/depcruise'),
    ['--config', join(root, '.dependency-cruiser.cjs'), 'src', 'web', 'contract/src'],
    { cwd: join(root, 'test/tools/planted') },
  ).catch((error) => error);
  expect(code).toBe(7);
  expect(stdout).toMatch(/chat-knows-the-port-and-auth.*src\/chat\/room\.ts/);
  expect(stdout).toMatch(/only-the-server-picks-adapters.*src\/chat\/room\.ts/);
  expect(stdout).toMatch(/one-file-knows-prometheus.*src\/metrics\/listener\.ts/);
  expect(stdout).toMatch(/the-kit-stands-alone.*contract\/src\/run\.ts/);
  expect(stdout).toMatch(/the-kit-goes-one-way-specs.*contract\/src\/specs\/http\.ts/);
  expect(stdout).toMatch(/the-kit-has-no-cycle.*contract\/src\/cases\/http\/case\.ts/);
  expect(stdout).toMatch(/the-page-knows-the-sdk-only.*web\/chat\.ts/);
});
