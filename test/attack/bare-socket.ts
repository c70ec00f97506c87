/** A client that is only a socket: it answers nothing on its own, and breaks the protocol where a test wants it to. */
import { once } from 'node:events';
import { connect as dial, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { within } from '../harness/deadline.ts';
import { frame, frameIn, opcodes } from '../harness/frame.ts';
import { handshakeBytes } from '../harness/raw-session.ts';
import type { TestServer } from '../harness/server.ts';
import { mint } from '../harness/tokens.ts';

type Address = Pick<TestServer, 'host' | 'port'>;

export const ann = { id: '1', username: 'Ann' };
export const handshakeOf = async (): Promise<string> => handshakeBytes(await mint(ann));
export const say = (text: string): Buffer =>
  frame(opcodes.text, JSON.stringify({ type: 'chat_message', msg: { text } }));

export async function dialled({ host, port }: Address): Promise<Socket> {
  const socket = dial({ host, port, noDelay: true, allowHalfOpen: true });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Resolves when the socket has ended, cleanly or by an error. */
export const over = async (socket: Socket): Promise<void> => {
  socket.resume();
  if (!socket.closed && !socket.readableEnded)
    await within(new Promise((resolve) => socket.once('end', resolve).once('close', resolve)), 'the end');
};

/** Opens a session that answers no ping, and collects the frames that it receives. */
export async function bareSession(address: Address) {
  const socket = await dialled(address);
  socket.write(await handshakeOf());
  await within(once(socket, 'data'), 'the answer to a handshake');
  let bytes = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
  });
  const ofType = (opcode: number): Buffer[] => {
    const found: Buffer[] = [];
    for (let rest = bytes, next = frameIn(rest); next; next = frameIn(rest)) {
      if (next.opcode === opcode) found.push(next.payload);
      rest = rest.subarray(next.size);
    }
    return found;
  };
  return {
    socket,
    codes: () => ofType(opcodes.close).map((payload) => payload.readUInt16BE(0)),
    pongs: () => ofType(opcodes.pong).length,
  };
}
