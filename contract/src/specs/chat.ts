import { type Document, flatten, member, objectAt, resolve, type Schema } from './schema.ts';

export interface DeclaredFrame {
  readonly type: string;
  /** JSON pointer of its payload's schema. */
  readonly at: string;
  readonly schema: Schema;
  readonly examples: readonly { readonly name: string; readonly payload: unknown }[];
}

/** The second way into the room: a stream of events over HTTP. */
export interface EventsSpec {
  /** The path of the stream. */
  readonly address: string;
  /** The frames that come as events. */
  readonly frames: readonly DeclaredFrame[];
  /** The event that ends a stream; undefined if none is declared. */
  readonly close: DeclaredFrame | undefined;
}

export interface ChatSpec {
  /** The path of the WebSocket. */
  readonly address: string;
  /** Frames that the server sends, and frames that it accepts. */
  readonly server: readonly DeclaredFrame[];
  readonly client: readonly DeclaredFrame[];
  /** Codes of `error`, where there is such a frame. */
  readonly errorCodes: readonly string[];
  /** Close code → its description. */
  readonly closeCodes: ReadonlyMap<number, string>;
  /** Close code → its name. */
  readonly closeNames: ReadonlyMap<number, string>;
  /** Undefined if the room is reached through the WebSocket alone. */
  readonly events: EventsSpec | undefined;
}

/** In AsyncAPI 3 `send` is what the one described does: the server. An operation without a channel is of every one. */
function framesThat(document: Document, action: 'send' | 'receive', channel: string): DeclaredFrame[] {
  return Object.values(objectAt(document, 'operations'))
    .filter((operation) => member(operation, 'action') === action)
    .filter((operation) => [channel, undefined].includes(channelOf(operation)))
    .flatMap((operation) => (member(operation, 'messages') ?? []) as unknown[])
    .map((given) => {
      const message = resolve(document, given, '');
      const payload = resolve(document, member(message.part, 'payload'), `${message.at}/payload`);
      const schema = flatten(document, payload.part);
      return {
        type: String(schema.properties?.type?.const ?? member(message.part, 'name')),
        at: payload.at,
        schema,
        examples: ((member(message.part, 'examples') ?? []) as unknown[]).map((example, index) => ({
          name: String(member(example, 'name') ?? index + 1),
          payload: member(example, 'payload'),
        })),
      };
    });
}

/** Returns the channel's name in an operation, by its reference. */
function channelOf(operation: unknown): string | undefined {
  const ref = member(member(operation, 'channel'), '$ref');
  return typeof ref === 'string' ? ref.replace('#/channels/', '') : undefined;
}

/** Reads the channel of another protocol than WebSocket's, if there is one. */
function readEvents(document: Document, channels: readonly (readonly [name: string, channel: unknown])[]) {
  const [name, channel] = channels.find(([its]) => framesThat(document, 'send', its).length > 0) ?? [];
  if (name === undefined) return undefined;
  const all = framesThat(document, 'send', name);
  const isClose = ({ type }: DeclaredFrame): boolean => type === 'close';
  return {
    address: String(member(channel, 'address') ?? '/'),
    frames: all.filter((frame) => !isClose(frame)),
    close: all.find(isClose),
  };
}

export function readChat(document: Document): ChatSpec {
  const [[name = '', channel] = [], ...others] = Object.entries(objectAt(document, 'channels'));
  const server = framesThat(document, 'send', name);
  const refusal = server.find(({ type }) => type === 'error');
  const codes = Object.entries(objectAt(channel, 'x-close-codes'));
  return {
    address: String(member(channel, 'address') ?? '/'),
    server,
    client: framesThat(document, 'receive', name),
    errorCodes: (refusal?.schema.properties?.msg?.properties?.code?.enum ?? []).map(String),
    closeCodes: new Map(codes.map(([code, close]) => [Number(code), String(member(close, 'description') ?? '')])),
    closeNames: new Map(codes.map(([code, close]) => [Number(code), String(member(close, 'name') ?? '')])),
    events: readEvents(document, others),
  };
}
