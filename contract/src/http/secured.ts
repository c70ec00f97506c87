import type { Case } from '../cases.ts';
import { NotTried } from '../errors.ts';
import type { Kit } from '../kit.ts';
import type { Operation } from '../specs/http.ts';
import type { Specs } from '../specs/index.ts';
import { broken, expectAnswer, needs, told } from './answers.ts';
import type { Request } from './send.ts';

const codeLike = ({ answers }: Operation, code: string): string | undefined => {
  const codes = answers.get(401)?.codes ?? [];
  return codes.includes(code) ? code : codes[0];
};

/** A token that may be lost by what the operation does. */
async function tokenToLose(kit: Kit): Promise<string> {
  const { token, own } = await kit.user('bob');
  if (!own) throw new NotTried('a token that was given might not be good for anything afterwards');
  return token;
}

/** Operations behind a token, the WebSocket's own path excepted: who may not ask, and what becomes of who may. */
export function securedCases({ http: { operations }, chat: { address } }: Specs, operation: Operation): Case[] {
  const { id, method, schemes, answers, body } = operation;
  if (schemes.length === 0) return [];
  const door = operations.find(({ path }) => path === address)?.schemes ?? [];
  const path = operation.path.replace(/\{[^}]+\}/g, 'contract-nobody');
  const asked = (token?: string, more: Partial<Request> = {}): Request => ({
    method,
    path,
    ...more,
    ...(token !== undefined && { headers: { ...more.headers, Authorization: `Bearer ${token}` } }),
  });
  const cases: Case[] = [
    {
      id: `http.${id}.no-token`,
      says: 'is refused without a token',
      run: async (kit) => {
        needs(operation, 401);
        await expectAnswer(kit, asked(), 'no token', 401, codeLike(operation, 'missing_token'));
      },
    },
    {
      id: `http.${id}.bad-token`,
      says: 'is refused with a token that does not hold',
      run: async (kit) => {
        needs(operation, 401);
        await expectAnswer(kit, asked('contract.bad.token'), 'a bad token', 401, codeLike(operation, 'invalid_token'));
      },
    },
  ];
  if (!schemes.some((scheme) => door.includes(scheme))) return cases;
  if (!body && answers.get(400)?.codes.includes('body_not_allowed'))
    cases.push({
      id: `http.${id}.body`,
      says: 'is refused with a body, which it does not take',
      last: true,
      run: async (kit) => {
        const request = asked(await tokenToLose(kit), { body: '{}', headers: { 'Content-Type': 'application/json' } });
        await expectAnswer(kit, request, 'a body', 400, 'body_not_allowed');
      },
    });
  if (!body)
    cases.push({
      id: `http.${id}.with-token`,
      says: 'is answered with success to who has a token',
      last: true,
      run: async (kit) => {
        const request = asked(await tokenToLose(kit));
        const answer = await kit.ask(request);
        if (answer.status >= 300) throw broken(kit, request, `with a token: answered ${told(answer)}`);
      },
    });
  return cases;
}
