import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Hono } from 'hono';
import { getMimeType } from 'hono/utils/mime';
import type { AppEnv } from './env.ts';
import { fixed, lazily } from './fixed.ts';

interface FolderOptions {
  /** Headers of a response with this file, by its content and path. */
  readonly headers?: (content: Buffer, path: string) => Record<string, string>;
  /** Reads a file at its first request instead of now: memory that most servers never need. */
  readonly isLazy?: boolean;
}

/**
 * Serves the files of a build folder, each under its path, and a page `x.html` as `x`, too. Reads each of them once. A
 * missing folder has no files, and a file without a known media type isn't served.
 */
export function folder(root: URL, { headers = () => ({}), isLazy = false }: FolderOptions = {}): Hono<AppEnv> {
  const files = new Hono<AppEnv>();
  if (!existsSync(root)) return files;
  for (const entry of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const type = getMimeType(entry);
    if (type === undefined) continue;
    const read = () => {
      const content = readFileSync(new URL(entry, root));
      return fixed(type, content, headers(content, entry));
    };
    const handler = isLazy ? lazily(read) : read();
    files.get(`/${entry}`, handler);
    if (entry.endsWith('.html')) files.get(`/${entry.slice(0, -'.html'.length)}`, handler);
  }
  return files;
}
