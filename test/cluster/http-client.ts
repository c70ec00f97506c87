/** A client that reads over GET /events and publishes over POST /messages, in the room or not. */
import { type ClientRequest, get } from 'node:http';
import type { ServerMessage } from '../../generated/chat/index.ts';
import { createEventParser, type StreamEvent } from '../harness/event-parser.ts';
import type { Stretch } from './account.ts';
import type { Client, ClientDeps } from './client.ts';
import { createPoster } from './poster.ts';

const watchMs = 500;
/** Silence after which a stream counts as lost. The server sends a comment every second. */
const silentMs = 3_000;
const pauseMs = 150;
/** Number of frames before the last one received, to resume from there. */
const further = 20;
const maxHeard = 1_000;

export function createHttpClient(deps: ClientDeps): Client {
  const { name, username, token, proxy, recorder } = deps;
  const { account } = recorder;
  const poster = createPoster(deps);
  let wanted = false;
  let stream: ClientRequest | undefined;
  let stretch: Stretch | undefined;
  /** Last `id` line over all streams since the client joined. */
  let lastEventId = '';
  /** The `id` lines so far, without a break. */
  let heard: string[] = [];
  let connections = 0;

  function begin(from: string): void {
    stretch = { client: name, from, heard: [] };
    account.stretches.push(stretch);
  }

  function hear({ data, hasId, lastEventId: idLine }: StreamEvent): void {
    const frame = JSON.parse(data) as ServerMessage;
    if (frame.type === 'users_online' && frame.msg.recovered !== true) {
      heard = [];
      begin(frame.id);
    } else if (frame.type === 'chat_message') stretch?.heard.push(frame.id);
    if (!hasId) return;
    lastEventId = idLine;
    heard.push(idLine);
    if (heard.length > maxHeard) heard = heard.slice(-maxHeard / 2);
  }

  function connect(): void {
    if (!wanted || stream) return;
    connections += 1;
    const asked = lastEventId;
    const inQuery = connections % 2 === 0 && asked !== '';
    const current = get({
      host: '127.0.0.1',
      port: proxy.port,
      path: inQuery ? `/events?last_event_id=${asked}` : '/events',
      headers: {
        Authorization: `Bearer ${token}`,
        ...(asked !== '' && !inQuery && { 'Last-Event-ID': asked }),
      },
      agent: false,
    });
    stream = current;
    let aliveMs = performance.now();
    const watch = setInterval(() => {
      if (performance.now() - aliveMs > silentMs) current.destroy();
    }, watchMs);
    current.on('response', (response) => {
      aliveMs = performance.now();
      if (response.statusCode !== 200) {
        account.refusals.push(response.statusCode ?? 0);
        return void current.destroy();
      }
      const record = recorder.recordStream({ client: name, username, asked: asked || undefined });
      const parser = createEventParser();
      response.on('data', (bytes: Buffer) => {
        aliveMs = performance.now();
        // A client that has left or goes on from elsewhere takes nothing any more.
        if (stream !== current) return;
        for (const event of parser.read(bytes)) {
          record.take(event);
          if (event.type !== 'close') hear(event);
        }
      });
      response.on('error', () => {});
      response.once('close', record.end);
    });
    // The way in which the connection ends shows it.
    current.on('error', () => {});
    current.once('close', () => {
      clearInterval(watch);
      if (stream === current) stream = undefined;
      setTimeout(connect, pauseMs);
    });
  }

  return {
    name,
    username,
    proxy,
    say: poster.say,
    leave: async () => {
      wanted = false;
      lastEventId = '';
      heard = [];
      stretch = undefined;
      const leaving = stream;
      stream = undefined;
      leaving?.destroy();
    },
    join: () => {
      wanted = true;
      connect();
    },
    resumeEarlier: () => {
      const earlier = heard.at(-further) ?? heard[0];
      const current = stream;
      if (earlier === undefined || !current) return;
      stream = undefined;
      heard = heard.slice(0, heard.indexOf(earlier) + 1);
      lastEventId = earlier;
      begin(earlier);
      current.destroy();
    },
    pending: poster.pending,
  };
}
