/** Connects over plain HTTP: reads the stream of `GET /events`, and publishes with `POST /messages`. */
import { readAnswer } from './answer.ts';
import type { Connection, ConnectionOptions, EventsOptions } from './connection.ts';
import { type Ended, endedBy, endedWith } from './ended.ts';
import { PalaverError } from './error.ts';
import { createEventProbe } from './event-probe.ts';
import type { FrameId } from './generated/index.ts';
import { unreachable } from './http.ts';
import { createPublisher } from './publisher.ts';
import { readFrame } from './read-frame.ts';
import { createSseParser, type StreamEvent } from './sse-parser.ts';

interface StreamOptions extends EventsOptions {
  /** Time for one try to publish a message, in milliseconds. */
  readonly publishMs: number;
  /** Opens another stream with this token, which replaces this one once it has resumed. */
  readonly replace: (token: string) => void;
}

/** Code of a connection that ended without one (RFC 6455, 7.1.5). */
const abnormalClosure = 1006;

/** Returns how the server ended the stream. */
function closeOf(data: string): Ended {
  try {
    const { code, reason } = JSON.parse(data);
    return endedWith(Number(code) || abnormalClosure, String(reason ?? ''));
  } catch {
    return endedWith(abnormalClosure, '');
  }
}

/** Opens a stream of the room's frames. */
export function connectEvents(
  { url, fetch, call, publishMs, replace }: StreamOptions,
  { token, lastId, onFrame, onConfirmed, onReceived }: ConnectionOptions,
): Connection {
  const stopping = new AbortController();
  /** Last id line of the stream. */
  let reached: FrameId = lastId ?? '';
  let resolveEnded: (how: Ended) => void;
  const ended = new Promise<Ended>((resolve) => {
    resolveEnded = resolve;
  });
  const probe = createEventProbe({ ask: () => replace(token), onReceived });
  const publisher = createPublisher({
    publish: (message) =>
      call('publish', message, { token, signal: stopping.signal, maxRetries: 0, timeoutMs: publishMs }),
    hasReached: (id) => id <= reached,
    onConfirmed,
    onRefused: onFrame,
    onAnswered: onReceived,
    onEnded: end,
  });

  function end(how: Ended): void {
    if (stopping.signal.aborted) return;
    stopping.abort();
    probe.stop();
    publisher.stop();
    resolveEnded(how);
  }

  function onEvent({ type, data, lastId }: StreamEvent): void {
    if (stopping.signal.aborted) return;
    if (type === 'close') {
      end(closeOf(data));
      return;
    }
    const frame = readFrame(data);
    if (frame) {
      probe.take(frame);
      onFrame(frame);
    }
    reached = lastId || reached;
    publisher.reached();
  }

  /** Opens the stream. @throws {PalaverError} for an answer that is none */
  async function open(): Promise<ReadableStreamDefaultReader<Uint8Array>> {
    const query = lastId === undefined ? '' : `?last_event_id=${encodeURIComponent(lastId)}`;
    const response = await fetch(`${url}/events${query}`, {
      headers: { Accept: 'text/event-stream', Authorization: `Bearer ${token}` },
      redirect: 'manual',
      signal: stopping.signal,
    });
    if (response.status !== 200 || !response.headers.get('content-type')?.startsWith('text/event-stream'))
      // Throws: there is no answer but the stream.
      await readAnswer('join', response, url);
    const reader = response.body?.getReader?.();
    if (!reader) throw new PalaverError('connection_failed', 'The `fetch` of this platform cannot read a stream.');
    return reader;
  }

  async function read(): Promise<void> {
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    try {
      reader = await open();
      const parse = createSseParser(onEvent);
      while (!stopping.signal.aborted) {
        const { done, value } = await reader.read();
        if (done) break;
        parse(value);
        probe.received();
        onReceived();
      }
      end(endedWith(abnormalClosure, ''));
    } catch (cause) {
      if (cause instanceof PalaverError) end(endedBy(cause));
      else end(reader ? endedWith(abnormalClosure, '') : endedBy(unreachable(url, cause)));
    }
    // A `fetch` that the app passed in may ignore its signal.
    reader?.cancel().catch(() => {});
  }
  void read();

  const drop = (error: PalaverError): void => end({ code: error.code, error, next: 'reconnect' });
  return {
    ended,
    send: (message) => {
      if (message.type === 'chat_message') publisher.send(message.msg);
      // A stream keeps its token to its end.
      else replace(message.msg.token);
    },
    probe,
    quietIntervals: 2,
    close: () => end(endedWith(1_000, '')),
    drop,
  };
}
