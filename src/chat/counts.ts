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

/** Of the protocol itself (RFC 6455, 7.4.1): a normal close, one for a fault of it, one without a code, a connection that broke. */
const ownCodes = [1000, 1002, 1005, 1006] as const;
/** A code that a client has chosen counts as `other` where it is none of these. */
type CountedCode = CloseCode | (typeof ownCodes)[number] | 'other';
type Closes = Record<CountedCode, number>;

/**
 * What happened in the chat on this node since the start. Plain numbers, since some are counted with every write: who
 * wants to know reads them.
 */
export interface ChatCounts {
  /** Frames that clients sent, by type; `invalid` are those that have none, and those of the wrong kind. */
  readonly received: Record<ClientMessage['type'] | 'invalid', number>;
  /** Of their payloads. */
  receivedBytes: number;
  /** Frames that went to sessions: each counts once for each of them. */
  readonly sent: Record<ServerMessage['type'], number>;
  /** Of these, with their headers. */
  sentBytes: number;
  /** Frames that were answered with an error. */
  readonly refused: Record<ErrorCode, number>;
  /** Sessions that ended, by who ended them, and how. */
  readonly closed: { readonly server: Closes; readonly client: Closes };
  /** Ended because they didn't read. */
  slowConsumers: number;
}

const zeros = <Key extends string | number>(keys: readonly Key[]): Record<Key, number> =>
  Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
const typesOf = <Schemas extends object>(schemas: Schemas) => Object.keys(schemas) as (keyof Schemas & string)[];

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

/** Counts one more session that ended. */
export function countClose(closes: Closes, code: number): void {
  closes[code in closes ? (code as CountedCode) : 'other'] += 1;
}
