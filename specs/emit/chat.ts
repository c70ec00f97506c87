import {
  asObject,
  assertKnown,
  banner,
  docOf,
  type Json,
  refName,
  SpecError,
  segment,
  typesOf,
  zodsOf,
} from './schema.ts';

/** One frame type of the AsyncAPI spec, for one direction. */
export interface Frame {
  /** The value of the frame's `type`. */
  readonly name: string;
  /** The component that describes the frame. */
  readonly schema: string;
  readonly summary: string;
}

const nexts = ['reconnect', 'new_token', 'stop'] as const;

interface CloseCode {
  readonly code: number;
  readonly name: string;
  readonly description: string;
  /** The client's next step after this close code. */
  readonly next: (typeof nexts)[number];
}

export interface Chat {
  readonly schemas: Json;
  /** Frames that the server sends (`action: send` is the server's side in AsyncAPI 3). */
  readonly server: readonly Frame[];
  /** Frames that a client may send. */
  readonly client: readonly Frame[];
  /** Events that the server sends over HTTP: frames, and what only a stream needs. */
  readonly events: readonly Frame[];
  readonly closeCodes: readonly CloseCode[];
}

const schemasAt = '/components/schemas';

/** Returns the part of the document that a reference names, and its JSON pointer. */
export function lookUp(document: Json, ref: unknown, at: string): [part: Json, at: string] {
  if (typeof ref !== 'string' || !ref.startsWith('#/'))
    throw new SpecError(at, `not a reference within the spec: ${ref}`);
  const part = ref
    .slice(2)
    .split('/')
    .reduce<unknown>((inner, key) => asObject(inner, ref)[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);
  return [asObject(part, ref), ref.slice(1)];
}

/**
 * Puts references back into what the AsyncAPI parser resolved. The parser marks where each schema came from.
 * @public for templates/chat
 */
export function withReferences(document: Json): Json {
  const components = asObject(document.components, '/components');
  const schemas = asObject(components.schemas, schemasAt);
  const restore = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(restore);
    if (typeof value !== 'object' || value === null) return value;
    const id = (value as Json)['x-parser-schema-id'];
    return typeof id === 'string' && id in schemas ? { $ref: `#${schemasAt}/${id}` } : inside(value as Json);
  };
  const inside = (part: Json): Json =>
    Object.fromEntries(
      Object.entries(part).flatMap(([key, inner]) => (key.startsWith('x-parser-') ? [] : [[key, restore(inner)]])),
    );
  const named = Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, inside(schema as Json)]));
  return { ...inside(document), components: { ...inside(components), schemas: named } };
}

/** Follows references until something stands there. The AsyncAPI parser has resolved some of them. */
function follow(document: Json, part: unknown, at: string): [part: Json, at: string] {
  let [found, place] = [asObject(part, at), at];
  while ('$ref' in found) [found, place] = lookUp(document, found.$ref, place);
  return [found, place];
}

/** Returns whether the frames of an operation travel over HTTP, as events. */
function isOverHttp(document: Json, { channel }: Json, at: string): boolean {
  const [{ servers = [] }, channelAt] = follow(document, channel, `${at}/channel`);
  const protocols = (servers as Json[]).map((server) => follow(document, server, `${channelAt}/servers`)[0].protocol);
  return protocols.length > 0 && protocols.every((protocol) => protocol === 'http');
}

/** Reads a message of an operation: the component that describes its payload, and its name. */
function readMessage(document: Json, entry: Json, operationAt: string): Frame & { readonly at: string } {
  const [message, at] = follow(document, entry, `${operationAt}/messages`);
  assertKnown(message, ['name', 'title', 'summary', 'description', 'payload', 'examples'], at);
  const schema = refName(asObject(message.payload, `${at}/payload`).$ref, `${at}/payload`);
  return { name: String(message.name), schema, summary: String(message.summary ?? ''), at };
}

