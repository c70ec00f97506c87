import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Hono } from 'hono';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AppEnv } from '../../../src/http/env.ts';
import { folder } from '../../../src/http/folder.ts';
import { temporaryFolder } from '../../harness/folder.ts';

describe.each([true, false])('a folder, read lazily: %s', (isLazy) => {
  let root: string;
  let files: Hono<AppEnv>;
  beforeEach(() => {
    root = temporaryFolder();
    mkdirSync(join(root, 'in'));
    for (const name of ['a.js', 'in/b.css', 'in/c.svg', 'page.html', 'd.unknown', '.nojekyll'])
      writeFileSync(join(root, name), name);
    files = folder(pathToFileURL(`${root}/`), {
      headers: (content) => ({ 'X-Content': content.toString() }),
      isLazy,
    });
  });

  it.each([
    ['/a.js', 'text/javascript; charset=utf-8', 'a.js'],
    ['/in/b.css', 'text/css; charset=utf-8', 'in/b.css'],
    ['/in/c.svg', 'image/svg+xml; charset=utf-8', 'in/c.svg'],
  ])('serves %s as %s, with headers of its own', async (path, type, content) => {
    const answer = await files.request(path);
    expect([answer.headers.get('content-type'), answer.headers.get('x-content')]).toEqual([type, content]);
    expect(await answer.text()).toBe(content);
  });

  it('serves a page with and without its extension', async () => {
    for (const path of ['/page.html', '/page']) expect(await (await files.request(path)).text()).toBe('page.html');
  });

  it('reads a file once', async () => {
    await files.request('/a.js');
    writeFileSync(join(root, 'a.js'), 'changed');
    expect(await (await files.request('/a.js')).text()).toBe('a.js');
  });

  it.each(['/d.unknown', '/.nojekyll', '/in', '/none.js'])('does not serve %s', async (path) => {
    expect((await files.request(path)).status).toBe(404);
  });

  it('serves nothing if the folder is missing', async () => {
    const none = folder(pathToFileURL(join(temporaryFolder(), 'none/')));
    expect((await none.request('/a.js')).status).toBe(404);
  });
});
