import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Handler } from 'hono';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { docsFiles, docsHandlers } from '../../../src/http/docs.ts';
import type { AppEnv } from '../../../src/http/env.ts';
import { startTestServer } from '../../harness/server.ts';

const openapi = { openapi: '3.1.0', info: { title: 'ü "quoted"', version: '1' }, paths: {} };
const shared = {
  pattern: '^[^\\ud800-\\udfff\u{e0001}]*$',
  example: '013',
  when: '2024-03-04T07:47:45.137Z',
  said: 'on',
};
/** Reads YAML 1.1, in which `on` is a boolean. */
const parseOld = (text: string): unknown => parse(text, { version: '1.1' });
const asyncapi = { asyncapi: '3.0.0', info: { title: 'yes', version: '1.0' }, channels: { a: shared, b: shared } };

const handlers = docsHandlers({ openapi, asyncapi });
const app = new OpenAPIHono<AppEnv>();
const paths = {
  '/docs': handlers.docs,
  '/openapi.json': handlers.openapiJson,
  '/openapi.yaml': handlers.openapiYaml,
  '/asyncapi.json': handlers.asyncapiJson,
  '/asyncapi.yaml': handlers.asyncapiYaml,
};
for (const [path, handler] of Object.entries(paths)) app.get(path, handler as Handler<AppEnv>);
app.route('/docs/', docsFiles());

describe('serves a document unchanged', () => {
  it.each([
    ['/openapi.json', 'application/json', JSON.parse, openapi],
    ['/openapi.yaml', 'application/yaml', parse, openapi],
    ['/asyncapi.json', 'application/json', JSON.parse, asyncapi],
    ['/asyncapi.yaml', 'application/yaml', parse, asyncapi],
    ['/asyncapi.yaml', 'application/yaml', parseOld, asyncapi],
  ] as const)('%s', async (path, type, read, want) => {
    const response = await app.request(path);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
    const text = await response.text();
    expect((read as (text: string) => unknown)(text)).toEqual(want);
    expect(text.includes('&')).toBe(false);
  });
});

describe('answers 304 to a client that has the current bytes', () => {
  const files = [
    '/docs/',
    '/docs/http',
    '/docs/websocket',
    '/docs/reference-start.js',
    '/docs/reference.css',
    '/docs/reference.js',
    '/docs/guide/getting-started',
    '/docs/reference/guarantees',
    '/docs/icon.svg',
    '/docs/sdk/index.html',
  ];
  it.each([...Object.keys(paths), ...files])('%s', async (path) => {
    const etag = (await app.request(path)).headers.get('etag')!;
    expect(etag).toMatch(/^"[\w-]+"$/);
    const asked: [ifNoneMatch: string, status: number][] = [
      [etag, 304],
      [`W/${etag}`, 304],
      [`"other", ${etag}`, 304],
      ['*', 304],
      ['"other"', 200],
      [etag.slice(1, -1), 200],
    ];
    for (const [ifNoneMatch, status] of asked) {
      const response = await app.request(path, { headers: { 'If-None-Match': ifNoneMatch } });
      expect([ifNoneMatch, response.status, response.headers.get('etag')]).toEqual([ifNoneMatch, status, etag]);
      expect((await response.text()) === '').toBe(status === 304);
    }
  });

  it('gives other bytes another ETag', async () => {
    const tags = await Promise.all(
      Object.keys(paths).map(async (path) => (await app.request(path)).headers.get('etag')),
    );
    expect(new Set(tags).size).toBe(tags.length);
  });
});

