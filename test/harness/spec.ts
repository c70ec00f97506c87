/** Reads both specs of the contract from the bundles, and from no other generated file. */
import { readFileSync } from 'node:fs';

interface Ref {
  readonly $ref: string;
}

/** The part of JSON Schema that the specs use. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly string[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly allOf?: readonly Schema[];
}

interface MediaType {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Header {
  readonly required?: boolean;
}

interface ResponseObject {
  readonly headers?: Readonly<Record<string, Header | Ref>>;
  readonly content?: Readonly<Record<string, MediaType>>;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly 'x-unmatched': Readonly<Record<string, ResponseObject | Ref>>;
}

interface OperationObject {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, ResponseObject | Ref>>;
}

interface Message {
  readonly name: string;
  readonly payload: Schema;
  readonly examples: readonly { readonly name: string; readonly payload: unknown }[];
}

interface AsyncApi {
  readonly channels: {
    readonly room: {
      readonly 'x-close-codes': Readonly<Record<string, { readonly name: string }>>;
      readonly 'x-max-frame-bytes': { readonly client: number; readonly server: number };
    };
  };
  readonly operations: Readonly<
    Record<string, { readonly action: 'send' | 'receive'; readonly channel: Ref; readonly messages: readonly Ref[] }>
  >;
}

const read = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../generated/${path}`, import.meta.url), 'utf8'));

export const openapi = read('http/openapi.json') as OpenApi;
export const asyncapi = read('chat/asyncapi.json') as AsyncApi;

const segment = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
const isRef = (part: object): part is Ref => '$ref' in part;

/** Returns the target of a reference, and its JSON pointer. */
function resolve<Part extends object>(document: object, part: Part | Ref, at: string): { part: Part; at: string } {
  if (!isRef(part)) return { part, at };
  const place = part.$ref.slice(1);
  const found = place
    .slice(1)
    .split('/')
    .reduce<unknown>(
      (value, key) => Reflect.get(value as object, key.replaceAll('~1', '/').replaceAll('~0', '~')),
      document,
    );
  return resolve(document, found as Part | Ref, place);
}

/** A declared response. `at` is its JSON pointer. */
export interface DeclaredResponse {
  readonly at: string;
  readonly mediaType: string | undefined;
  readonly headers: readonly { readonly name: string; readonly required: boolean; readonly at: string }[];
  /** Problem codes that it may have; empty if it is not a problem. */
  readonly codes: readonly string[];
  /** Problems in its examples. */
  readonly problems: readonly { readonly code: string; readonly title: string; readonly type: string }[];
}

export interface Operation {
  readonly id: string;
  readonly responses: ReadonlyMap<number, DeclaredResponse>;
  readonly body: { readonly schema: Schema; readonly example: Readonly<Record<string, unknown>> } | undefined;
}

function codesOf({ allOf = [] }: Schema): readonly string[] {
  const codes = allOf.map(({ properties }) => properties?.code).find((code) => code !== undefined);
  return codes?.enum ?? (codes?.const === undefined ? [] : [String(codes.const)]);
}

function readResponse(given: ResponseObject | Ref, place: string): DeclaredResponse {
  const { part, at } = resolve(openapi, given, place);
  const [mediaType, media] = Object.entries(part.content ?? {})[0] ?? [];
  const examples = media?.example ? [media.example] : Object.values(media?.examples ?? {}).map(({ value }) => value);
  const codes = media ? codesOf(media.schema) : [];
  return {
    at,
    mediaType,
    codes,
    problems: codes.length > 0 ? (examples as DeclaredResponse['problems']) : [],
    headers: Object.entries(part.headers ?? {}).map(([name, header]) => {
      const resolved = resolve(openapi, header, `${at}/headers/${segment(name)}`);
      return { name: name.toLowerCase(), required: resolved.part.required === true, at: resolved.at };
    }),
  };
}

const readResponses = (responses: OperationObject['responses'], at: string): Operation['responses'] =>
  new Map(Object.entries(responses).map(([status, given]) => [Number(status), readResponse(given, `${at}/${status}`)]));

function readOperation(path: string, method: string, operation: OperationObject): Operation {
  const media = operation.requestBody?.content['application/json'];
  return {
    id: operation.operationId,
    responses: readResponses(operation.responses, `/paths/${segment(path)}/${method}/responses`),
    body: media && { schema: media.schema, example: media.example as Record<string, unknown> },
  };
}

/** Path → method, in capitals → operation. */
export const paths: ReadonlyMap<string, ReadonlyMap<string, Operation>> = new Map(
  Object.entries(openapi.paths).map(([path, item]) => [
    path,
    new Map(
      Object.entries(item).map(([method, operation]) => [method.toUpperCase(), readOperation(path, method, operation)]),
    ),
  ]),
);

/** Responses to unknown paths and methods. */
export const unmatched: Operation = {
  id: 'unmatched',
  responses: readResponses(openapi['x-unmatched'], '/x-unmatched'),
  body: undefined,
};

/** Responses to bytes without a readable method and path. */
export const unreadable: Operation = {
  id: 'unreadable',
  responses: readResponses(
    {
      '400': { $ref: '#/components/responses/MalformedRequest' },
      '431': { $ref: '#/components/responses/HeadTooLarge' },
    },
    '',
  ),
  body: undefined,
};

/** Every answer that an operation declares, such as `login 200` or `login 401 invalid_credentials`. */
export const declaredAnswers: readonly string[] = [...paths.values()]
  .flatMap((methods) => [...methods.values()])
  .concat(unmatched)
  .flatMap(({ id, responses }) =>
    [...responses].flatMap(([status, { codes }]) =>
      codes.length > 0 ? codes.map((code) => `${id} ${status} ${code}`) : [`${id} ${status}`],
    ),
  );

const messagesThat = (action: 'send' | 'receive', channel = 'room') =>
  Object.values(asyncapi.operations)
    .filter((operation) => operation.action === action && operation.channel.$ref === `#/channels/${channel}`)
    .flatMap(({ messages }) => messages)
    .map((message) => {
      const { part, at } = resolve<Message>(asyncapi, message, '');
      const { properties = {} } = resolve(asyncapi, part.payload, '').part as Schema;
      return { type: String(properties.type?.const), at: `${at}/payload`, ...part };
    });

/** Frames of the server, and of the client. */
export const serverFrames = messagesThat('send');
export const clientFrames = messagesThat('receive');
/** Events of the server over HTTP. */
export const serverEvents = messagesThat('send', 'events');

export const closeCodes: readonly number[] = Object.keys(asyncapi.channels.room['x-close-codes']).map(Number);

export const errorCodes: readonly string[] = (
  resolve<Schema>(asyncapi, { $ref: '#/components/schemas/ErrorCode' }, '').part as Schema
).enum!;

/** Returns a schema with every reference replaced by its target. */
export function deref(document: object, schema: Schema): Schema {
  const { part } = resolve<Schema>(document, schema as Schema | Ref, '');
  if (!part.properties) return part;
  const entries = Object.entries(part.properties).map(([name, property]) => [name, deref(document, property)]);
  return { ...part, properties: Object.fromEntries(entries) };
}

/** Returns the schema of a component, to read a bound from it. */
export const component = (document: object, name: string): Schema =>
  deref(document, { $ref: `#/components/schemas/${name}` } as Schema);