/** Reads frames and close codes out of a bundled AsyncAPI 3 document; stops at what it doesn't know. */
export function readChat(document: Json): Chat {
  const schemas = asObject(asObject(document.components, '/components').schemas, schemasAt);
  const chat = {
    schemas,
    server: [] as Frame[],
    client: [] as Frame[],
    events: [] as Frame[],
    closeCodes: [] as CloseCode[],
  };

  for (const [id, operation] of Object.entries(asObject(document.operations, '/operations'))) {
    const at = `/operations/${segment(id)}`;
    const { action, messages } = asObject(operation, at);
    assertKnown(
      operation as Json,
      ['action', 'title', 'summary', 'description', 'security', 'channel', 'messages'],
      at,
    );
    const overHttp = isOverHttp(document, operation as Json, at);
    if (overHttp && action !== 'send')
      throw new SpecError(`${at}/action`, `the generator does not know '${action}' over HTTP`);
    for (const entry of messages as Json[]) {
      const { at: place, ...frame } = readMessage(document, entry, at);
      const schema = asObject(schemas[frame.schema], place);
      const type = (asObject(schema.properties, place).type ?? {}) as Json;
      if (type.const !== frame.name && !(overHttp && type.const === undefined))
        throw new SpecError(`${place}/name`, `the frame's type is '${type.const}', not '${frame.name}'`);
      if (overHttp) chat.events.push(frame);
      else if (action === 'send') chat.server.push(frame);
      else if (action === 'receive') chat.client.push(frame);
      else throw new SpecError(`${at}/action`, `the generator does not know '${action}'`);
    }
  }

  for (const [id, channel] of Object.entries(asObject(document.channels, '/channels'))) {
    const at = `/channels/${segment(id)}`;
    const ours = ['x-close-codes', 'x-max-frame-bytes'];
    assertKnown(channel as Json, ['address', 'title', 'description', 'servers', 'messages', ...ours], at);
    // For clients: nothing is generated from it.
    const sizes = asObject(asObject(channel, at)['x-max-frame-bytes'] ?? {}, at);
    assertKnown(sizes, ['client', 'server'], `${at}/x-max-frame-bytes`);
    const codes = asObject(asObject(channel, at)['x-close-codes'] ?? {}, at);
    for (const [code, { name, description, next, ...rest }] of Object.entries(codes as Record<string, Json>)) {
      const place = `${at}/x-close-codes/${code}`;
      assertKnown(rest, [], place);
      if (!nexts.includes(next as CloseCode['next']))
        throw new SpecError(`${place}/next`, `not one of ${nexts.join(', ')}`);
      const known = { code: Number(code), name: String(name), description: String(description) };
      chat.closeCodes.push({ ...known, next: next as CloseCode['next'] });
    }
  }
  return chat;
}

const union = (name: string, doc: string, frames: readonly Frame[]): string =>
  `/** ${doc} */\nexport type ${name} = ${frames.map((frame) => frame.schema).join(' | ')};\n`;

/** Frame types, unions and close codes as plain TypeScript. */
export function chatTypes(chat: Chat): string {
  const codes = chat.closeCodes.map(({ code, name, description }) =>
    `${docOf({ description })}  ${name}: ${code},\n`.replace('\n  ', '\n').replace(/^/gm, '  ').trimEnd(),
  );
  return [
    typesOf(chat.schemas, schemasAt),
    union('ServerMessage', 'Frames that the server sends.', chat.server),
    union('ClientMessage', 'Frames that a client may send.', chat.client),
    `/** Close codes of the server, by name (RFC 6455, 7.4). */\nexport const closeCodes = {\n${codes.join('\n')}\n} as const;\n`,
    `export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];\n`,
  ].join('\n');
}

/**
 * The files of `generated/chat`.
 * @public for templates/chat
 */
export function emitChat(document: Json): Record<string, string> {
  const chat = readChat(document);
  const head = banner('specs/asyncapi.yaml');
  const schemaNames = (frames: readonly Frame[]): string =>
    frames.map(({ name, schema }) => `  ${name}: ${schema[0]!.toLowerCase()}${schema.slice(1)}Schema,`).join('\n');
  return {
    'types.ts': `${head}\n${chatTypes(chat)}`,
    'schemas.ts': [
      `${head}import { z } from 'zod';\nimport type * as types from './types.ts';\n`,
      zodsOf(chat.schemas, schemasAt),
      `/** Schemas of the frames that a client may send, by type. */\nexport const clientMessageSchemas = {\n${schemaNames(chat.client)}\n};\n`,
      `/** Schemas of the frames that the server sends, by type. */\nexport const serverMessageSchemas = {\n${schemaNames(chat.server)}\n};\n`,
      `/** Schemas of the data of the events that the server sends over HTTP, by event. */\nexport const eventSchemas = {\n${schemaNames(chat.events)}\n};\n`,
    ].join('\n'),
    'index.ts': `${head}\nexport * from './schemas.ts';\nexport * from './types.ts';\n`,
  };
}
