/** A client without the SDK. It keeps its position and its messages by the protocol alone. */
import { WebSocket } from 'ws';
import type { ServerMessage } from '../../generated/chat/index.ts';
import type { Outcome, Send } from './account.ts';
import type { Client, ClientDeps } from './client.ts';

const pingMs = 500;
/** Silence after which a connection counts as lost. */
const silentMs = 3_000;
/** Time for an answer on an open connection. */
const answerMs = 15_000;
/** Pause between two attempts. */
const pauseMs = 150;
const handshakeMs = 4_000;
/** Number of frames before the last one received, to resume from there. */
const further = 20;
const maxHeard = 1_000;

interface Owed {
  readonly send: Send;
  readonly nonce: string;
  timer?: NodeJS.Timeout;
}

export function createRawClient({ name, username, token, proxy, recorder }: ClientDeps): Client {
  const { account } = recorder;
  const owed = new Map<string, Owed>();
  let wanted = false;
  let socket: WebSocket | undefined;
  /** Ids received without a break, the last one at the end. */
  let heard: string[] = [];
  let said = 0;

  function settle(nonce: string | undefined, outcome: Outcome): void {
    const one = owed.get(nonce ?? '');
    if (!one) return;
    clearTimeout(one.timer);
    one.send.outcome = outcome;
    owed.delete(one.nonce);
  }

  function transmit(one: Owed, times = 1): void {
    clearTimeout(one.timer);
    one.timer = setTimeout(settle, answerMs, one.nonce, { kind: 'unanswered' });
    const frame = JSON.stringify({ type: 'chat_message', msg: { text: one.send.text, nonce: one.nonce } });
    for (let time = 0; time < times; time += 1) socket!.send(frame);
  }

  function seated({ id, msg }: Extract<ServerMessage, { type: 'users_online' }>): void {
    if (msg.recovered === true) {
      for (const one of owed.values()) transmit(one);
    } else {
      heard = [id];
      for (const nonce of [...owed.keys()]) settle(nonce, { kind: 'lost', code: 'connection_lost' });
    }
  }

  function hear(text: string): void {
    let frame: ServerMessage;
    try {
      frame = JSON.parse(text) as ServerMessage;
    } catch {
      // The checker reports it.
      return;
    }
    if (frame.type === 'users_online') seated(frame);
    else if (frame.type === 'error') settle(frame.msg.nonce, { kind: 'refused', code: frame.msg.code });
    else if ('id' in frame) {
      if (frame.type === 'chat_message' && frame.msg.from_user === username)
        settle(frame.msg.nonce, { kind: 'echoed', id: frame.id });
      if (frame.id > heard.at(-1)!) heard.push(frame.id);
      if (heard.length > maxHeard) heard = heard.slice(-maxHeard / 2);
    }
  }

  function connect(): void {
    if (!wanted || socket) return;
    const last = heard.at(-1);
    const query = last === undefined ? '' : `?last_event_id=${last}`;
    const current = new WebSocket(`ws://127.0.0.1:${proxy.port}/join${query}`, {
      headers: { Authorization: `Bearer ${token}` },
      perMessageDeflate: false,
      handshakeTimeout: handshakeMs,
    });
    socket = recorder.record(current, { client: name, username });
    let aliveMs = performance.now();
    const beat = setInterval(() => {
      if (performance.now() - aliveMs > silentMs) current.terminate();
      else if (current.readyState === WebSocket.OPEN) current.ping();
    }, pingMs);
    const alive = (): void => {
      aliveMs = performance.now();
    };
    current.on('open', alive);
    current.on('pong', alive);
    current.on('message', (data: Buffer) => {
      alive();
      hear(data.toString());
    });
    current.once('close', () => {
      clearInterval(beat);
      socket = undefined;
      for (const { timer } of owed.values()) clearTimeout(timer);
      setTimeout(connect, pauseMs);
    });
  }

  return {
    name,
    username,
    proxy,
    say: (times = 1) => {
      // A message before the roster has no position from which to resume.
      if (socket?.readyState !== WebSocket.OPEN || heard.length === 0) return;
      said += 1;
      const send: Send = { client: name, text: `${name} ${said}`, atMs: Date.now() };
      const one: Owed = { send, nonce: `${name} ${said}` };
      account.sends.push(send);
      owed.set(one.nonce, one);
      transmit(one, times);
    },
    leave: async () => {
      wanted = false;
      heard = [];
      for (const nonce of [...owed.keys()]) settle(nonce, { kind: 'lost', code: 'closed' });
      socket?.close(1000);
    },
    join: () => {
      wanted = true;
      connect();
    },
    resumeEarlier: () => {
      heard = heard.slice(0, Math.max(1, heard.length - further));
      socket?.terminate();
    },
    pending: () => owed.size,
  };
}
