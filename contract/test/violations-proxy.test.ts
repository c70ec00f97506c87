/** Tests the proxy alone: it passes everything on unchanged, except for the one thing that a switch changes. */
import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { within } from '../../test/harness/deadline.ts';
import { binaryFrame, closeFrame, encode, type Frame, messageFrame, textFrame } from './proxy/frames.ts';
import { type Switch, startProxy } from './proxy/proxy.ts';

const closing: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

/** Reads bytes as they arrive, and waits for this many. */
function reader(socket: Socket): (bytes: number) => Promise<string> {
  let all: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    all = Buffer.concat([all, chunk]);
    socket.emit('news');
  });
  const read = async (length: number): Promise<string> => {
    while (all.length < length) await once(socket, 'news');
    const text = all.toString('latin1');
    all = Buffer.alloc(0);
    return text;
  };
  return (length) => within(read(length), () => `${length} bytes; so far: ${all}`);
}

interface Wire {
  readonly client: Socket;
  readonly server: Socket;
  atServer(bytes: number): Promise<string>;
  atClient(bytes: number): Promise<string>;
}

/** A client and a server that the test plays, and the proxy between them. */
async function stage(plant?: Switch): Promise<{ wire(): Promise<Wire> }> {
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startProxy((server.address() as AddressInfo).port, plant);
  closing.push({ [Symbol.asyncDispose]: async () => void server.close() }, proxy);
  const wire = async (): Promise<Wire> => {
    const accepted = once(server, 'connection');
    const client = dial({ port: Number(new URL(proxy.url).port), host: '127.0.0.1', noDelay: true });
    const [socket] = (await accepted) as [Socket];
    return { client, server: socket, atServer: reader(socket), atClient: reader(client) };
  };
  return { wire };
}

const get = 'GET /x HTTP/1.1\r\nhost:  a\r\nX-Y: 1\r\n\r\n';
const handshake = 'GET /join HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';
const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n';
const answers: [name: string, request: string, response: string][] = [
  ['a length', get, 'HTTP/1.1 200 Fine\r\ncontent-LENGTH:2\r\n\r\nok'],
  ['chunks', get, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nA\r\n0123456789\r\n0\r\n\r\n'],
  ['no body', get, 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'],
  ['HEAD', get.replace('GET', 'HEAD'), 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n'],
  ['an interim response', get, 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
  [
    'a body sent',
    'POST /x HTTP/1.1\r\nContent-Length: 4\r\n\r\n{"a"',
    'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n',
  ],
  ['no request', 'GET /x\r\n\r\n', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'],
  ['garbage', '\u0000\u0001', 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'],
  ['a refused handshake', handshake, 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno'],
];
/** A switch that inspects everything and changes nothing. */
const idle: Switch = { ask: () => undefined, answer: () => undefined, say: () => undefined, tell: () => undefined };

describe.each([
  ['without a switch', undefined],
  ['with a switch that changes nothing', idle],
])('byte for byte, %s', (_, plant) => {
  it.each(answers)('%s', async (_name, request, response) => {
    const { client, server, atServer, atClient } = await (await stage(plant)).wire();
    // Twice on one connection, the second time in pieces.
    client.write(request, 'latin1');
    expect(await atServer(request.length)).toBe(request);
    server.write(response);
    expect(await atClient(response.length)).toBe(response);
    for (const byte of request) client.write(byte, 'latin1');
    expect(await atServer(request.length)).toBe(request);
    for (const byte of response) server.write(byte, 'latin1');
    expect(await atClient(response.length)).toBe(response);
  });

  it('a body without a length, and the end of the connection', async () => {
    const { client, server, atClient } = await (await stage(plant)).wire();
    client.end(get);
    await within(once(server, 'end'), 'the end of the request');
    const response = 'HTTP/1.1 200 OK\r\n\r\nall there is';
    server.end(response);
    expect(await atClient(response.length)).toBe(response);
    await within(once(client, 'close'), 'the end of the response');
  });

  it('frames of every kind and length, early ones too', async () => {
    const { client, server, atServer, atClient } = await (await stage(plant)).wire();
    const frames: Frame[] = [
      ...[0, 1, 125, 126, 65_535, 65_536, 70_000].map((length) => textFrame('x'.repeat(length))),
      binaryFrame('\u0000'),
      { opcode: 1, fin: false, payload: Buffer.from('be') },
      { opcode: 9, fin: true, payload: Buffer.from('ping') },
      { opcode: 0, fin: true, payload: Buffer.from('gin') },
      messageFrame({ type: 'chat_message', id: '1', msg: {} }),
      closeFrame(1000),
    ];
    const asked = Buffer.concat([Buffer.from(handshake), ...frames.map((frame) => encode(frame, true))]);
    client.write(asked);
    expect(await atServer(asked.length)).toBe(asked.toString('latin1'));
    const told = Buffer.concat([Buffer.from(switching), ...frames.map((frame) => encode(frame, false))]);
    server.write(told);
    expect(await atClient(told.length)).toBe(told.toString('latin1'));
  });

  it('a frame that only announces its length, before its payload', async () => {
    const { client, atServer } = await (await stage(plant)).wire();
    const start = Buffer.from([0x81, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 9, 9, 9, 9, 65]);
    client.write(Buffer.concat([Buffer.from(handshake), start]));
    expect(await atServer(handshake.length + start.length)).toBe(handshake + start.toString('latin1'));
  });

  it('a reader that stops reading stops the writer', async () => {
    const { client, server, atServer } = await (await stage(plant)).wire();
    client.pause();
    client.write(handshake);
    await atServer(handshake.length);
    server.write(switching);
    const frame = encode(textFrame('x'.repeat(60_000)), false);
    let written = 0;
    // Far beyond the buffers of the sockets: only a proxy that buffers everything would accept this.
    const tooMuch = 64 * 1_048_576;
    const write = (): void => {
      while (written < tooMuch && server.write(frame)) written += frame.length;
      if (written >= tooMuch) server.emit('taken');
      else server.once('drain', write);
    };
    write();
    server.setTimeout(300);
    const stopped = Promise.race([
      once(server, 'timeout').then(() => 'waits'),
      once(server, 'taken').then(() => 'has written it all'),
    ]);
    expect(await within(stopped, 'the writer to wait')).toBe('waits');
    // The connection ends with a reset, because its buffer holds unread bytes.
    server.on('error', () => {});
    client.destroy();
    await within(new Promise((resolve) => server.once('close', resolve)), 'the end');
  });
});
