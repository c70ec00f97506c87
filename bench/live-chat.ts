/** Sends messages from a thread of its own, and measures how long each echo takes. */
import { parentPort, workerData } from 'node:worker_threads';
import { connect } from './client.ts';

const { port, token, intervalMs } = workerData as { port: number; token: string; intervalMs: number };
const sentAtMs = new Map<string, number>();
let tookMs: number[] = [];

const socket = await connect(port, token, ({ msg: { nonce } }) => {
  const at = nonce === undefined ? undefined : sentAtMs.get(nonce);
  if (at === undefined) return;
  tookMs.push(performance.now() - at);
  sentAtMs.delete(nonce!);
});
let n = 0;
setInterval(() => {
  n += 1;
  const nonce = `${process.pid}-${n}`;
  sentAtMs.set(nonce, performance.now());
  socket.send(JSON.stringify({ type: 'chat_message', msg: { text: `live ${n}`, nonce } }));
}, intervalMs);
parentPort!.on('message', () => {
  parentPort!.postMessage(tookMs);
  tookMs = [];
});
parentPort!.postMessage('ready');
