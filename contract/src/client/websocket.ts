import type { ClientRequest } from 'node:http';
import { WebSocket } from 'ws';
import { type RecordedSession, recordSession } from './record.ts';
import { readFrame } from './seen.ts';
import { type Answer, NoAnswer } from './send.ts';
import { answerOf, type JoinOptions, type Place, Refused, type Session } from './session.ts';
import { maskedFrame } from './wire.ts';

/** A roster can be long. */
const maxFrameBytes = 8 * 1024 * 1024;

/**
 * Joins over a WebSocket. `opening` is told the answer to the handshake.
 * @throws {Refused} {NoAnswer}
 */
export async function openWebSocket(
  place: Place,
  { token, early = [], lastEventId }: JoinOptions,
  opening: (answer: Answer) => void,
): Promise<Session> {
  const url = new URL(place.url);
  if (lastEventId !== undefined) url.searchParams.set('last_event_id', lastEventId);
  const socket = new WebSocket(url, {
    headers: { Authorization: `Bearer ${token}` },
    perMessageDeflate: false,
    maxPayload: maxFrameBytes,
    handshakeTimeout: place.patience.mostMs,
    finishRequest: (outgoing: ClientRequest) => {
      if (early.length > 0) outgoing.end(Buffer.concat(early.map(maskedFrame)));
      else outgoing.end();
    },
  });
  const session = sessionOver(socket, place, { token, ...(lastEventId !== undefined && { lastEventId }) });
  if (lastEventId !== undefined) session.note(`joins after ${lastEventId}`);
  for (const text of early) session.note(`→ ${text}`);
  await new Promise<void>((resolve, reject) => {
    socket.once('upgrade', ({ statusCode = 0, headers }) =>
      opening({ status: statusCode, headers, text: '', json: undefined }),
    );
    socket.once('unexpected-response', (_, response) => {
      answerOf(response).then(
        (answer) => {
          opening(answer);
          reject(new Refused(answer));
        },
        (error) => reject(new NoAnswer(error)),
      );
    });
    socket.once('open', () => resolve());
    socket.once('error', (error) => reject(new NoAnswer(error)));
  });
  return session;
}

function sessionOver(socket: WebSocket, place: Place, { token, lastEventId }: JoinOptions): RecordedSession {
  const session = recordSession(
    place,
    { door: 'websocket', token, lastEventId },
    {
      // The server may have closed just now. The wait for an answer then reports that.
      write: (data, binary) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(data, { binary });
      },
      leave: () => socket.close(1000),
      cut: () => socket.terminate(),
    },
  );
  socket.on('message', (data: Buffer, binary) => {
    session.note(`← ${binary ? `(binary) ${data.toString('hex').slice(0, 80)}` : data.toString()}`);
    session.received(readFrame(data, { binary, line: session.exchange.length }));
  });
  socket.on('close', (code) => session.ended(code));
  // The close code tells what went wrong.
  socket.on('error', () => {});
  return session;
}
