import type { StreamEvent } from '../proxy/events.ts';
import { messageOf } from '../proxy/frames.ts';
import type { Response } from '../proxy/http.ts';
import type { Switch } from '../proxy/proxy.ts';
import type { Room, Stream } from '../proxy/room.ts';
import { bodyOf, onAnswer, onTell, type Violation, withHeader, withJson, withMsg } from './violation.ts';

type Json = Readonly<Record<string, unknown>> & { readonly msg: Readonly<Record<string, unknown>> };

const frameIn = ({ data }: StreamEvent): Json => JSON.parse(data.join('\n')) as Json;
const withFrame = (event: StreamEvent, frame: object): StreamEvent => ({ ...event, data: [JSON.stringify(frame)] });

/** Changes the events of a type. */
const onEvent =
  (name: string, change: (event: StreamEvent, stream: Stream, room: Room) => readonly StreamEvent[] | undefined) =>
  (): Switch => ({
    stream: (event, stream, room) => (event.name === name ? change(event, stream, room) : undefined),
  });

/** Cuts a text in two. */
const halves = (text: string, at = text.indexOf(',') + 1): readonly [string, string] => [
  text.slice(0, at),
  text.slice(at),
];

/** Time after which a held event is sent without a next one. */
const holdMs = 60;

/** Swaps two messages in quick succession on their way to each stream. */
function swapping(): Switch {
  const held = new Map<Stream, { readonly event: StreamEvent; readonly timer: NodeJS.Timeout }>();
  const take = (stream: Stream): readonly StreamEvent[] => {
    const { event, timer } = held.get(stream) ?? {};
    clearTimeout(timer);
    held.delete(stream);
    return event ? [event] : [];
  };
  return {
    stream: (event, stream) => {
      if (event.name !== 'chat_message') return [...take(stream), event];
      if (held.has(stream)) return [event, ...take(stream)];
      held.set(stream, { event, timer: setTimeout(() => stream.tell(...take(stream)), holdMs) });
      return [];
    },
  };
}

const changesIds = (event: StreamEvent, change: (msg: Json['msg']) => object): readonly StreamEvent[] => {
  const frame = frameIn(event);
  return [withFrame(event, { ...frame, msg: { ...frame.msg, ...change(frame.msg) } })];
};

const somebody = 'somebody-else';

/** Publishes a message again that comes over the WebSocket after it was published over HTTP. */
function nonceOfEachDoor(): Switch {
  const posted = new Set<unknown>();
  const suffix = '-again';
  return {
    answer: (response, request) => {
      if (request.method === 'POST' && response.status === 201) posted.add(bodyOf(request).nonce);
      return undefined;
    },
    say: (frame) => {
      const message = messageOf(frame);
      const { nonce } = message?.msg ?? {};
      if (!message || !posted.has(nonce)) return undefined;
      const again = withMsg(message, { nonce: `${String(nonce)}${suffix}` });
      return [{ ...frame, payload: Buffer.from(JSON.stringify(again)) }];
    },
    ...onTell('chat_message', (message) =>
      String(message.msg.nonce).endsWith(suffix)
        ? withMsg(message, { nonce: String(message.msg.nonce).slice(0, -suffix.length) })
        : undefined,
    )(),
    stream: (event) => {
      const nonce = event.name === 'chat_message' ? String(frameIn(event).msg.nonce) : '';
      return nonce.endsWith(suffix) ? changesIds(event, () => ({ nonce: nonce.slice(0, -suffix.length) })) : undefined;
    },
  };
}

const pages = (change: (json: Record<string, unknown>) => object): (() => Switch) =>
  onAnswer('GET', '/messages', 200, (response) => withJson(response, change));

const posts = (status: number, change: (response: Response) => Response): (() => Switch) =>
  onAnswer('POST', '/messages', status, change);

/** A position that is years ahead of this one. */
const ahead = (position: unknown): string => `9${String(position).slice(1)}`;