describe('compression', () => {
  const zipped = { 'Accept-Encoding': 'br, gzip' };

  it.each(['gzip', 'br, gzip;q=0.5', '*', 'GZIP'])(
    'is used for a client that sends Accept-Encoding: %s',
    async (encoding) => {
      const response = await app.request('/docs/reference.js', { headers: { 'Accept-Encoding': encoding } });
      expect([response.headers.get('content-encoding'), response.headers.get('vary')]).toEqual([
        'gzip',
        'Accept-Encoding',
      ]);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(response.headers.get('content-length')).toBe(`${bytes.length}`);
      const plain = Buffer.from(await (await app.request('/docs/reference.js')).arrayBuffer());
      expect(gunzipSync(bytes).equals(plain)).toBe(true);
    },
  );

  it.each(['', 'identity', 'br', 'gzip;q=0', '*;q=0', 'gzip;q=0, *'])(
    'is not used for Accept-Encoding: %s',
    async (encoding) => {
      const response = await app.request('/docs/reference.js', { headers: { 'Accept-Encoding': encoding } });
      expect([response.headers.get('content-encoding'), response.headers.get('vary')]).toEqual([
        null,
        'Accept-Encoding',
      ]);
      await response.body?.cancel();
    },
  );

  it('has its own ETag, which is answered with 304', async () => {
    const etag = (await app.request('/docs/guide/docker', { headers: zipped })).headers.get('etag')!;
    expect(etag).not.toBe((await app.request('/docs/guide/docker')).headers.get('etag'));
    const again = await app.request('/docs/guide/docker', { headers: { ...zipped, 'If-None-Match': etag } });
    expect([again.status, again.headers.get('content-encoding')]).toEqual([304, null]);
  });
});

it('caches files with a content hash in their name for a year', async () => {
  const page = await (await app.request('/docs/')).text();
  const [script] = /assets\/app\.[\w-]+\.js/.exec(page)!;
  const { headers } = await app.request(`/docs/${script}`);
  expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
});

describe.each(['/docs', '/docs/', '/docs/guide/docker', '/docs/http'])('the page %s', (path) => {
  const at = new URL(path, 'http://host');

  it('is restricted to scripts and requests of this server', async () => {
    const response = await app.request(path);
    const html = await response.text();
    const policy = new Map(
      response.headers
        .get('content-security-policy')!
        .split('; ')
        .map((directive) => [directive.split(' ')[0], directive.split(' ').slice(1).join(' ')]),
    );
    const hashes = [...html.matchAll(/<script(?![^>]* src=)[^>]*>(.*?)<\/script>/gs)].map(
      ([, script]) => `'sha256-${createHash('sha256').update(script!).digest('base64')}'`,
    );
    expect(Object.fromEntries(policy)).toMatchObject({
      'default-src': "'none'",
      'script-src': ["'self'", ...hashes].join(' '),
      'connect-src': "'self'",
      'img-src': "'self' data:",
      'font-src': "'self'",
      'frame-ancestors': "'none'",
      'base-uri': "'none'",
    });
    expect(html).not.toMatch(/\son\w+="|javascript:/i);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('has only relative links, and each leads to a file', async () => {
    const html = await (await app.request(path)).text();
    const named = [...html.matchAll(/(?:src|href)="([^"#]+)[^"]*"/g)].map(([, link]) => link!);
    const own = named.filter((link) => !/^(data|https?):/.test(link));
    expect(own.length).toBeGreaterThan(4);
    for (const link of new Set(own)) {
      expect(link).not.toMatch(/^\//);
      const { pathname } = new URL(link, at);
      expect([link, (await app.request(pathname, { redirect: 'manual' })).status]).toEqual([
        link,
        expect.toBeOneOf([200, 302]),
      ]);
    }
  });
});

it.each([
  ['GET', '/docs/nothing', 404, null],
  ['GET', '/docs/guide/', 404, null],
  ['POST', '/docs/reference.js', 405, 'GET, HEAD'],
  ['DELETE', '/docs/guide/docker', 405, 'GET, HEAD'],
] as const)('%s %s has the usual answer: %i', async (method, path, status, allow) => {
  await using server = await startTestServer();
  const response = await fetch(`http://${server.host}:${server.port}${path}`, { method });
  expect([response.status, response.headers.get('allow')]).toEqual([status, allow]);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
});
