import { existsSync, readFileSync } from 'node:fs';
import type { Hono } from 'hono';
import type { Handlers } from '../../generated/http/index.ts';
import type { AppEnv } from './env.ts';
import { fixed } from './fixed.ts';
import { folder } from './folder.ts';

/** The folder that `npm run build` puts the chat page into. */
export const builtPage = new URL('../../build/page/', import.meta.url);

/**
 * Headers of the page. It may run our script and ask this server. Trusted types without any policy keep messages from
 * becoming markup.
 */
const pageHeaders = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    // Includes the WebSocket of this origin (CSP 3).
    "connect-src 'self'",
    "img-src 'self' data:",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'Referrer-Policy': 'no-referrer',
};

const unbuilt = `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>Palaver</title>
  <h1>Palaver</h1>
  <p>The server runs, and its chat page was not built: <code>npm run build</code> does that, then start it again.</p>
  <p>Here is <a href="docs">the documentation</a>.</p>
</html>
`;

/** Returns the handler of the chat page. If that was not built, a page says how to build it. */
export function pageHandlers(root: URL): Pick<Handlers<AppEnv>, 'page'> {
  const index = new URL('index.html', root);
  const html = existsSync(index) ? readFileSync(index) : unbuilt;
  return { page: fixed('text/html; charset=utf-8', html, pageHeaders) };
}

/** Serves the files that the page loads from `/assets`. */
export const pageFiles = (root: URL): Hono<AppEnv> => folder(new URL('assets/', root));
