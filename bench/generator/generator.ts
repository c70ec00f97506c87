import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { parseArgs } from 'node:util';

/**
 * A port of generator.c for machines without a C compiler: the same arguments, phases, checks and output. It costs
 * more, so the fastest servers may be limited by it.
 */
const handshakesAtATime = 128;
const stallMs = 60_000;
const settleMs = 200;

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '' },
    dialect: { type: 'string', default: 'palaver' },
    users: { type: 'string', default: '' },
    load: { type: 'string', default: 'join' },
    clients: { type: 'string', default: '1000' },
    senders: { type: 'string', default: '16' },
    outstanding: { type: 'string', default: '4' },
    rate: { type: 'string', default: '20' },
    warm: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '5' },
  },
});
if (values.dialect === 'events') throw new Error('Only the generator in C reads events over HTTP');
const socketio = values.dialect === 'socketio';
const ports = values.port.split(',').map(Number);
const count = Number(values.clients);
const senderCount = Math.min(Number(values.senders), count);
const rate = Number(values.rate);
const warmMs = Number(values.warm) * 1_000;
const measuredMs = Number(values.seconds) * 1_000;
/** At a fixed rate: the messages that are due during the measurement. */
const firstMeasured = Math.floor((warmMs / 1_000) * rate);
const behindMeasured = Math.floor(((warmMs + measuredMs) / 1_000) * rate);

const tokens = readFileSync(values.users, 'utf8')
  .split('\n')
  .map((line) => line.split(' ')[1] ?? '');
if (tokens.length < count) fail(`${values.users} has fewer than ${count} users`);

type Phase = 'joining' | 'warming' | 'measuring' | 'draining' | 'settling';

interface Client {
  readonly index: number;
  readonly socket: Socket;
  open: boolean;
  upgraded: boolean;
  inspected: boolean;
  told: boolean;
  names: number;
  chats: number;
  /** Remaining bytes of a payload that is skipped. */
  skip: number;
  /** Bytes of an incomplete frame. */
  held: Buffer | undefined;
  sent: number;
  echoed: number;
}

const clients: Client[] = [];
const latenciesMs: number[] = [];
let phase: Phase = 'joining';
let opened = 0;
let upgrading = 0;
let complete = 0;
let sent = 0;
let deliveries = 0;
let joinsSeen = 0;
let frameBytes = 0;
let rateStartMs = 0;
let begun = { ms: 0, cpuS: 0, deliveries: 0 };
let ended = begun;

function fail(problem: string): never {
  console.error(`generator: ${problem}`);
  process.exit(1);
}

const now = (): number => performance.now();

