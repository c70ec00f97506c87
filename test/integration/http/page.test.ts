import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../harness/folder.ts';
import { startTestServer } from '../../harness/server.ts';

const html = '<!doctype html><title>Built</title>';
const script = 'console.log(1)';

function builtPage(): URL {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), html);
  writeFileSync(join(folder, 'assets/index-1.js'), script);
  return pathToFileURL(`${folder}/`);
}

it('serves the built page and its assets', async () => {
  await using server = await startTestServer({ page: builtPage() });
  const origin = `http://${server.host}:${server.port}`;
  const page = await fetch(`${origin}/`);
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(await page.text()).toBe(html);
  const asset = await fetch(`${origin}/assets/index-1.js`);
  expect([asset.status, asset.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);
  expect(await asset.text()).toBe(script);
  for (const path of ['/index.html', '/assets/', '/assets/nothing.js', '/assets/..%2findex.html'])
    expect([path, (await fetch(origin + path)).status]).toEqual([path, 404]);
});

it('restricts the page to its own script and server', async () => {
  await using server = await startTestServer({ page: builtPage() });
  const { headers } = await fetch(`http://${server.host}:${server.port}/`);
  const policy = headers.get('content-security-policy')!.split('; ');
  expect(policy.sort()).toEqual([
    "base-uri 'none'",
    "connect-src 'self'",
    "default-src 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "img-src 'self' data:",
    "require-trusted-types-for 'script'",
    "script-src 'self'",
    "style-src 'self'",
    "trusted-types 'none'",
  ]);
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

it('says how to build the page if it is not built', async () => {
  await using server = await startTestServer({ page: pathToFileURL(`${temporaryFolder()}/`) });
  const text = await (await fetch(`http://${server.host}:${server.port}/`)).text();
  expect(text).toContain('npm run build');
  expect(text).toContain('href="docs"');
});
