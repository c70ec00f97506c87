/** A client as an application has it: the SDK, which reconnects on its own. */
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { Palaver, type PalaverError, type Room, type WebSocketConstructor } from '../../sdk/typescript/src/index.ts';
import type { Send, Stretch } from './account.ts';
import type { Client, ClientDeps } from './client.ts';

export function createSdkClient({ name, username, token, proxy, recorder }: ClientDeps): Client {
  const { account } = recorder;
  function Recorded(url: string, protocols?: string[]): WebSocket {
    return recorder.record(new WebSocket(url, protocols, { perMessageDeflate: false }), { client: name, username });
  }
  const palaver = new Palaver({
    url: `http://127.0.0.1:${proxy.port}`,
    WebSocket: Recorded as unknown as WebSocketConstructor,
    timeoutMs: 6_000,
    heartbeatIntervalMs: 1_000,
  });
  let room: Room | undefined;
  let joining: AbortController | undefined;
  let said = 0;
  let pending = 0;

  function listen(joined: Room): void {
    let stretch: Stretch | undefined;
    const begin = (from: string): void => {
      stretch = { client: name, from, heard: [] };
      account.stretches.push(stretch);
    };
    joined.on('users_online', ({ id, msg }) => {
      if (msg.recovered !== true) begin(id);
    });
    joined.on('chat_message', ({ id }) => void stretch?.heard.push(id));
    joined.on('state', ({ state, reason }) => {
      if (state === 'closed' && reason) account.incidents.push({ what: `the SDK of ${name} gave up: ${reason.code}` });
    });
  }

  async function join(): Promise<void> {
    const abort = new AbortController();
    joining = abort;
    while (!abort.signal.aborted) {
      try {
        // Over HTTP the recorder would not hear it: `http-client.ts` is for that.
        const joined = await palaver.join({ token, transport: 'websocket', signal: abort.signal });
        if (abort.signal.aborted) return await joined.close();
        room = joined;
        listen(joined);
        return;
      } catch {
        // The SDK gives up after a final close, so join again for as long as the client wants to be in the room.
        await pause(100);
      }
    }
  }

  return {
    name,
    username,
    proxy,
    say: () => {
      if (!room) return;
      said += 1;
      pending += 1;
      const send: Send = { client: name, text: `${name} ${said}`, atMs: Date.now() };
      account.sends.push(send);
      room
        .send(send.text)
        .then(
          ({ id }) => {
            send.outcome = { kind: 'echoed', id };
          },
          ({ code }: PalaverError) => {
            send.outcome = { kind: 'lost', code };
          },
        )
        .finally(() => {
          pending -= 1;
        });
    },
    leave: async () => {
      joining?.abort();
      const leaving = room;
      room = undefined;
      await leaving?.close();
    },
    join: () => void join(),
    resumeEarlier: proxy.cut,
    pending: () => pending,
  };
}
