import type { Request } from '../../client/send.ts';
import { NotTried } from '../../errors.ts';
import type { Operation } from '../../specs/http.ts';
import type { Specs } from '../../specs/index.ts';
import type { Case } from '../case.ts';
import { accountCases } from './accounts.ts';
import { broken, expectAnswer, needs, told } from './answers.ts';
import { bodyCases } from './bodies.ts';
import { parameterCases } from './parameters.ts';
import { securedCases } from './secured.ts';

const isPlain = ({ method, path, body, schemes }: Operation): boolean =>
  method === 'GET' && !path.includes('{') && !body && schemes.length === 0;

/** An operation that anybody may ask for something to read. */
function plainCases(operation: Operation): Case[] {
  const { id, method, path, answers, parameters } = operation;
  const request: Request = { method, path };
  const cases: Case[] = [
    {
      id: `http.${id}.plain`,
      says: 'succeeds',
      run: async (kit) => {
        const answer = await kit.ask(request);
        if (answer.status >= 300) throw broken(kit, request, `${method} ${path} is answered ${told(answer)}`);
      },
    },
  ];
  if (answers.has(304) && parameters.some(({ name }) => name === 'if-none-match'))
    cases.push({
      id: `http.${id}.conditional`,
      says: 'a client with the current ETag receives 304, and one with another ETag the whole document',
      run: async (kit) => {
        const { etag } = (await kit.ask(request)).headers;
        if (etag === undefined) throw broken(kit, request, 'there is no ETag');
        await expectAnswer(kit, { ...request, headers: { 'If-None-Match': etag } }, 'the same ETag', { status: 304 });
        await expectAnswer(kit, { ...request, headers: { 'If-None-Match': '"contract"' } }, 'another ETag', {
          status: 200,
        });
      },
    });
  return cases;
}

const malformed = (operation: Operation): Case => ({
  id: `http.${operation.id}.malformed`,
  says: 'a request without Host, which HTTP/1.1 requires, is refused',
  run: async (kit) => {
    const { method, path } = operation;
    needs(operation, 400, 'malformed_request');
    const request = { method, path: path.replace(/\{[^}]+\}/g, '1'), noHost: true };
    await expectAnswer(kit, request, 'a request without Host', { status: 400, code: 'malformed_request' });
  },
});

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

function methodCase(path: string, { http: { operations, unmatched } }: Specs): Case {
  const there = operations.filter((operation) => operation.path === path);
  const known = there.map(({ method }) => method);
  return {
    id: `http.${there[0]?.id}.methods`,
    says: 'another method of this path is answered 405, with Allow',
    run: async (kit) => {
      needs(unmatched, 405);
      for (const method of methods.filter((each) => !known.includes(each))) {
        const request = { method, path: path.replace(/\{[^}]+\}/g, '1') };
        const { headers } = await expectAnswer(kit, request, method, {
          status: 405,
          code: unmatched.answers.get(405)?.codes[0],
        });
        const allowed = String(headers.allow ?? '').split(/ *, */);
        const missing = known.find((each) => !allowed.includes(each));
        if (missing) throw broken(kit, request, `Allow (${allowed}) does not name ${missing}`);
        if (allowed.includes(method))
          throw broken(kit, request, `Allow (${allowed}) names ${method}, which is refused`);
      }
    },
  };
}

const unknownPaths = ({ http: { operations, unmatched } }: Specs): Case => ({
  id: 'http.unmatched.paths',
  says: 'a path that the contract does not have is answered 404',
  run: async (kit) => {
    if (unmatched.answers.size === 0)
      throw new NotTried('the contract declares no response for unknown paths (x-unmatched)');
    needs(unmatched, 404);
    const near = operations.slice(0, 2).map(({ path }) => `${path}/contract-nothing`);
    for (const path of ['/contract-nothing', ...near])
      for (const method of ['GET', 'POST'])
        await expectAnswer(kit, { method, path }, path, { status: 404, code: unmatched.answers.get(404)?.codes[0] });
  },
});

/** Returns the cases for every HTTP operation. Those at the WebSocket's path are sent as handshakes, too. */
export function httpCases(specs: Specs): Case[] {
  const { operations } = specs.http;
  return [
    ...accountCases(specs),
    ...operations.flatMap((operation) => [
      ...(isPlain(operation) ? plainCases(operation) : []),
      ...(operation.body ? bodyCases(operation, operation.body) : []),
      malformed(operation),
    ]),
    // Those that change nothing first: a token may be good for nothing after one that does.
    ...operations
      .filter(({ path }) => path !== specs.chat.address)
      .sort((a, b) => Number(a.method !== 'GET') - Number(b.method !== 'GET'))
      .flatMap((operation) => securedCases(operation)),
    ...operations.flatMap((operation) => parameterCases(specs, operation)),
    ...[...new Set(operations.map(({ path }) => path))].map((path) => methodCase(path, specs)),
    unknownPaths(specs),
  ];
}
