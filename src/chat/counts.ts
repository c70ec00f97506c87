import {
  type ClientMessage,
  type CloseCode,
  clientMessageSchemas,
  closeCodes,
  type ErrorCode,
  errorCodeSchema,
  type ServerMessage,
  serverMessageSchemas,
} from '../../generated/chat/index.ts';
import type { Transport } from './connection.ts';

/** Codes of the protocol itself (RFC 6455, 7.4.1): normal close, protocol error, no code given, broken connection. */
const ownCodes = [1000, 1002, 1005, 1006] as const;
/** Close code that is counted by itself. Any other code that a client sends counts as `other`. */
type CountedCode = CloseCode | (typeof ownCodes)[number] | 'other';
type Closes = Record<CountedCode, number>;

/** Sessions on this node by transport. Those that are `joining` have no connection yet. */
export type SessionCounts = Readonly<Record<Transport | 'joining', number>>;

/** Counts of one transport on this node since its start. They are plain numbers, since some change with every write. */
export interface ChatCounts {
  /** Frames from clients, by type. `invalid` counts those without a type, and binary ones. */
  readonly received: Record<ClientMessage['type'] | 'invalid', number>;
  /** Bytes of their payloads. */
  receivedBytes: number;
  /** Frames sent to sessions, by type. A frame to a hundred sessions counts a hundred times. */
  readonly sent: Record<ServerMessage['type'], number>;
  /** Bytes of these frames, with their headers. */
  sentBytes: number;
  /** Frames answered with an error, by its code. */
  readonly refused: Record<ErrorCode, number>;
  /** Sessions that ended, by the side that ended them and the close code. */
  readonly closed: { readonly server: Closes; readonly client: Closes };
  /** Sessions ended because their client did not read. */
  slowConsumers: number;
}

const zeros = <Key extends string | number>(keys: readonly Key[]): Record<Key, number> =>
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
const typesOf = <Schemas extends object>(schemas: Schemas) => Object.keys(schemas) as (keyof Schemas & string)[];

/** Creates the counts of every transport. */
export const createTransportCounts = (): Readonly<Record<Transport, ChatCounts>> => ({
  websocket: createChatCounts(),
  events: createChatCounts(),
});

export function createChatCounts(): ChatCounts {
  const codes: readonly CountedCode[] = [...Object.values(closeCodes), ...ownCodes, 'other'];
  return {
    received: zeros([...typesOf(clientMessageSchemas), 'invalid']),
    receivedBytes: 0,
    sent: zeros(typesOf(serverMessageSchemas)),
    sentBytes: 0,
    refused: zeros(errorCodeSchema.options),
    closed: { server: zeros(codes), client: zeros(codes) },
    slowConsumers: 0,
  };
}

/** Counts a session that ended with this code. */
export function countClose(closes: Closes, code: number): void {
  closes[code in closes ? (code as CountedCode) : 'other'] += 1;
}