/** Violations in the stream of events, and in the messages over HTTP. */
export const streams: readonly Violation[] = [
  {
    name: 'stream-disordered',
    breaks: 'sends two messages on a stream of events in the opposite order',
    caughtBy: 'rule.order.rising.events',
    plant: swapping,
  },
  {
    name: 'stream-misses-one',
    breaks: 'drops every third message on streams of events',
    caughtBy: 'rule.order.complete.events',
    plant: () => {
      let count = 0;
      return onEvent('chat_message', () => {
        count += 1;
        return count % 3 === 0 ? [] : undefined;
      })();
    },
  },
  {
    name: 'stream-splits-a-frame',
    breaks: 'sends one frame as two events',
    caughtBy: 'events.frame.undeclared',
    plant: onEvent('chat_message', (event) => halves(event.data[0]!).map((half) => ({ ...event, data: [half] }))),
  },
  {
    name: 'stream-breaks-a-line',
    breaks: 'sends the JSON of a frame on two data lines',
    caughtBy: 'rule.events.one-line',
    plant: onEvent('user_joined', (event) => [{ ...event, data: halves(event.data[0]!) }]),
  },
  {
    name: 'stream-without-an-id',
    breaks: 'sends an event without its id line',
    caughtBy: 'rule.events.id',
    plant: onEvent('chat_message', ({ name, data }) => [{ name, data }]),
  },
  {
    name: 'stream-with-another-id',
    breaks: 'sends an event with the id line of another frame',
    caughtBy: 'rule.events.id',
    plant: onEvent('user_joined', (event) => [{ ...event, id: `${event.id}0` }]),
  },
  {
    name: 'stream-resumes-too-late',
    breaks: 'sends users_online with recovered: true with an id line',
    caughtBy: 'rule.events.recovered-id',
    plant: onEvent('users_online', (event) => {
      const { id, msg } = frameIn(event);
      return msg.recovered === true ? [{ ...event, id: String(id) }] : undefined;
    }),
  },
  {
    name: 'stream-names-all-alike',
    breaks: 'names all events message',
    caughtBy: 'rule.events.name',
    plant: onEvent('chat_message', (event) => [{ ...event, name: 'message' }]),
  },
  {
    name: 'stream-hears-errors',
    breaks: "sends another session's error on streams of events",
    caughtBy: 'rule.errors.alone.events',
    plant: () => ({
      tell: (frame, _session, room) => {
        const message = messageOf(frame);
        if (message?.type === 'error')
          for (const stream of room.streams) stream.tell({ name: 'error', data: [JSON.stringify(message)] });
        return undefined;
      },
    }),
  },
  {
    name: 'close-with-another-reason',
    breaks: 'sends a close event whose reason is that of another code',
    caughtBy: 'rule.events.close-reason',
    plant: onEvent('close', (event) => [withFrame(event, { ...frameIn(event), reason: 'going_away' })]),
  },
  {
    name: 'close-undeclared',
    breaks: 'sends a close event with an undeclared code',
    caughtBy: 'events.close.schema',
    plant: onEvent('close', (event) => [withFrame(event, { ...frameIn(event), code: 4044 })]),
  },
  {
    name: 'close-untold',
    breaks: 'ends a stream without a close event',
    caughtBy: 'rule.events.close-last',
    plant: onEvent('close', () => []),
  },
  {
    name: 'close-twice',
    breaks: 'sends another event after close',
    caughtBy: 'rule.events.close-last',
    plant: onEvent('close', (event) => [event, event]),
  },
  {
    name: 'stream-expiry-is-going-away',
    breaks: 'ends the stream of an expired token with another close code',
    caughtBy: 'rule.token-expiry.events',
    plant: onEvent('close', (event) => [withFrame(event, { code: 1001, reason: 'going_away' })]),
  },
  {
    name: 'stream-cached',
    breaks: 'lets proxies buffer the stream',
    caughtBy: 'http.events.headers',
    plant: onAnswer('GET', '/events', 200, (response) => withHeader(response, 'X-Accel-Buffering', undefined)),
  },
  {
    name: 'ids-of-another',
    breaks: 'sends the id of another user with a message on streams of events',
    caughtBy: 'rule.ids.own.events',
    plant: onEvent('chat_message', (event) => changesIds(event, () => ({ from_user_id: somebody }))),
  },
  {
    name: 'socket-ids-of-another',
    breaks: 'sends the id of another user with a message on WebSockets',
    caughtBy: 'rule.ids.own',
    plant: onTell('chat_message', (message) => withMsg(message, { from_user_id: somebody })),
  },
  {
    name: 'departures-without-id',
    breaks: 'sends user_left without the id of the user',
    caughtBy: 'rule.ids.own',
    plant: onTell('user_left', ({ msg: { user_id: _, ...msg }, ...message }) => ({ ...message, msg })),
  },
  {
    name: 'users-in-another-order',
    breaks: 'sends users in another order than list',
    caughtBy: 'rule.ids.roster',
    plant: onTell('users_online', (message) =>
      withMsg(message, { users: [...(message.msg.users as object[])].reverse() }),
    ),
  },
  {
    name: 'nonce-of-each-door',
    breaks: 'publishes a message again that was published with its nonce through the other door',
    caughtBy: 'rule.publish.nonce',
    plant: nonceOfEachDoor,
  },
  {
    name: 'repeat-is-created',
    breaks: 'answers a repeated message over HTTP with 201',
    caughtBy: 'rule.publish.nonce',
    plant: posts(200, (response) => ({ ...response, status: 201 })),
  },
  {
    name: 'published-elsewhere',
    breaks: 'answers a message over HTTP with another id than it is delivered with',
    caughtBy: 'rule.publish.delivered',
    plant: posts(201, (response) => withJson(response, (json) => ({ ...json, id: `${String(json.id)}0` }))),
  },
  {
    name: 'as-of-ahead',
    breaks: 'sends an as_of that is ahead of the page',
    caughtBy: 'rule.history.as-of',
    plant: pages((json) => ({ ...json, as_of: ahead(json.as_of) })),
  },
  {
    name: 'as-of-stands-still',
    breaks: 'sends an as_of that is behind the messages of the page',
    caughtBy: 'rule.history.as-of',
    plant: () => {
      let first: unknown;
      return pages((json) => {
        first ??= json.as_of;
        return { ...json, as_of: first };
      })();
    },
  },
  {
    name: 'after-reversed',
    breaks: 'sends the newest message of a page behind a position first',
    caughtBy: 'rule.history.after',
    plant: onAnswer('GET', '/messages', 200, (response, { target }) =>
      target.includes('after=')
        ? withJson(response, (json) => ({ ...json, messages: [...(json.messages as object[])].reverse() }))
        : undefined,
    ),
  },
];
