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
/** As a reader of YAML 1.1 does, for whom `on` is a boolean. */
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
app.route('/docs', docsFiles());

describe('a document is served as it was given', () => {
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

describe('whoever has the bytes is not sent them again', () => {
  const files = [
    '/docs/start.js',
    '/docs/page.css',
    '/docs/guide.json',
    '/docs/self-hosting.json',
    '/docs/operating.json',
    '/docs/nodes.svg',
    '/docs/reference.js',
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

  it('other bytes have another name', async () => {
    const tags = await Promise.all(
      Object.keys(paths).map(async (path) => (await app.request(path)).headers.get('etag')),
    );
    expect(new Set(tags).size).toBe(tags.length);
  });
});

describe('the page', () => {
  it('runs no script but ours, and asks nobody but us', async () => {
    const { headers } = await app.request('/docs');
    const policy = new Map(
      headers
        .get('content-security-policy')!
        .split('; ')
        .map((directive) => [directive.split(' ')[0], directive.split(' ').slice(1).join(' ')]),
    );
    expect(Object.fromEntries(policy)).toMatchObject({
      'default-src': "'none'",
      'script-src': "'self'",
      'connect-src': "'self'",
      'img-src': "'self' data:",
      'font-src': "'self'",
      'frame-ancestors': "'none'",
      'base-uri': "'none'",
    });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('has no script of its own in it, and every file that it names is there', async () => {
    const page = await (await app.request('/docs')).text();
    expect(page).not.toMatch(/<script(?![^>]* src=)|\son\w+=|javascript:/i);
    const named = [...page.matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(([, path]) => path!);
    expect(named.length).toBeGreaterThan(4);
    // The chat is another's to test.
    for (const path of named.filter((name) => name !== './'))
      expect([path, (await app.request(`/${path}`)).status]).toEqual([path, 200]);
  });
});

it.each([
  ['GET', '/docs/nothing', 404, null],
  ['GET', '/docs/', 404, null],
  ['POST', '/docs/start.js', 405, 'GET, HEAD'],
  ['DELETE', '/docs/guide.json', 405, 'GET, HEAD'],
] as const)('%s %s is answered as anywhere: %i', async (method, path, status, allow) => {
  await using server = await startTestServer();
  const response = await fetch(`http://${server.host}:${server.port}${path}`, { method });
  expect([response.status, response.headers.get('allow')]).toEqual([status, allow]);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
});
