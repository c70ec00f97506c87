import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Hono } from 'hono';
import { getMimeType } from 'hono/utils/mime';
import type { AppEnv } from './env.ts';
import { fixed } from './fixed.ts';

/**
 * Serves the files of a build folder, each under its path and with the headers that `headers` makes of its content. Reads
 * them once, here. A missing folder has no files, and a file without a known media type isn't served.
 */
export function folder(root: URL, headers: (content: Buffer) => Record<string, string>): Hono<AppEnv> {
  const files = new Hono<AppEnv>();
  if (!existsSync(root)) return files;
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const type = getMimeType(entry);
    if (type === undefined) continue;
    const content = readFileSync(new URL(entry, root));
    files.get(`/${entry}`, fixed(type, content, headers(content)));
  }
  return files;
}
