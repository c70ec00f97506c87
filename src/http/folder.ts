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
 * Serves what was built into a folder, each file under its path. Bytes are read once, here; a folder that isn't there has no files.
 */
export function folder(root: URL, headers: (content: Buffer) => Record<string, string>): Hono<AppEnv> {
  const files = new Hono<AppEnv>();
  if (!existsSync(root)) return files;
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const type = mediaTypes[extname(entry)];
    if (type === undefined) continue;
    const content = readFileSync(new URL(entry, root));
    files.get(`/${entry}`, fixed(type, content, headers(content)));
  }
  return files;
}
