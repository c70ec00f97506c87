import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { type Context, Hono } from 'hono';
import { stringify } from 'yaml';
import type { Handlers } from '../../generated/http/index.ts';
import type { AppEnv } from './env.ts';
import { fixed } from './fixed.ts';
import { folder } from './folder.ts';

/** A bundled spec, as it is to be served. */
type Document = Readonly<Record<string, unknown>>;

interface Documents {
  readonly openapi: Document;
  readonly asyncapi: Document;
}

type Docs = Pick<Handlers<AppEnv>, 'docs' | 'openapiJson' | 'openapiYaml' | 'asyncapiJson' | 'asyncapiYaml'>;

/**
 * What a page may do: run these scripts and ask this server. Both references set styles in attributes and elements of
 * their own, so styles may be inline; with no other origin to load from, they can't carry anything away.
 */
const policy = (...scripts: string[]): Record<string, string> => ({
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

const file = (path: string): URL => new URL(path, import.meta.url);

const toJson = (document: Document): string => `${JSON.stringify(document, null, 2)}\n`;
/** Without aliases, and with quotes where YAML 1.1 sees dates and booleans: not every reader follows the one, or 1.2. */
const toYaml = (document: Document): string =>
  stringify(document, { aliasDuplicateObjects: false, schema: 'yaml-1.1' });

/** The page of the doors; one that leads nowhere is left out. */
function doorsPage(): string {
  const page = readFileSync(file('./docs/page.html'), 'utf8');
  return existsSync(sdkReference) ? page : page.replace(/<!-- sdk -->.*?<!-- \/sdk -->/s, '');
}

/** The page, and both halves of the contract as documents; their bytes are made once, here. */
export const docsHandlers = ({ openapi, asyncapi }: Documents): Docs => ({
  docs: fixed('text/html; charset=utf-8', doorsPage(), policy()),
  openapiJson: fixed('application/json', toJson(openapi)),
  openapiYaml: fixed('application/yaml', toYaml(openapi)),
  asyncapiJson: fixed('application/json', toJson(asyncapi)),
  asyncapiYaml: fixed('application/yaml', toYaml(asyncapi)),
});

/** The script that shows the API reference; `npm run build` fetches it. */
const referenceScript = file('../../build/api-reference.js');

/** The chapters of the guide, by the name that the page calls each. */
export const chapters: Readonly<Record<string, string>> = {
  'first-minute': 'first-minute.md',
  'self-hosting': 'self-hosting.md',
  operating: 'operating.md',
  'external-issuer': 'external-issuer.md',
  guide: 'client-guide.md',
  guarantees: 'guarantees.md',
};

/** What they show, beside them. */
export const drawings = ['nodes.svg'];

/** A chapter in the one form that the reference can show: a document whose description it is. */
function chapterDocument(name: string): string {
  const [title = '', ...lines] = readFileSync(file(`../../docs/${name}`), 'utf8').split('\n');
  const links = [
    ...Object.entries(chapters).map(([slug, to]) => [`](${to}`, `](docs?api=${slug}`] as const),
    ...drawings.map((name) => [`](${name})`, `](docs/${name})`] as const),
  ];
  const description = links.reduce((text, [from, to]) => text.replaceAll(from, to), lines.join('\n'));
  return toJson({ openapi: '3.1.0', info: { title: title.replace(/^# /, ''), version: '1', description }, paths: {} });
}

/** The reference of the SDK, where it was built. Its pages set their theme by a script of their own, known by its hash. */
const sdkReference = file('../../build/sdk-reference/');
function sdkHeaders(content: Buffer): Record<string, string> {
  const scripts = [...content.toString().matchAll(/<script>(.*?)<\/script>/gs)].map(
    ([, script]) => `'sha256-${createHash('sha256').update(script!).digest('base64')}'`,
  );
  return policy(...scripts);
}

/** What the page loads from beneath `/docs`. Without the reference's script the page is a list of links. */
export function docsFiles(): Hono<AppEnv> {
  const files = new Hono<AppEnv>();
  files.get('/start.js', fixed('text/javascript; charset=utf-8', readFileSync(file('./docs/start.js'))));
  files.get('/page.css', fixed('text/css; charset=utf-8', readFileSync(file('./docs/page.css'))));
  for (const [slug, name] of Object.entries(chapters))
    files.get(`/${slug}.json`, fixed('application/json', chapterDocument(name)));
  for (const name of drawings) files.get(`/${name}`, fixed('image/svg+xml', readFileSync(file(`../../docs/${name}`))));
  files.get('/sdk', (c) => c.redirect('sdk/index.html'));
  files.get('/sdk/', (c) => c.redirect('index.html'));
  files.route('/sdk', folder(sdkReference, sdkHeaders));
  // Several megabytes: read when somebody asks for the first time.
  let answer: ((c: Context) => Response) | undefined;
  if (existsSync(referenceScript))
    files.get('/reference.js', (c) => {
      answer ??= fixed('text/javascript; charset=utf-8', readFileSync(referenceScript));
      return answer(c);
    });
  return files;
}
