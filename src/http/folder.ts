import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { Hono } from 'hono';
import type { AppEnv } from './env.ts';
import { fixed } from './fixed.ts';

const mediaTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};

/**
 * Serves the files of a folder, each under its path, and a page `x.html` as `x`, too. Reads them once, here; a folder that
 * doesn't exist has no files.
 * @param headers of a response with this file
 */
export function folder(root: URL, headers: (content: Buffer, path: string) => Record<string, string>): Hono<AppEnv> {
  const files = new Hono<AppEnv>();
  if (!existsSync(root)) return files;
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const type = mediaTypes[extname(entry)];
    if (type === undefined) continue;
    const content = readFileSync(new URL(entry, root));
    const handler = fixed(type, content, headers(content, entry));
    files.get(`/${entry}`, handler);
    if (entry.endsWith('.html')) files.get(`/${entry.slice(0, -'.html'.length)}`, handler);
  }
  return files;
}
