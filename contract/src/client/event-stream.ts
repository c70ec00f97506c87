import { type ClientRequest, type IncomingMessage, request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { Violation } from '../errors.ts';
import { member } from '../specs/schema.ts';
import { createEventParser, type StreamedEvent } from './event-parser.ts';
import { type RecordedSession, recordSession } from './record.ts';
import { excerpt, readFrame, type SeenFrame } from './seen.ts';
import { type Answer, NoAnswer, parsed } from './send.ts';
import { answerOf, type JoinOptions, type Place, Refused, type Session } from './session.ts';

/** The code for a connection that ends without one (RFC 6455, 7.1.5). */
const noCode = 1006;
const ownEnd = 1000;

/** Publishes the body of a message. */
export type Publish = (body: unknown) => Promise<Answer>;

/**
 * Joins as a stream of events. `opening` is told the answer.
 * @throws {Refused} {NoAnswer}
 */
export async function openEventStream(
  place: Place,
  { token, lastEventId, publish }: JoinOptions & { readonly publish: Publish },
  opening: (answer: Answer) => void,
): Promise<Session> {
  const request = (place.url.protocol === 'https:' ? overHttps : overHttp)(place.url, {
    agent: false,
    headers: {
      Accept: 'text/event-stream',
      Authorization: `Bearer ${token}`,
      ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }),
    },
  });
  const response = await responseTo(request, place.patience.mostMs);
  const { statusCode: status = 0, headers } = response;
  if (status !== 200) {
    const answer = await answerOf(response).catch((error) => {
      throw new NoAnswer(error);
    });
    opening(answer);
    throw new Refused(answer);
  }
  opening({ status, headers, text: '', json: undefined });
  const session = sessionOver(response, place, { token, publish, ...(lastEventId !== undefined && { lastEventId }) });
  if (lastEventId !== undefined) session.note(`asks for events after ${lastEventId}`);
  return session;
}

function responseTo(request: ClientRequest, timeoutMs: number): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(
      () => setImmediate(() => request.destroy(new Error(`none within ${timeoutMs / 1_000} s`))),
      timeoutMs,
    );
    request.on('response', (response) => {
      clearTimeout(late);
      resolve(response);
    });
    request.on('error', (error) => {
      clearTimeout(late);
      reject(new NoAnswer(error));
    });
    request.end();
  });
}

/** Returns the frame, or the `close`, that an event brings. */
const frameOf = ({ name, id, data, lines }: StreamedEvent, line: number): SeenFrame =>
  readFrame(Buffer.from(data), { line, event: { name, id, lines } });

/** Returns an event as it is shown in an exchange. */
const shown = ({ name, id, data }: StreamedEvent): string => `(${id === undefined ? name : `${name} ${id}`}) ${data}`;

function sessionOver(
  response: IncomingMessage,
  place: Place,
  { token, lastEventId, publish }: JoinOptions & { readonly publish: Publish },
): RecordedSession {
  let code = noCode;
  let turn: Promise<void> = Promise.resolve();

  /** Publishes after what was sent before has its answer. */
  async function post(text: string): Promise<void> {
    const answer = await publish(member(parsed(text), 'msg'));
    if (answer.status >= 300) {
      session.note(`← POST answered ${answer.status} ${answer.text}`);
      const what = `a message is refused with ${answer.status} ${String(member(answer.json, 'code') ?? '')}`;
      session.failed(new Violation(`${place.label}: ${what}`, excerpt(session)));
    }
  }

  const session: RecordedSession = recordSession(
    place,
    { door: 'events', token, lastEventId },
    {
      write: (data) => {
        turn = turn.then(() => post(String(data))).catch((error: Error) => session.failed(error));
      },
      leave: () => {
        code = ownEnd;
        response.destroy();
      },
      cut: () => void response.destroy(),
    },
  );
  const parse = createEventParser();
  response.on('data', (bytes: Buffer) => {
    for (const event of parse(bytes)) {
      session.note(`← ${shown(event)}`);
      const frame = frameOf(event, session.exchange.length);
      if (event.name === 'close') {
        session.closing(frame);
        const given = member(frame.value, 'code');
        code = typeof given === 'number' ? given : noCode;
      } else session.received(frame);
    }
  });
  response.on('error', () => {});
  response.on('close', () => session.ended(code));
  return session;
}
