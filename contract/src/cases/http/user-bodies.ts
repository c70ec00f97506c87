import fc from 'fast-check';
import { bodyRequest } from '../../client/request-body.ts';
import type { Kit } from '../../context/kit.ts';
import { arbitraryOf } from '../../samples/arbitrary.ts';
import { codePoints } from '../../samples/schema-cases.ts';
import type { DeclaredBody, Operation } from '../../specs/http.ts';
import type { Schema } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { shrunk } from '../shrink.ts';
import { broken, told } from './answers.ts';

/** The two operations whose meaning the kit knows: servers count every attempt, and a sign-up leaves somebody behind. */
export const isUserOperation = (id: string): boolean => id === 'createUser' || id === 'login';

/** A body that is read, and then refused for what is known already. */
interface Tried {
  readonly body: unknown;
  readonly want: string;
}

const filled = (start: string, { maxLength = 64 }: Schema = {}, end = '', char = '😀'): string =>
  `${start}${char.repeat(Math.max(0, maxLength - codePoints(start) - codePoints(end)))}${end}`;

const [emailTaken, usernameTaken, nobody] = ['409 email_taken', '409 username_taken', '401 invalid_credentials'];

async function faultOf(kit: Kit, operation: Operation, { body, want }: Tried) {
  const request = bodyRequest(operation, JSON.stringify(body));
  const answer = await kit.ask(request);
  return told(answer) === want ? undefined : broken(kit, request, `answered ${told(answer)}, where ${want} is due`);
}

const triedCase = (operation: Operation, name: string, says: string, tried: (kit: Kit) => Promise<Tried[]>): Case => ({
  id: `http.${operation.id}.valid.${name}`,
  says,
  run: async (kit) => {
    for (const each of await tried(kit)) {
      const fault = await faultOf(kit, operation, each);
      if (fault) throw fault;
    }
  },
});

const unknown = { contract: { a: [1] }, toString: null };

/** Each attempt counts, and there are 20 a minute; so one tries as much as it can. */
export function userBodyCases(operation: Operation, { schema }: DeclaredBody): Case[] {
  const { email, username, password } = schema.properties ?? {};
  const generatedCase = (numRuns: number, adapt: (kit: Kit, body: object, flag: boolean) => Promise<Tried>): Case => ({
    id: `http.${operation.id}.valid.generated`,
    says: 'random bodies of the schema are accepted as valid',
    run: (kit) =>
      shrunk(kit, fc.tuple(arbitraryOf(schema), fc.boolean()), numRuns, async ([body, flag]) =>
        faultOf(kit, operation, await adapt(kit, body as object, flag)),
      ),
  });

  if (operation.id === 'login')
    return [
      triedCase(operation, 'unknown-properties', 'unknown properties are ignored', async (kit) => [
        { body: { ...kit.names('nobody'), ...unknown }, want: nobody },
      ]),
      generatedCase(1, async (_, body) => ({ body, want: nobody })),
    ];
  return [
    triedCase(operation, 'unknown-properties', 'unknown properties are ignored', async (kit) => [
      { body: { ...kit.names('nobody'), ...unknown, email: (await kit.account()).email }, want: emailTaken },
    ]),
    triedCase(operation, 'longest', 'texts may be as long as the schema allows', async (kit) => [
      {
        body: {
          username: (await kit.account()).username,
          email: filled('contract-', email, '@example.com', 'x'),
          password: filled('', password),
        },
        want: usernameTaken,
      },
    ]),
    triedCase(operation, 'shortest', 'texts may be as short as the schema allows', async (kit) => {
      const known = await kit.account();
      const short = { username: '😀'.repeat(username?.minLength ?? 1), password: 'x'.repeat(password?.minLength ?? 1) };
      return [
        { body: { ...short, email: known.email }, want: emailTaken },
        { body: { ...short, username: known.username, email: 'a@b' }, want: usernameTaken },
      ];
    }),
    generatedCase(1, async (kit, body, flag) => {
      const known = await kit.account();
      return flag
        ? { body: { ...body, email: known.email }, want: emailTaken }
        : { body: { ...body, username: known.username }, want: usernameTaken };
    }),
  ];
}
