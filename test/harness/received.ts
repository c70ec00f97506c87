/** Reads what one session is sent, over either transport, and checks the lines of each event against its frame. */
import type { ServerMessage } from '../../generated/chat/index.ts';
import type { Transport } from '../../src/chat/connection.ts';
import { createEventParser, type StreamEvent } from './event-parser.ts';
import { textsIn } from './fan-out.ts';

/** A frame as its client has it. */
export interface Received {
  readonly text: string;
  /** Id line of its event; undefined over a WebSocket, and where there is none. */
  readonly idLine?: string | undefined;
}

/** Returns how the lines of an event contradict the frame in it; undefined where they fit. */
export function mismatchOf({ type, data, hasId, lastEventId }: StreamEvent): string | undefined {
  const frame = JSON.parse(data) as ServerMessage;
  if (type !== frame.type) return `an event ${type} has a frame ${frame.type}`;
  const isRecovered = frame.type === 'users_online' && frame.msg.recovered === true;
  const wanted = isRecovered || !('id' in frame) ? undefined : frame.id;
  const given = hasId ? lastEventId : undefined;
  return wanted === given ? undefined : `the id line of ${type} is ${given}, not ${wanted}`;
}

/** @returns a reader of the bytes that a sink sends, which throws at anything else than whole frames, or events */
export function createReceiver(transport: Transport): (bytes: Buffer) => Received[] {
  if (transport === 'websocket') return (bytes) => textsIn(bytes).map((text) => ({ text }));
  const parser = createEventParser();
  return (bytes) => {
    if (bytes.length > 0 && bytes.toString('latin1', bytes.length - 2) !== '\n\n')
      throw new Error('Bytes end within an event');
    return parser.read(bytes).map((event) => {
      const wrong = mismatchOf(event);
      if (wrong !== undefined) throw new Error(wrong);
      return { text: event.data, idLine: event.hasId ? event.lastEventId : undefined };
    });
  };
}
