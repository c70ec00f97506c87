import { describe, expect, it } from 'vitest';
import { request } from '../../harness/http.ts';
import { exchange } from '../../harness/raw.ts';
import { startTestServer } from '../../harness/server.ts';
import { paths } from '../../harness/spec.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND'];

/** HEAD is answered wherever GET is (RFC 9110, 9.1). */
const methodsOf = (path: string): string[] => {
  const known = [...paths.get(path)!.keys()];
  return known.includes('GET') ? [...known, 'HEAD'] : known;
};

const unknown = [...paths.keys()].flatMap((path) =>
  methods.filter((method) => !methodsOf(path).includes(method)).map((method): [string, string] => [method, path]),
);

describe('answers an unknown method with the allowed ones', () => {
  it.each(unknown)('%s %s', async (method, path) => {
    await using server = await startTestServer();
    const { status, headers } = await request(server, method, path);
    expect(status).toBe(405);
    expect(headers.allow?.split(', ').sort()).toEqual(methodsOf(path).sort());
  });
});

describe('answers HEAD like GET, without a body', () => {
  it.each([
    ['/healthz', 200],
    ['/readyz', 200],
    ['/join', 401],
    ['/nothing', 404],
  ])('%s → %i', async (path, want) => {
    await using server = await startTestServer();
    const [head, get] = [await request(server, 'HEAD', path), await request(server, 'GET', path)];
    expect([head.status, get.status]).toEqual([want, want]);
    expect(head.headers['content-type']).toBe(get.headers['content-type']);
  });
});

describe('an unknown path', () => {
  const near = [...paths.keys()]
    .flatMap((path) => [`${path}/`, `/${path}`, `${path}/x`, path.toUpperCase(), `${path}%00`])
    // `/docs/` is the first page of the documentation, which no operation describes.
    .filter((path) => !paths.has(path) && path !== '/docs/');
  it.each(['/nothing', '/../nothing', '/%', '/%ff', '/constructor', '/__proto__', ...new Set(near)])(
    '%s',
    async (path) => {
      await using server = await startTestServer();
      for (const method of ['GET', 'POST', 'DELETE']) expect((await request(server, method, path)).status).toBe(404);
    },
  );
});

it.each([...paths.keys()])('%s does not mind a query', async (path) => {
  await using server = await startTestServer();
  const [method] = methodsOf(path);
  const plain = await request(server, method!, path);
  expect((await request(server, method!, `${path}?a=1&a=2&%zz`)).status).toBe(plain.status);
});

describe('answers invalid HTTP once, and closes the connection', () => {
  it.each([
    ['words', 'Hello, are you there?\r\n\r\n'],
    ['bytes', '\u0016\u0003\u0001\r\n\r\n'],
    ['another version', 'GET /healthz HTTP/9.9\r\n\r\n'],
    ['an unknown method', 'SING /healthz HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('%s', async (_, bytes) => {
    await using server = await startTestServer();
    const { status, headers } = await exchange(server, [bytes]);
    expect([status, headers.connection]).toEqual([400, 'close']);
  });
});
