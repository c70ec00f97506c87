import { excerpt, type Seen, type SeenFrame, type SeenSession } from '../../client/seen.ts';
import type { Finding } from '../../report.ts';
import type { Specs } from '../../specs/index.ts';
import { member } from '../../specs/schema.ts';
import type { Standing } from '../case.ts';

/** Close codes of RFC 6455 itself: normal closure, protocol error, no code. */
const ownCloseCodes = [1000, 1002, 1005];

const webSockets = ({ sessions }: Seen): SeenSession[] => sessions.filter(({ door }) => door === 'websocket');
const each = (seen: Seen): { session: SeenSession; frame: SeenFrame }[] =>
  webSockets(seen).flatMap((session) => session.frames.map((frame) => ({ session, frame })));

/** Returns the rules of the AsyncAPI document that every server frame and every close must keep. */
export function standingChat({ chat, wrongWith }: Specs): Standing[] {
  const types = chat.server.map(({ type }) => type);
  const framesOf: Standing[] = chat.server.map(({ type, at }) => ({
    id: `ws.frame.${type}`,
    says: `every ${type} matches its schema`,
    judge: (seen) => {
      const frames = each(seen).filter(({ frame }) => frame.type === type);
      for (const { session, frame } of frames) {
        const wrong = wrongWith(frame.value, 'asyncapi', at);
        if (wrong !== undefined) return { what: `${type}: ${wrong}`, show: excerpt(session, frame.line) };
      }
      return frames.length === 0 ? 'unseen' : undefined;
    },
  }));
  const errorsOf: Standing[] = chat.errorCodes.map((code) => ({
    id: `ws.error.${code}`,
    says: `the error ${code} occurs`,
    judge: (seen) =>
      each(seen).some(({ frame }) => frame.type === 'error' && member(frame.msg, 'code') === code)
        ? undefined
        : 'unseen',
  }));
  const closesOf: Standing[] = [...chat.closeCodes.keys()].map((code) => ({
    id: `ws.close.${code}`,
    says: `the close code ${code} occurs`,
    judge: (seen) => (webSockets(seen).some(({ closeCode }) => closeCode === code) ? undefined : 'unseen'),
  }));
  return [
    ...framesOf,
    {
      id: 'ws.frame.undeclared',
      says: 'every frame is JSON text of a declared type',
      judge: (seen) => {
        const found = each(seen).find(({ frame }) => !types.includes(frame.type));
        if (!found) return each(seen).length === 0 ? 'unseen' : undefined;
        const { binary, value, type } = found.frame;
        const what = binary
          ? 'a binary frame'
          : value === undefined
            ? 'a frame that is not JSON'
            : `a frame of the type '${type}', which is not declared`;
        return { what, show: excerpt(found.session, found.frame.line) };
      },
    },
    ...errorsOf,
    ...closesOf,
    {
      id: 'ws.close.undeclared',
      says: 'every close code is declared, or one of RFC 6455',
      judge: (seen): Finding | 'unseen' | undefined => {
        const ended = webSockets(seen).filter(
          ({ closeCode, ending }) => closeCode !== undefined && ending !== 'dropped',
        );
        const found = ended.find(
          ({ closeCode = 0 }) => !chat.closeCodes.has(closeCode) && !ownCloseCodes.includes(closeCode),
        );
        if (!found) return ended.length === 0 ? 'unseen' : undefined;
        const how =
          found.closeCode === 1006
            ? 'a connection ends without a close'
            : `a connection is closed with ${found.closeCode}, which is not declared`;
        return { what: how, show: excerpt(found) };
      },
    },
    {
      id: 'ws.close.unprovoked',
      says: 'no connection is closed without a reason',
      judge: (seen) => {
        const found = webSockets(seen).find(({ closeCode, ending }) => closeCode !== undefined && ending === undefined);
        if (!found) return webSockets(seen).length === 0 ? 'unseen' : undefined;
        return {
          what: `a connection is closed with ${found.closeCode}, and the kit has given no reason`,
          show: excerpt(found),
        };
      },
    },
  ];
}
