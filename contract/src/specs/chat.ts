import { type Document, flatten, member, objectAt, resolve, type Schema } from './schema.ts';

export interface DeclaredFrame {
  readonly type: string;
  /** JSON pointer of its payload's schema. */
  readonly at: string;
  readonly schema: Schema;
  readonly examples: readonly { readonly name: string; readonly payload: unknown }[];
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
}

/** In AsyncAPI 3 `send` is what the one described does: the server. */
function framesThat(document: Document, action: 'send' | 'receive'): DeclaredFrame[] {
  return Object.values(objectAt(document, 'operations'))
    .filter((operation) => member(operation, 'action') === action)
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

export function readChat(document: Document): ChatSpec {
  const channel = Object.values(objectAt(document, 'channels'))[0];
  const server = framesThat(document, 'send');
  const refusal = server.find(({ type }) => type === 'error');
  const codes = Object.entries(objectAt(channel, 'x-close-codes'));
  return {
    address: String(member(channel, 'address') ?? '/'),
    server,
    client: framesThat(document, 'receive'),
    errorCodes: (refusal?.schema.properties?.msg?.properties?.code?.enum ?? []).map(String),
    closeCodes: new Map(codes.map(([code, close]) => [Number(code), String(member(close, 'description') ?? '')])),
  };
}
