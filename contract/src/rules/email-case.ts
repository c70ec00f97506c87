import type { Case } from '../cases.ts';
import { NotTried } from '../errors.ts';
import { broken, expectAnswer } from '../http/answers.ts';
import { bodyRequest } from '../http/request-body.ts';
import { member } from '../specs/schema.ts';

export const emailCase: Case = {
  id: 'rule.email-case',
  says: 'who has signed up logs in with the e-mail address in whatever case it is written',
  run: async (kit) => {
    const login = kit.specs.http.operations.find(({ id }) => id === 'login');
    if (!login) throw new NotTried('the contract has no login');
    const { created, email, password } = await kit.account();
    const request = bodyRequest(login, JSON.stringify({ email: email.toUpperCase(), password }));
    const { json } = await expectAnswer(kit, request, 'the e-mail address in capitals', 200);
    if (member(json, 'id') !== member(created.json, 'id')) throw broken(kit, request, 'it is the id of somebody else');
  },
};
