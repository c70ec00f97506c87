import { member } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { broken, told } from '../http/answers.ts';

export const emailCase: Case = {
  id: 'rule.email-case',
  says: 'a user logs in with the e-mail address in any case',
  run: async (kit) => {
    const { request, answer } = await kit.again();
    if (answer.status !== 200)
      throw broken(kit, request, `the e-mail address in capitals: answered ${told(answer)}, where 200 is declared`);
    const { created } = await kit.signedUp('bob');
    if (member(answer.json, 'id') !== member(created.json, 'id'))
      throw broken(kit, request, 'it is the id of somebody else');
  },
};
