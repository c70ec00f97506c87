import { chatMessage, fault, newNonce } from '../../client/messages.ts';
import type { Kit } from '../../context/kit.ts';
import { NotTried } from '../../errors.ts';
import { type Specs, statedBytes } from '../../specs/index.ts';
import { member } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { echoOfText } from './say.ts';

interface RawFrame {
  readonly what: string;
  readonly data: string | Uint8Array;
  readonly binary?: boolean;
}

/** Sends a frame that must end the session. @throws {Violation} where the close code differs */
async function endsWith(kit: Kit, code: number, { what, data, binary = false }: RawFrame): Promise<void> {
  if (!kit.specs.chat.closeCodes.has(code)) throw new NotTried(`the contract declares no ${code}`);
  const session = await kit.join('ann');
  await session.until('first frame', () => true);
  await kit.pacer.take(session.username);
  const from = session.frames.length;
  session.sendRaw(data, binary);
  const got = await session.closed(`close with ${code}`).catch((error) => {
    const published = session.frames
      .slice(from)
      .find(({ type, msg }) => type === 'chat_message' && member(msg, 'from_user') === session.username);
    throw published ? fault(session, `${what} is published`, published) : error;
  });
  if (got !== code) throw fault(session, `${what} ends the connection with ${got}, where ${code} is due`);
}

/** Returns a text frame of this many bytes. */
const sized = (bytes: number, text: string, nonce: string): string =>
  JSON.stringify(chatMessage({ text, nonce })).padEnd(bytes);

/** Returns the cases for the kind, encoding and size of WebSocket messages. */
export function byteCases({ chat: { closeCodes } }: Specs): Case[] {
  const limit = statedBytes(closeCodes.get(1009));
  return [
    {
      id: 'ws.bytes.binary',
      says: 'a binary frame ends the connection with 1003',
      run: (kit) =>
        endsWith(kit, 1003, {
          what: 'a binary frame',
          data: Buffer.from(JSON.stringify(chatMessage({ text: 'binary' }))),
          binary: true,
        }),
    },
    {
      id: 'ws.bytes.not-utf8',
      says: 'a text frame that is not UTF-8 ends the connection with 1007',
      run: (kit) =>
        endsWith(kit, 1007, { what: 'a text frame with the byte FF', data: Buffer.from([0x22, 0xff, 0x22]) }),
    },
    {
      id: 'ws.bytes.oversized',
      says: 'a frame beyond the limit ends the connection with 1009',
      run: (kit) => {
        const bytes = limit === undefined ? 1024 * 1024 : limit + 1;
        return endsWith(kit, 1009, { what: `a frame of ${bytes} bytes`, data: sized(bytes, 'too big', newNonce()) });
      },
    },
    {
      id: 'ws.bytes.just-fits',
      says: 'a frame at the limit is accepted',
      run: async (kit) => {
        if (limit === undefined) throw new NotTried('the contract states no limit');
        const session = await kit.join('ann');
        const said = { text: 'just as big as a frame may be', nonce: newNonce() };
        await echoOfText(kit, session, sized(limit, said.text, said.nonce), said);
      },
    },
  ];
}
