import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config.ts';
import { absentOperations, operationOf } from '../../../src/http/operations.ts';

describe('absentOperations', () => {
  const externalIssuer = {} as NonNullable<Config['externalIssuer']>;
  const full = { externalIssuer: undefined, hasSignUp: true, adminToken: 'secret' };
  it.each([
    { name: 'none with every setting', given: full, want: [] },
    { name: 'sign-up with SIGNUP=off', given: { ...full, hasSignUp: false }, want: ['createUser'] },
    {
      name: 'the user routes with an external issuer',
      given: { ...full, externalIssuer },
      want: ['createUser', 'login'],
    },
    {
      name: 'the admin routes without ADMIN_TOKEN',
      given: { ...full, adminToken: undefined },
      want: ['disableUser', 'enableUser'],
    },
  ])('are $name', ({ given, want }) => {
    expect(absentOperations(given)).toEqual(want);
  });
});

describe('operationOf', () => {
  const app = new Hono();
  const answer = (c: Parameters<typeof operationOf>[0]) => c.body(null, 200, { operation: operationOf(c) });
  app.get('/healthz', answer);
  app.post('/admin/users/:id/disable', answer);
  app.get('/docs/start.js', answer);
  app.notFound(answer);
  it.each([
    { method: 'GET', path: '/healthz', want: 'healthz' },
    { method: 'HEAD', path: '/healthz', want: 'healthz' },
    { method: 'POST', path: '/admin/users/7/disable', want: 'disableUser' },
    { method: 'GET', path: '/docs/start.js', want: 'none' },
    { method: 'GET', path: '/made-up-by-a-client', want: 'none' },
    { method: 'DELETE', path: '/healthz', want: 'none' },
  ])('names $method $path $want', async ({ method, path, want }) => {
    expect((await app.request(path, { method })).headers.get('operation')).toBe(want);
  });
});
