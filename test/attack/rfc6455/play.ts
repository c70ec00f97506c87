/** Plays one case on a connection of its own, and returns the responses. */
import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { within } from '../../harness/deadline.ts';
import { frame, frameIn, opcodes, type ReadFrame } from '../../harness/frame.ts';
import { recorded } from '../../harness/http.ts';
import { whole } from '../../harness/raw.ts';
import { handshakeBytes } from '../../harness/raw-session.ts';
import { recordFrame } from '../../harness/recorder.ts';
import type { TestServer } from '../../harness/server.ts';
import { mint } from '../../harness/tokens.ts';
import { type Case, close, echo, error, ping, pong, say, stillHere } from './case.ts';

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Parts of a handshake's response beyond the plain 101. */
function tellResponse(asked: string, { status, headers, text }: NonNullable<ReturnType<typeof whole>>): string[] {
  const [, method = '', path = ''] = /^(\S+) (?:http:\/\/[^/]*)?(\S+)/.exec(asked) ?? [];
  const { json } = recorded({ method, path }, status, headers, text);
  const version = headers['sec-websocket-version'];
  if (status !== 101) return [[status, json.code, version && `version ${version}`].filter(Boolean).join(' ')];
  const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(asked)?.[1];
  const accept = createHash('sha1').update(`${key}${guid}`).digest('base64');
  return [
    headers['sec-websocket-accept'] !== accept && 'another accept',
    headers['sec-websocket-protocol'] && `subprotocol ${headers['sec-websocket-protocol']}`,
    headers['sec-websocket-extensions'] && 'an extension',
  ].filter((line) => typeof line === 'string');
}

/** Describes a frame from the server; undefined for frames about other members of the room. */
function tellFrame(bytes: Buffer, { opcode, payload, size }: ReadFrame, username: string): string | undefined {
  // It has one valid form: final, unmasked, with the shortest length.
  if (!frame(opcode, payload, { masked: false }).equals(bytes.subarray(0, size)))
    return `a frame that is wrong: ${bytes.toString('hex', 0, Math.min(size, 20))}`;
  if (opcode === opcodes.pong) return pong(payload);
  if (opcode === opcodes.close) return `close ${payload.length === 0 ? 'without a code' : payload.readUInt16BE()}`;
  if (opcode !== opcodes.text) return `opcode ${opcode}`;
  const told = recordFrame(payload.toString());
  if (told.type === 'error') return error(told.msg.code);
  return told.type === 'chat_message' && told.msg.from_user === username ? echo(told.msg.text) : undefined;
}

/** The responses, one line each, until the connection ended or the server refused the handshake. */
export async function play({ host, port }: TestServer, given: Case): Promise<string[]> {
  const { number, send, want, ending, bytewise = false } = given;
  const username = `Case ${number}`;
  const asked = handshakeBytes(await mint({ id: number, username }), given);
  const seen: string[] = [];
  const news = new EventEmitter();
  let received = Buffer.alloc(0);
  let response: ReturnType<typeof whole>;
  let over = false;
  let dripping: NodeJS.Timeout | undefined;

  const socket = connect({ host, port, noDelay: true, allowHalfOpen: ending === 'linger' });
  const write = (bytes: Buffer): void => {
    for (const part of bytewise ? Array.from(bytes, (byte) => Buffer.of(byte)) : [bytes])
      if (socket.writable) socket.write(part);
  };

  function take(): void {
    if (!response) {
      const headEnd = received.indexOf('\r\n\r\n') + 4;
      const opened = headEnd > 3 && received.toString('latin1', 0, 13).endsWith(' 101 ');
      response = opened ? whole(received.subarray(0, headEnd), true) : whole(received, false);
      if (!response) return;
      over = !opened;
      seen.push(...tellResponse(asked, response));
      if (over) return;
      received = received.subarray(headEnd);
    }
    for (let found = frameIn(received); found; found = frameIn(received)) {
      const line = tellFrame(received, found, username);
      if (line !== undefined) seen.push(line);
      received = received.subarray(found.size);
    }
  }

  const observe = (act: () => void): void => {
    try {
      act();
    } catch (fault) {
      seen.push(String(fault));
    }
    news.emit('news');
  };
  socket.on('data', (chunk: Buffer) =>
    observe(() => {
      received = Buffer.concat([received, chunk]);
      take();
    }),
  );
  socket.on('end', () => observe(() => seen.push('end')));
  socket.on('error', () => observe(() => seen.push('reset')));
  socket.on('close', () => observe(() => (over = true)));
  const until = async (holds: () => boolean): Promise<void> => {
    while (!over && !holds()) await once(news, 'news');
  };

  async function converse(): Promise<void> {
    socket.write(asked);
    await until(() => response !== undefined);
    for (const [at, bytes] of send.entries()) {
      const before = seen.length;
      write(bytes);
      if (at < send.length - 1) await until(() => seen.length > before);
    }
    if (ending === 'half-close') socket.end();
    else if (ending === 'linger') dripping = setInterval(() => write(ping()), 100);
    else if (ending === undefined) {
      // Where the session survives, wait for all answers: an error may arrive after an echo.
      await until(() => seen.length >= want.indexOf(echo(stillHere)));
      write(say(stillHere));
      await until(() => seen.some((line) => line === echo(stillHere) || line.startsWith('close ')));
      write(close(1000));
    }
    await until(() => false);
  }

  try {
    await within(converse(), 'the end');
  } catch {
    seen.push('left hanging');
  } finally {
    clearInterval(dripping);
    socket.destroy();
  }
  return seen;
}
