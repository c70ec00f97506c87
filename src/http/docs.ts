import { existsSync, readFileSync } from 'node:fs';
import { type Context, Hono } from 'hono';
import { stringify } from 'yaml';
import type { Handlers } from '../../generated/http/index.ts';
import type { AppEnv } from './env.ts';
import { fixed } from './fixed.ts';

/** A bundled spec, as it is to be served. */
type Document = Readonly<Record<string, unknown>>;

interface Documents {
  readonly openapi: Document;
  readonly asyncapi: Document;
}

type Docs = Pick<Handlers<AppEnv>, 'docs' | 'openapiJson' | 'openapiYaml' | 'asyncapiJson' | 'asyncapiYaml'>;

/**
 * What the page may do: run our two scripts and ask this server. The reference sets styles in attributes and elements
 * of its own, so styles alone may be inline; with no other origin to load from, they can't carry anything away.
 */
const pageHeaders = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'Referrer-Policy': 'no-referrer',
};

const file = (path: string): URL => new URL(path, import.meta.url);

const toJson = (document: Document): string => `${JSON.stringify(document, null, 2)}\n`;
/** Without aliases, and with quotes where YAML 1.1 sees dates and booleans: not every reader follows the one, or 1.2. */
const toYaml = (document: Document): string =>
  stringify(document, { aliasDuplicateObjects: false, schema: 'yaml-1.1' });

/** The page, and both halves of the contract as documents; their bytes are made once, here. */
export const docsHandlers = ({ openapi, asyncapi }: Documents): Docs => ({
  docs: fixed('text/html; charset=utf-8', readFileSync(file('./docs/page.html')), pageHeaders),
  openapiJson: fixed('application/json', toJson(openapi)),
  openapiYaml: fixed('application/yaml', toYaml(openapi)),
  asyncapiJson: fixed('application/json', toJson(asyncapi)),
  asyncapiYaml: fixed('application/yaml', toYaml(asyncapi)),
});

/** The one file of the reference's package that is served: from the package, or where that isn't installed from a copy. */
function referenceScript(): URL | undefined {
  const places = [file('./docs/reference.js')];
  try {
    places.unshift(new URL('./browser/standalone.js', import.meta.resolve('@scalar/api-reference')));
  } catch {
    // Not installed: it is as large as all the rest, and needed for this one file.
  }
  return places.find(existsSync);
}

/** The guide in the one form that the reference can show: a document whose description it is. */
function guideDocument(): string {
  const [title = '', ...lines] = readFileSync(file('../../docs/client-guide.md'), 'utf8').split('\n');
  const info = { title: title.replace(/^# /, ''), version: '1', description: lines.join('\n') };
  return toJson({ openapi: '3.1.0', info, paths: {} });
}

/** What the page loads from beneath `/docs`. Without the reference's script the page is a list of links. */
export function docsFiles(): Hono<AppEnv> {
  const files = new Hono<AppEnv>();
  files.get('/start.js', fixed('text/javascript; charset=utf-8', readFileSync(file('./docs/start.js'))));
  files.get('/page.css', fixed('text/css; charset=utf-8', readFileSync(file('./docs/page.css'))));
  files.get('/guide.json', fixed('application/json', guideDocument()));
  const script = referenceScript();
  // Several megabytes: read when somebody asks for the first time.
  let answer: ((c: Context) => Response) | undefined;
  if (script)
    files.get('/reference.js', (c) => {
      answer ??= fixed('text/javascript; charset=utf-8', readFileSync(script));
      return answer(c);
    });
  return files;
}
