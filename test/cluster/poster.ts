/** Publishes over POST /messages, whether its user is in the room or not. */
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { ChatMessage } from '../../generated/chat/index.ts';
import type { MessagePage } from '../../generated/http/index.ts';
import type { Send } from './account.ts';
import type { Client, ClientDeps } from './client.ts';
import { call } from './http-call.ts';

const pauseMs = 150;
const maxTries = 8;
/** Compares one answer in so many with the position of the node that gave it. */
const comparedEvery = 15;

export function createPoster({
  name,
  token,
  postToken,
  proxy,
  recorder: { account },
}: ClientDeps): Pick<Client, 'say' | 'pending'> {
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  let said = 0;
  let pending = 0;

  /** Asks the node that gave an answer how far it has delivered. */
  async function compare({ id }: ChatMessage, socket: object): Promise<void> {
    const reply = await call({ port: proxy.port, path: '/messages?limit=1', token, agent });
    if (reply.status !== 200 || reply.socket !== socket) return;
    const { as_of } = JSON.parse(reply.text) as MessagePage;
    if (as_of !== undefined) account.answers.push({ client: name, id, asOf: as_of });
  }

  /** Publishes until there is an answer. Only the first try of a single message may not be a repeat. */
  async function post(send: Send, nonce: string, isAlone: boolean): Promise<void> {
    for (let tries = 0; tries < maxTries; tries += 1) {
      try {
        const body = { text: send.text, nonce };
        const { status, text, socket } = await call({
          port: proxy.port,
          path: '/messages',
          token: postToken,
          body,
          agent,
        });
        const isNew = status === 201;
        if (isNew || (status === 200 && (tries > 0 || !isAlone))) {
          const frame = JSON.parse(text) as ChatMessage;
          send.outcome = { kind: 'echoed', id: frame.id };
          account.published.push({ client: name, text });
          if (isNew && said % comparedEvery === 0) await compare(frame, socket).catch(() => {});
          return;
        }
        send.outcome = { kind: 'refused', code: status === 200 ? 'repeats nothing' : JSON.parse(text).code };
        if (status !== 503) return;
      } catch {
        send.outcome = { kind: 'lost', code: 'connection_lost' };
      }
      await pause(pauseMs);
    }
  }

  return {
    say: (times = 1) => {
      said += 1;
      const text = `${name} ${said}`;
      for (let time = 0; time < times; time += 1) {
        const send: Send = { client: name, text, atMs: Date.now(), isPost: true };
        account.sends.push(send);
        pending += 1;
        void post(send, text, times === 1).finally(() => {
          pending -= 1;
        });
      }
    },
    pending: () => pending,
  };
}
