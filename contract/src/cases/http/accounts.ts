import { bodyRequest } from '../../client/request-body.ts';
import type { Request } from '../../client/send.ts';
import type { Kit } from '../../context/kit.ts';
import type { Operation } from '../../specs/http.ts';
import type { Specs } from '../../specs/index.ts';
import { member } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { broken, expectAnswer } from './answers.ts';

/** Compares parts of an answer with the expected values. @throws {Violation} where one differs */
function same(
  kit: Kit,
  request: Request,
  parts: Readonly<Record<string, readonly [got: unknown, want: unknown]>>,
): void {
  for (const [what, [got, want]] of Object.entries(parts))
    if (got !== want)
      throw broken(kit, request, `${what} is ${JSON.stringify(got)}, where ${JSON.stringify(want)} is due`);
}

const signUpCases = (createUser: Operation): Case[] => [
  {
    id: 'http.createUser.sign-up',
    says: 'a new user has the e-mail address and the name that were sent',
    run: async (kit) => {
      for (const role of ['ann', 'bob'] as const) {
        const { created, email, username, password } = await kit.signedUp(role);
        same(kit, bodyRequest(createUser, JSON.stringify({ email, username, password })), {
          'the status': [created.status, 201],
          email: [member(created.json, 'email'), email],
          username: [member(created.json, 'username'), username],
        });
      }
    },
  },
  {
    id: 'http.createUser.taken',
    says: 'an e-mail address, or a name, that differs only in case is taken',
    run: async (kit) => {
      const { email, username } = await kit.account();
      const asked = (body: object): Request =>
        bodyRequest(createUser, JSON.stringify({ ...kit.names('other'), ...body }));
      const [known, named] = [asked({ email: email.toUpperCase() }), asked({ username: username.toUpperCase() })];
      await expectAnswer(kit, known, 'the e-mail address of somebody', { status: 409, code: 'email_taken' });
      await expectAnswer(kit, named, 'the name of somebody', { status: 409, code: 'username_taken' });
    },
  },
];

/** Both at once cost one attempt each; what is wrong must not show. */
async function wrongCredentials(kit: Kit, login: Operation): Promise<void> {
  const { email, password } = await kit.account();
  const attempts = {
    'a wrong password': { email, password: `${password}!` },
    'no password': { email, password: '' },
    'an unknown e-mail address': kit.names('nobody'),
  };
  const texts = new Map<string, string>();
  for (const [what, body] of Object.entries(attempts)) {
    const request = bodyRequest(login, JSON.stringify({ email: body.email, password: body.password }));
    const { text } = await expectAnswer(kit, request, what, { status: 401, code: 'invalid_credentials' });
    texts.set(text, what);
    if (texts.size > 1)
      throw broken(
        kit,
        request,
        `${[...texts.values()].join(' and ')} are answered differently: ${[...texts.keys()].join(' ')}`,
      );
  }
}

const loginCases = (login: Operation): Case[] => [
  {
    id: 'http.login.right',
    says: 'a user logs in with the id and name from its sign-up',
    run: async (kit) => {
      const { created, loggedIn, email, password, username } = await kit.account();
      const id = member(created.json, 'id');
      same(kit, bodyRequest(login, JSON.stringify({ email, password })), {
        'the status': [loggedIn.status, 200],
        id: [member(loggedIn.json, 'id'), id],
        username: [member(loggedIn.json, 'username'), username],
      });
    },
  },
  {
    id: 'http.login.wrong',
    says: 'a wrong password, an impossible one and an unknown e-mail address get the same response',
    run: (kit) => wrongCredentials(kit, login),
  },
];

/** Returns the cases for sign-up and login that the schemas cannot express. */
export function accountCases({ http: { operations } }: Specs): Case[] {
  const [createUser, login] = ['createUser', 'login'].map((id) => operations.find((operation) => operation.id === id));
  if (!createUser || !login) return [];
  return [...signUpCases(createUser), ...loginCases(login)];
}