function cpuS(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

// ---- sending

/** Not zero: with a zero mask some servers need not unmask. */
const mask = [0x37, 0xfa, 0x21, 0x3d] as const;

function sendFrame({ socket }: Client, opcode: number, payload: Buffer): void {
  const frame = Buffer.alloc(6 + payload.length);
  frame.set([0x80 | opcode, 0x80 | payload.length, ...mask]);
  for (let i = 0; i < payload.length; i += 1) frame[6 + i] = payload[i]! ^ mask[i & 3]!;
  socket.write(frame);
}

/** Senders are spread over the room, so that the server always serves some of them late. */
const senderAt = (s: number): Client => clients[Math.floor((s * count) / senderCount)]!;

/** The text names the sender and the message: `s12:345`. */
function sendChat(client: Client, number: number): void {
  const msg = `{"msg":{"text":"s${client.index}:${number}"}}`;
  const text = socketio ? `42["chat_message",${msg}]` : `{"type":"chat_message",${msg.slice(1)}`;
  sendFrame(client, 1, Buffer.from(text));
  client.sent += 1;
  sent += 1;
}

// ---- receiving

function takeChat(client: Client, text: string, atMs: number): void {
  const marker = /"text":"s(\d+):(\d+)"/.exec(text) ?? fail(`a chat_message without the generator's text: ${text}`);
  const number = Number(marker[2]);
  client.chats += 1;
  deliveries += 1;
  frameBytes = text.length + (text.length < 126 ? 2 : 4);
  if (values.load === 'rate' && number >= firstMeasured && number < behindMeasured)
    // From the time it was due, not when it was sent: a queue must not hide (coordinated omission).
    latenciesMs.push(atMs - rateStartMs - (number * 1_000) / rate);
  if (Number(marker[1]) !== client.index || values.load !== 'deep') return;
  if (number !== client.echoed) fail(`client ${client.index} got the echo of ${number} instead of ${client.echoed}`);
  client.echoed += 1;
  if (phase === 'warming' || phase === 'measuring') sendChat(client, client.sent);
}

function takeEvent(client: Client, text: string, atMs: number): void {
  // The type is the first string in both dialects.
  const type = /^(?:\{"type":|42\[)"(\w+)"/.exec(text)?.[1];
  if (type === 'chat_message') takeChat(client, text, atMs);
  else if (type === 'user_joined' && client.told) sawJoins(client, 1);
  else if (type === 'users_online' && !client.told) {
    client.told = true;
    const list = /"list":\[([^\]]*)\]/.exec(text) ?? fail(`users_online has no list: ${text}`);
    sawJoins(client, list[1]!.split('"').length >> 1);
  } else fail(`client ${client.index} was sent ${text}`);
}

function sawJoins(client: Client, names: number): void {
  client.names += names;
  joinsSeen += names;
  if (client.names === count) complete += 1;
  if (client.names > count) fail(`client ${client.index} saw more joins than there are clients`);
}

function isOpen(client: Client): void {
  client.open = true;
  opened += 1;
}

function takeFrame(client: Client, opcode: number, payload: Buffer, atMs: number): void {
  const text = opcode === 1 ? payload.toString('latin1') : '';
  if (opcode === 8)
    fail(
      `client ${client.index} was closed with ${payload.length < 2 ? 'no code' : payload.readUInt16BE()} ${payload.subarray(2)}`,
    );
  else if (opcode === 9) sendFrame(client, 10, payload);
  else if (opcode === 10) return;
  else if (opcode !== 1) fail(`client ${client.index} was sent a frame of opcode ${opcode}`);
  else if (!socketio || text.startsWith('42')) takeEvent(client, text, atMs);
  // Engine.IO 4 and Socket.IO 5: ping, connect, open.
  else if (text.startsWith('2')) sendFrame(client, 1, Buffer.from('3'));
  else if (text.startsWith('40')) isOpen(client);
  else if (text.startsWith('0')) sendFrame(client, 1, Buffer.from('40'));
  else fail(`client ${client.index} was sent ${text}`);
}

/** Parses the frames of `bytes`. Returns the number of bytes used. */
function takeFrames(client: Client, bytes: Buffer, from: number, atMs: number): number {
  let at = from;
  for (;;) {
    const left = bytes.length - at;
    if (client.skip > left) {
      client.skip -= left;
      return bytes.length;
    }
    at += client.skip;
    client.skip = 0;
    if (bytes.length - at < 2) return at;
    const short = bytes[at + 1]!;
    if ((bytes[at]! & 0xf0) !== 0x80 || short > 127)
      fail(`client ${client.index} was sent a fragment, a compressed or a masked frame`);
    const header = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length - at < header) return at;
    const length = header === 2 ? short : header === 4 ? bytes.readUInt16BE(at + 2) : bytes.readUIntBE(at + 4, 6);
    const opcode = bytes[at]! & 15;
    if (opcode === 1 && !client.inspected && length > 1) {
      client.chats += 1;
      deliveries += 1;
      client.skip = length;
      at += header;
      continue;
    }
    if (bytes.length - at - header < length) return at;
    takeFrame(client, opcode, bytes.subarray(at + header, at + header + length), atMs);
    at += header + length;
  }
}

/** Parses the answer to the handshake. Returns the number of bytes used. */
function takeUpgrade(client: Client, bytes: Buffer): number {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return 0;
  const head = bytes.toString('latin1', 0, end);
  if (!head.startsWith('HTTP/1.1 101')) fail(`client ${client.index} was refused: ${head.split('\r\n')[0]}`);
  upgrading -= 1;
  client.upgraded = true;
  if (!socketio) isOpen(client);
  return end + 4;
}

function receive(client: Client, chunk: Buffer): void {
  const atMs = now();
  const bytes = client.held ? Buffer.concat([client.held, chunk]) : chunk;
  const from = client.upgraded ? 0 : takeUpgrade(client, bytes);
  const used = client.upgraded ? takeFrames(client, bytes, from, atMs) : 0;
  // The next chunk reuses this chunk's memory.
  client.held = used < bytes.length ? Buffer.from(bytes.subarray(used)) : undefined;
  if (phase === 'joining') join();
  if (phase === 'draining') drain();
}

// ---- joining

const memory = Buffer.allocUnsafeSlow(1 << 18);

function startClient(index: number): void {
  // Each node gets its share of the room, in order.
  const port = ports[Math.floor((index * ports.length) / count)]!;
  const path = socketio ? '/socket.io/?EIO=4&transport=websocket' : '/join';
  const head = [
    `GET ${path} HTTP/1.1`,
    `Host: ${values.host}:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Authorization: Bearer ${tokens[index]}`,
  ];
  const onread = {
    buffer: memory,
    callback: (length: number): boolean => {
      receive(client, memory.subarray(0, length));
      return true;
    },
  };
  const socket = connect({ host: values.host, port, noDelay: true, onread });
  const client: Client = {
    ...{ index, socket, open: false, upgraded: false, inspected: true, told: false },
    ...{ names: 0, chats: 0, skip: 0, held: undefined, sent: 0, echoed: 0 },
  };
  clients.push(client);
  upgrading += 1;
  socket.on('connect', () => socket.write(`${head.join('\r\n')}\r\n\r\n`));
  socket.on('error', (error) => fail(`client ${index}: ${error.message}`));
  socket.on('end', () =>
    fail(`client ${index} was cut off without a close frame, in ${client.upgraded ? 'the room' : 'its handshake'}`),
  );
}

function join(): void {
  while (clients.length < count && upgrading < handshakesAtATime) startClient(clients.length);
  if (complete < count || opened < count) return;
  console.log('joined');
  if (values.load === 'join') {
    end();
    settle();
  } else if (values.load === 'idle') {
    phase = 'measuring';
    setTimeout(() => {
      end();
      settle();
    }, measuredMs);
  } else chat();
}

// ---- phases

const mark = () => ({ ms: now(), cpuS: cpuS(), deliveries });

function begin(): void {
  begun = mark();
  console.log('begin');
}

function end(): void {
  ended = mark();
  console.log('end');
}

/** Everybody has joined and has seen everybody, so only chat frames arrive from here on. */
function chat(): void {
  phase = 'warming';
  rateStartMs = now();
  setTimeout(() => {
    phase = 'measuring';
    begin();
    setTimeout(() => {
      phase = 'draining';
      end();
      drain();
    }, measuredMs);
  }, warmMs);
  if (values.load === 'rate') sendDue();
  else ask();
}

/** Each sender sends as many messages as may be in flight. Every echo lets it send another. */
function ask(): void {
  for (const client of clients) client.inspected = false;
  for (let s = 0; s < senderCount; s += 1) senderAt(s).inspected = true;
  for (let s = 0; s < senderCount; s += 1)
    for (let k = 0; k < Number(values.outstanding); k += 1) sendChat(senderAt(s), senderAt(s).sent);
}

function sendDue(): void {
  while (sent < behindMeasured && now() >= rateStartMs + (sent * 1_000) / rate)
    sendChat(senderAt(sent % senderCount), sent);
  if (sent < behindMeasured) setTimeout(sendDue, Math.max(0, rateStartMs + (sent * 1_000) / rate - now()));
}

function drain(): void {
  if (deliveries >= sent * count) settle();
}

/** Waits for a surplus frame, then reports the result. */
function settle(): void {
  phase = 'settling';
  setTimeout(() => {
    for (const { index, chats } of clients)
      if (chats !== sent) fail(`client ${index} received ${chats} chat frames of ${sent}`);
    const seconds = (ended.ms - begun.ms) / 1_000;
    latenciesMs.sort((a, b) => a - b);
    const at = (share: number): number => latenciesMs[Math.floor(latenciesMs.length * share)]!;
    const latencyMs = latenciesMs.length > 0 ? { p50: at(0.5), p99: at(0.99), max: latenciesMs.at(-1) } : undefined;
    const joinsPerS = values.load === 'join' ? count / seconds : 0;
    const result = { seconds, cpuS: ended.cpuS - begun.cpuS, deliveries: ended.deliveries - begun.deliveries };
    console.log(JSON.stringify({ ...result, joinsPerS, frameBytes, latencyMs }));
    process.exit();
  }, settleMs);
}

let seen = -1;
let progressMs = now();
setInterval(() => {
  if (deliveries + joinsSeen !== seen) progressMs = now();
  seen = deliveries + joinsSeen;
  if (now() - progressMs > stallMs)
    fail(
      `nothing came for ${stallMs / 1_000} s: ${opened} of ${count} clients are open, ` +
        `${complete} have seen all joins, ${deliveries} of ${sent * count} chat frames`,
    );
}, 1_000);

if (values.load === 'join' || values.load === 'idle') begin();
join();
