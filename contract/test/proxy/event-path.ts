import { createEventDecoder, encodeEvent, type StreamEvent } from './events.ts';
import { header, type Request, type Response, responseHead } from './http.ts';
import { claimsOf, type Room, type SeenRoom, type Stream, tokenOf } from './room.ts';

/** The hooks of a switch that concern events. */
export interface EventHooks {
  /** An event from the server, on its way to one client. */
  stream?(event: StreamEvent, stream: Stream, room: Room): readonly StreamEvent[] | undefined;
  /** Changes the response to a request. For bytes that are not a request the method is empty. */
  answer?(response: Response, request: Request, room: Room): Response | undefined;
}

interface Answered {
  readonly bytes: Buffer;
  /** The end of the head. The first events may follow it. */
  readonly headEnd: number;
}

/** The events of one connection, on their way to its client. */
export interface EventPath {
  isOpen(): boolean;
  /** Begins if this is an answer with events. Returns whether it is. */
  begin(asked: Request | undefined, response: Response, answered: Answered): boolean;
  pass(bytes: Buffer): void;
  end(): void;
}

export function createEventPath(plant: EventHooks, room: SeenRoom, toClient: (bytes: Uint8Array) => void): EventPath {
  let stream: Stream | undefined;
  const streamed = createEventDecoder();
  const tell = (...events: StreamEvent[]): void => events.forEach((event) => void toClient(encodeEvent(event)));
  function passOn(bytes: Buffer): void {
    if (!plant.stream) {
      toClient(bytes);
      return;
    }
    for (const part of streamed(bytes)) {
      const instead = part.event && plant.stream(part.event, stream!, room);
      if (instead) tell(...instead);
      else toClient(part.bytes);
    }
  }
  return {
    isOpen: () => stream !== undefined,
    begin: (asked, response, { bytes, headEnd }) => {
      if (asked?.method !== 'GET' || header(response, 'content-type') !== 'text/event-stream') return false;
      const changed = plant.answer?.(response, asked, room);
      stream = { claims: claimsOf(tokenOf(asked)), tell };
      room.streams.push(stream);
      toClient(changed ? responseHead(changed) : bytes.subarray(0, headEnd));
      passOn(bytes.subarray(headEnd));
      return true;
    },
    pass: passOn,
    end: () => {
      const at = stream ? room.streams.indexOf(stream) : -1;
      if (at >= 0) room.streams.splice(at, 1);
    },
  };
}
