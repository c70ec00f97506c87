import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { Hono } from 'hono';
import { stringify } from 'yaml';
import type { Handlers } from '../../generated/http/index.ts';
import type { AppEnv } from './env.ts';
import { fixed, lazily } from './fixed.ts';
import { folder } from './folder.ts';

/** A bundled spec in the form in which it is served. */
type Document = Readonly<Record<string, unknown>>;

interface Documents {
  readonly openapi: Document;
  readonly asyncapi: Document;
}

type Docs = Pick<Handlers<AppEnv>, 'docs' | 'openapiJson' | 'openapiYaml' | 'asyncapiJson' | 'asyncapiYaml'>;

/**
 * Returns the policy of a page: it may run these scripts and ask this server. Styles may be inline, because the pages set
 * them in attributes and elements. They can't leak data, because they may load from no other origin.
 */
const policy = (scripts: readonly string[] = []): Record<string, string> => ({
  'Content-Security-Policy': [
    "default-src 'none'",
    ["script-src 'self'", ...scripts].join(' '),
    "style-src 'self' 'unsafe-inline'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'Referrer-Policy': 'no-referrer',
});

/** Returns the policy of a generated page, which allows its inline scripts by their hashes. */
const policyOf = (html: Buffer): Record<string, string> =>
  policy(
    [...html.toString().matchAll(/<script(?: id="[\w-]+")?>(.*?)<\/script>/gs)].map(
      ([, script]) => `'sha256-${createHash('sha256').update(script!).digest('base64')}'`,
    ),
  );

const file = (path: string): URL => new URL(path, import.meta.url);
const htmlType = 'text/html; charset=utf-8';
const scriptType = 'text/javascript; charset=utf-8';

const toJson = (document: Document): string => `${JSON.stringify(document, null, 2)}\n`;
/** Writes YAML for readers of version 1.1, too: without aliases, and with quotes around dates and booleans. */
const toYaml = (document: Document): string =>
  stringify(document, { aliasDuplicateObjects: false, schema: 'yaml-1.1' });

/** The site that `npm run build:docs` builds from docs/, with links that are relative to each page. */
const site = file('../../build/docs/');
const siteIndex = new URL('index.html', site);

const unbuilt = `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>Palaver documentation</title>
  <h1>Palaver documentation</h1>
  <p>The pages are not built: run <code>npm run build</code>, then start the server again.</p>
  <p>The specs: <a href="openapi.json">openapi.json</a>, <a href="asyncapi.json">asyncapi.json</a>.</p>
</html>
`;

/** The index at `/docs`, one level above the address for which it was built. */
function indexPage(): Buffer {
  if (!existsSync(siteIndex)) return Buffer.from(unbuilt);
  return Buffer.from(readFileSync(siteIndex, 'utf8').replaceAll('="./', '="docs/'));
}

/** Returns the handlers of the documents and of the documentation's index. Their bytes are made once, at the start. */
export function docsHandlers({ openapi, asyncapi }: Documents): Docs {
  const index = indexPage();
  return {
    docs: fixed(htmlType, index, policyOf(index)),
    openapiJson: fixed('application/json', toJson(openapi)),
    openapiYaml: fixed('application/yaml', toYaml(openapi)),
    asyncapiJson: fixed('application/json', toJson(asyncapi)),
    asyncapiYaml: fixed('application/yaml', toYaml(asyncapi)),
  };
}

/** The script that shows an API reference; `npm run build` fetches it. */
const referenceScript = file('../../build/api-reference.js');

/** The references, each a page of its own: the title and the document that it shows. */
const references: Readonly<Record<string, readonly [title: string, document: string]>> = {
  http: ['HTTP reference', 'openapi.json'],
  websocket: ['WebSocket reference', 'asyncapi.json'],
};

function referencePage(title: string, document: string): string {
  const template = readFileSync(file('./docs/page.html'), 'utf8');
  return template.replaceAll('{title}', title).replaceAll('{document}', document);
}

/** The SDK's reference, if it was built. */
const sdkReference = file('../../build/sdk-reference/');

/** Names that contain a hash of the content never change. */
const cached = { 'Cache-Control': 'public, max-age=31536000, immutable' };

/** Returns the routes below `/docs`. */
export function docsFiles(): Hono<AppEnv> {
  const files = new Hono<AppEnv>();
  if (existsSync(siteIndex)) {
    const index = readFileSync(siteIndex);
    files.get('/', fixed(htmlType, index, policyOf(index)));
  }
  for (const [path, [title, document]] of Object.entries(references))
    files.get(`/${path}`, fixed(htmlType, referencePage(title, document), policy()));
  files.get('/reference-start.js', fixed(scriptType, readFileSync(file('./docs/start.js'))));
  files.get('/reference.css', fixed('text/css; charset=utf-8', readFileSync(file('./docs/page.css'))));
  files.get('/sdk', (c) => c.redirect('sdk/index.html'));
  files.get('/sdk/', (c) => c.redirect('index.html'));
  files.route('/sdk', folder(sdkReference, { headers: policyOf, isLazy: true }));
  if (existsSync(referenceScript))
    files.get(
      '/reference.js',
      lazily(() => fixed(scriptType, readFileSync(referenceScript))),
    );
  files.route(
    '/',
    folder(site, {
      headers: (content, path) =>
        path.endsWith('.html') ? policyOf(content) : path.startsWith('assets/') ? cached : {},
      isLazy: true,
    }),
  );
  return files;
}
