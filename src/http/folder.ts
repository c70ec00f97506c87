import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Hono } from 'hono';
import { getMimeType } from 'hono/utils/mime';
import type { AppEnv } from './env.ts';
import { fixed } from './fixed.ts';

/**
 * Serves the files of a build folder, each under its path, and a page `x.html` as `x`, too. Reads them once, here. A
 * missing folder has no files, and a file without a known media type isn't served.
 * @param headers of a response with this file, by its content and path
 */
export function folder(root: URL, headers: (content: Buffer, path: string) => Record<string, string>): Hono<AppEnv> {
  const files = new Hono<AppEnv>();
  if (!existsSync(root)) return files;
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const type = getMimeType(entry);
    if (type === undefined) continue;
    const content = readFileSync(new URL(entry, root));
    const handler = fixed(type, content, headers(content, entry));
    files.get(`/${entry}`, handler);
    if (entry.endsWith('.html')) files.get(`/${entry.slice(0, -'.html'.length)}`, handler);
  }
  return files;
}
