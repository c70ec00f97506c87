import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { within } from '../../harness/deadline.ts';
import { blocksOf } from '../../harness/documentation.ts';
import { frameIn } from '../../harness/frame.ts';
import { root } from '../../harness/process.ts';
import { startTestServer, type TestServer } from '../../harness/server.ts';
import { closeCodes, errorCodes, paths } from '../../harness/spec.ts';

const path = 'docs/develop/another-language.md';
const guide = readFileSync(join(root, path), 'utf8');
const blocks = blocksOf(path);
const bytesOf = (hex: string): Buffer => Buffer.from(hex.replace(/\s/g, ''), 'hex');
const headOf = (text: string): string => `${text.replaceAll('\n', '\r\n')}\r\n\r\n`;
const fieldOf = (text: string, name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1] ?? '';

/** The guide's frames in order, each with the JSON before it, if any. */
const frames = blocks.flatMap(({ language, by, text }, at) => {
  if (language !== 'hex') return [];
  const said = blocks[at - 1]?.language === 'json' ? blocks[at - 1]?.text : undefined;
  return [{ by, bytes: bytesOf(text), said }];
});
const [request, response] = blocks.filter(({ language }) => language === 'http');

describe('the bytes of the client guide', () => {
  it('are one handshake, and the frames of both sides', () => {
    expect([request?.by, response?.by]).toEqual(['client', 'server']);
    expect(frames.map(({ by }) => by)).toEqual('server server client server client server client server'.split(' '));
  });

  it.each(frames)('frame %# matches the text before it, masked if it is the client’s', ({ by, bytes, said }) => {
    const { opcode, masked, payload, size } = frameIn(bytes)!;
    expect(size).toBe(bytes.length);
    expect(masked).toBe(by === 'client');
    expect([opcode, payload.toString('latin1')]).toEqual(said === undefined ? [8, '\u0003\u00e8'] : [1, said]);
  });

  it('have the accept value of their key (RFC 6455, 4.2.2)', () => {
    const key = fieldOf(request!.text, 'Sec-WebSocket-Key');
    expect(Buffer.from(key, 'base64')).toHaveLength(16);
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    expect(fieldOf(response!.text, 'Sec-WebSocket-Accept')).toBe(accept);
  });

  it('contain the token of the guide', () => {
    const claims = decodeJwt(fieldOf(request!.text, 'Authorization').replace('Bearer ', ''));
    expect(guide).toContain(`\`${JSON.stringify(claims)}\``);
  });
});

describe('the exchange of the client guide, played to the server', () => {
  let server: TestServer;
  let socket: Socket;
  let received = Buffer.alloc(0);
  let look = (): void => {};

  beforeAll(async () => {
    server = await startTestServer();
    socket = connect({ host: server.host, port: server.port });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      look();
    });
  });
  afterAll(async () => {
    socket.destroy();
    await server.stop();
  });

  /** Waits until the socket is readable, then takes its bytes. */
  const take = <T extends { readonly size: number }>(read: (bytes: Buffer) => T | undefined): Promise<T> =>
    within(
      new Promise((resolve) => {
        look = () => {
          const found = read(received);
          if (!found) return;
          received = received.subarray(found.size);
          look = () => {};
          resolve(found);
        };
        look();
      }),
      () => `more than ${received.toString('hex')}`,
    );

  /** Ids and times differ from day to day, and the text of an error may change. */
  const lasting = (text: string): unknown =>
    JSON.parse(text, (key, value) => (['id', 'sent_at', 'detail'].includes(key) ? typeof value : value));

  it('goes as the guide says', async () => {
    socket.write(headOf(request!.text));
    const { head } = await take((bytes) => {
      const size = bytes.indexOf('\r\n\r\n') + 4;
      return size > 3 ? { size, head: bytes.toString('latin1', 0, size) } : undefined;
    });
    expect(head).toBe(headOf(response!.text));
    for (const { by, bytes, said } of frames) {
      if (by === 'client') socket.write(bytes);
      else {
        const { opcode, payload } = await take(frameIn);
        if (said === undefined) expect([opcode, payload]).toEqual([8, frameIn(bytes)?.payload]);
        else expect(lasting(payload.toString())).toEqual(lasting(said));
      }
    }
  });
});

describe('the client guide says how to handle', () => {
  const handshake = paths.get('/join')!.get('GET')!;
  const told = [
    ...errorCodes,
    ...closeCodes,
    ...[...handshake.responses].flatMap(([status, { codes }]): readonly (string | number)[] =>
      status < 500 ? codes : [status],
    ),
  ];
  it.each(told)('%s', (code) => expect(guide).toMatch(new RegExp(`^\\|.*\\b${code}\\b.*\\|.*\\|$`, 'm')));
});
