/**
 * A server on raw sockets that plays scripts, valid and invalid ones. `/SCRIPT/RUN/…` selects the script, so that a client
 * chooses it by its `url`. `/stats/SCRIPT/RUN` returns the server's record of a run.
 */
import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { encodeFrame, frameReader } from './scripted-frames.ts';
import { type Peer, type Run, scripts } from './scripts.ts';

export interface ScriptedServer {
  readonly url: string;
  readonly requestsOf: (script: string, run: string) => readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

interface Request {
  readonly method: string;
  readonly script: string;
  readonly run: string;
  /** Path after the run. */
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
}

const anyOrigin = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': 'authorization, content-type',
  'Access-Control-Allow-Methods': 'GET, POST',
  'Access-Control-Expose-Headers': 'retry-after',
};

function requestIn(head: string): Request {
  const [first, ...lines] = head.split('\r\n');
  const [method = '', target = ''] = first!.split(' ');
  const [, script = '', run = '', ...rest] = target.split('/');
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { method, script, run, path: `/${rest.join('/')}`, headers };
}

/** Calls back with the request and the bytes after it, once the request is complete. */
function readRequest(socket: Socket, onRequest: (request: Request) => void): void {
  let bytes = Buffer.alloc(0);
  socket.on('data', function take(chunk: Buffer) {
    bytes = Buffer.concat([bytes, chunk]);
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) return;
    const request = requestIn(bytes.subarray(0, end).toString('latin1'));
    if (bytes.length < end + 4 + Number(request.headers.get('content-length') ?? 0)) return;
    socket.off('data', take);
    onRequest(request);
  });
}

function peerOf(socket: Socket, { method, path, headers }: Request): Peer {
  const answer = (status: number, body: string, more: Readonly<Record<string, string>> = {}): void => {
    const all = { ...anyOrigin, 'Content-Length': `${Buffer.byteLength(body)}`, Connection: 'close', ...more };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} Said\r\n${lines.join('')}\r\n${body}`);
  };
  const accept = createHash('sha1')
    .update(`${headers.get('sec-websocket-key')}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  const protocol = headers.get('sec-websocket-protocol')?.split(',')[0];
  return {
    socket,
    method,
    path,
    isHandshake: headers.get('upgrade')?.toLowerCase() === 'websocket',
    answer,
    opening: [
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n',
      `Sec-WebSocket-Accept: ${accept}\r\n${protocol ? `Sec-WebSocket-Protocol: ${protocol}\r\n` : ''}\r\n`,
    ].join(''),
    say: (...frames) => {
      for (const frame of frames)
        socket.write(encodeFrame(1, Buffer.from(typeof frame === 'string' ? frame : JSON.stringify(frame))));
    },
    hear: (onText, onClose = () => socket.end(encodeFrame(8, Buffer.alloc(0)))) => {
      const read = frameReader();
      socket.on('data', (chunk: Buffer) => {
        for (const { opcode, payload } of read(chunk)) {
          if (opcode === 1) onText(payload.toString());
          else if (opcode === 8) onClose();
        }
      });
    },
  };
}

export async function startScriptedServer(): Promise<ScriptedServer> {
  const runs = new Map<string, Run>();
  const sockets = new Set<Socket>();
  const runOf = (script: string, name: string): Run => {
    const key = `${script}/${name}`;
    const run = runs.get(key) ?? { name, sockets: 0, handshakes: 0, requests: [], lastId: 1_000, memory: new Map() };
    runs.set(key, run);
    return run;
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    readRequest(socket, (request) => {
      const peer = peerOf(socket, request);
      if (request.method === 'OPTIONS') return peer.answer(204, '');
      if (request.script === 'stats') {
        const [, script] = [request.script, request.run];
        const { sockets: open, handshakes, requests } = runOf(script, request.path.slice(1));
        return peer.answer(200, JSON.stringify({ sockets: open, handshakes, requests }));
      }
      const run = runOf(request.script, request.run);
      run.sockets += 1;
      socket.on('close', () => {
        run.sockets -= 1;
      });
      run.requests.push(`${peer.isHandshake ? 'handshake' : request.method} ${request.path}`);
      if (peer.isHandshake) run.handshakes += 1;
      const script = scripts[request.script];
      if (script) script(peer, run);
      else peer.answer(404, '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    requestsOf: (script, run) => runOf(script, run).requests,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
