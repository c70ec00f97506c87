import type { Answer, Request } from '../../client/send.ts';
import type { Kit } from '../../context/kit.ts';
import { NotTried, Unfinished } from '../../errors.ts';
import type { Operation } from '../../specs/http.ts';
import type { Specs } from '../../specs/index.ts';
import type { Case } from '../case.ts';
import { broken, expectAnswer, needs, told } from './answers.ts';

/** The id of a user that there isn't. */
const nobody = 'contract-nobody';

const codeLike = ({ answers }: Operation, code: string): string | undefined => {
  const codes = answers.get(401)?.codes ?? [];
  return codes.includes(code) ? code : codes[0];
};

/** Returns whether the operation needs a user's token, as the handshake does. */
const isForUsers = ({ http: { operations }, chat: { address } }: Specs, { schemes }: Operation): boolean =>
  operations.some((join) => join.path === address && join.schemes.some((scheme) => schemes.includes(scheme)));

const probes = new WeakMap<Kit, Promise<Answer>>();

/** Returns the operator's secret. @throws {NotTried} without it {Unfinished} where the server has another */
export async function adminToken(kit: Kit): Promise<string> {
  const { adminToken: token, specs } = kit;
  if (token === undefined) throw new NotTried("it needs the operator's token: give --admin-token");
  const enable = specs.http.operations.find(({ id }) => id === 'enableUser');
  if (!enable) return token;
  const { method, path } = enable;
  // The id names no user, so the request changes nothing.
  const probe =
    probes.get(kit) ?? kit.ask({ method, path: path.replace(/\{[^}]+\}/g, nobody), headers: bearer(token) });
  probes.set(kit, probe);
  if ((await probe).status === 401) throw new Unfinished('--admin-token is not the secret of this server');
  return token;
}

/** Returns a token that the operation accepts: ann's, or the operator's secret. Ann's stays valid. */
export const tokenFor = async (kit: Kit, operation: Operation): Promise<string> =>
  isForUsers(kit.specs, operation) ? (await kit.user('ann')).token : adminToken(kit);

export const bearer = (token: string): { readonly Authorization: string } => ({ Authorization: `Bearer ${token}` });

/** Returns a request for each operation that needs a user's token, but for the handshake. Those that change something come last. */
export const asksWith = ({ specs }: Kit, token: string): Request[] =>
  specs.http.operations
    .filter((operation) => operation.path !== specs.chat.address && !operation.body && isForUsers(specs, operation))
    .filter(({ path }) => !path.includes('{'))
    .sort((a, b) => Number(a.method !== 'GET') - Number(b.method !== 'GET'))
    .map(({ method, path }) => ({ method, path, headers: bearer(token) }));

/** A token that may be lost by what the operation does. */
async function tokenToLose(kit: Kit, operation: Operation): Promise<string> {
  if (!isForUsers(kit.specs, operation)) return adminToken(kit);
  const { token, own } = await kit.user('bob');
  if (!own) throw new NotTried('it might revoke a token that was given with --token');
  return token;
}

/** Operations behind a token, the WebSocket's own path excepted: who may not ask, and what becomes of who may. */
export function securedCases(operation: Operation): Case[] {
  const { id, method, schemes, answers, body } = operation;
  if (schemes.length === 0) return [];
  const path = operation.path.replace(/\{[^}]+\}/g, nobody);
  const asked = (token?: string, more: Partial<Request> = {}): Request => ({
    method,
    path,
    ...more,
    ...(token !== undefined && { headers: { ...more.headers, ...bearer(token) } }),
  });
  const cases: Case[] = [
    {
      id: `http.${id}.no-token`,
      says: 'is refused without a token',
      run: async (kit) => {
        needs(operation, 401);
        await expectAnswer(kit, asked(), 'no token', { status: 401, code: codeLike(operation, 'missing_token') });
      },
    },
    {
      id: `http.${id}.bad-token`,
      says: 'is refused with an invalid token',
      run: async (kit) => {
        needs(operation, 401);
        await expectAnswer(kit, asked('contract.bad.token'), 'a bad token', {
          status: 401,
          code: codeLike(operation, 'invalid_token'),
        });
      },
    },
  ];
  if (!body && answers.get(400)?.codes.includes('body_not_allowed'))
    cases.push({
      id: `http.${id}.body`,
      says: 'is refused with a body, which it does not accept',
      last: true,
      run: async (kit) => {
        const token = await tokenToLose(kit, operation);
        const request = asked(token, { body: '{}', headers: { 'Content-Type': 'application/json' } });
        await expectAnswer(kit, request, 'a body', { status: 400, code: 'body_not_allowed' });
      },
    });
  if (!body)
    cases.push({
      id: `http.${id}.with-token`,
      says: 'succeeds with a token',
      last: true,
      run: async (kit) => {
        const request = asked(await tokenToLose(kit, operation));
        const answer = await kit.ask(request);
        if (answer.status >= 300) throw broken(kit, request, `with a token: answered ${told(answer)}`);
      },
    });
  return cases;
}
