import { existsSync, readFileSync } from 'node:fs';
import type { Hono } from 'hono';
import type { Handlers } from '../../generated/http/index.ts';
import type { AppEnv } from './env.ts';
import { fixed } from './fixed.ts';
import { folder } from './folder.ts';

/** Where `npm run build` puts the chat page. */
export const builtPage = new URL('../../build/page/', import.meta.url);

/**
 * What the page may do: run our script, ask this server, and keep what is said from ever becoming markup (that is what
 * trusted types forbid, with no policy that could allow it).
 */
const pageHeaders = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    // The WebSocket of this origin too (CSP 3).
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

/** The chat page; where it was not built, one that says how. */
export function pageHandlers(root: URL): Pick<Handlers<AppEnv>, 'page'> {
  const index = new URL('index.html', root);
  const html = existsSync(index) ? readFileSync(index) : unbuilt;
  return { page: fixed('text/html; charset=utf-8', html, pageHeaders) };
}

/** What the page loads from beneath `/assets`. */
export const pageFiles = (root: URL): Hono<AppEnv> => folder(new URL('assets/', root), () => ({}));
