import { fault, newNonce } from '../../client/messages.ts';
import { member } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { checkPart } from '../chat/hold.ts';
import { echoOf } from '../chat/say.ts';

export const spoof: Case = {
  id: 'rule.spoof',
  says: 'from_user, sent_at and id from a client are ignored, whatever their values',
  run: async (kit) => {
    const ann = await kit.join('ann');
    const { username } = await kit.user('observer');
    const spoofs = [
      { from_user: username, sent_at: '1970-01-01T00:00:00.000Z', id: '9' },
      { from_user: { a: [null] }, sent_at: 7, id: null },
    ];
    for (const { from_user, sent_at, id } of spoofs) {
      const said = { text: 'I am somebody else', nonce: newNonce() };
      const back = await echoOf(
        kit,
        ann,
        { type: 'chat_message', id, sent_at, msg: { ...said, from_user, sent_at, id } },
        said,
      );
      checkPart(ann, back, 'from_user', ann.username);
      const own = { sent_at: member(back.value, 'sent_at'), id: member(back.value, 'id') };
      if (own.sent_at === sent_at) throw fault(ann, 'sent_at is that of the client', back);
      if (own.id === id) throw fault(ann, 'id is that of the client', back);
    }
  },
};
