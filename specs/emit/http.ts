import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { asObject, assertKnown, banner, type Json, SpecError, segment, zodOf, zodsOf } from './schema.ts';

/** An operation of the OpenAPI spec, with what its references name brought in. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly at: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  /** Names of the security schemes, any of which will do; none if the operation is open. */
  readonly security: readonly string[];
  readonly parameters: readonly Parameter[];
  /** The schema of the JSON body, if the operation takes one. */
  readonly body: Json | undefined;
  readonly responses: readonly Response[];
}
export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description: string;
  readonly schema: Json;
  readonly at: string;
}
export interface Response {
  readonly status: number;
  readonly description: string;
  readonly mediaType: string | undefined;
  readonly schema: Json | undefined;
  readonly headers: Json;
  readonly examples: readonly unknown[];
  readonly at: string;
}

/** Media types of responses: JSON, and text that no validator reads. */
const jsonTypes = ['application/json', 'application/problem+json'];
const textTypes = ['text/html', 'text/event-stream', 'application/yaml'];

const methods = ['get', 'put', 'post', 'delete', 'patch'];

/** Follows references to components until something stands there. */
function resolve(document: Json, part: Json, at: string): [part: Json, at: string] {
  if (!('$ref' in part)) return [part, at];
  const match = /^#\/components\/(responses|parameters|headers)\/(\w+)$/.exec(String(part.$ref));
  if (!match) throw new SpecError(at, `the generator does not know references like ${part.$ref} here`);
  const [, group, name] = match as unknown as [string, string, string];
  const place = `/components/${group}/${name}`;
  return resolve(
    document,
    asObject(asObject(asObject(document.components, '/components')[group], place)[name], place),
    place,
  );
}

/** The only media type of `content`, with its schema and its examples. */
function content(part: Json, mediaTypes: readonly string[], at: string): [string, schema: Json, examples: unknown[]] {
  const [[mediaType, media] = ['', {}], ...more] = Object.entries(asObject(part.content, `${at}/content`));
  if (!mediaTypes.includes(mediaType) || more.length > 0) {
    throw new SpecError(`${at}/content`, `the generator knows only one of ${mediaTypes.join(', ')} here`);
  }
  const place = `${at}/content/${segment(mediaType)}`;
  assertKnown(asObject(media, place), ['schema', 'example', 'examples'], place);
  const { schema, example, examples } = media as Json;
  const shown = Object.values((examples ?? {}) as Record<string, Json>).map(({ value }) => value);
  return [mediaType, asObject(schema, `${place}/schema`), example === undefined ? shown : [example]];
}

function readResponse(document: Json, operationAt: string, status: string, part: Json): Response {
  const [response, at] = resolve(document, part, `${operationAt}/responses/${status}`);
  assertKnown(response, ['description', 'headers', 'content'], at);
  const headers = Object.fromEntries(
    Object.entries(asObject(response.headers ?? {}, at)).map(([name, header]) => {
      const [resolved, place] = resolve(document, header as Json, `${at}/headers/${name}`);
      assertKnown(resolved, ['description', 'required', 'schema', 'example'], place);
      return [name, resolved];
    }),
  );
  const [mediaType, schema, examples = []] = response.content
    ? content(response, [...jsonTypes, ...textTypes], at)
    : [];
  if (mediaType && textTypes.includes(mediaType) && schema?.type !== 'string')
    throw new SpecError(`${at}/content/${segment(mediaType)}/schema`, 'a text is a string');
  return {
    status: Number(status),
    description: String(response.description),
    mediaType,
    schema,
    headers,
    examples,
    at,
  };
}

function readParameter(document: Json, part: Json, path: string): Parameter {
  const [parameter, at] = resolve(document, part, `${path}/parameters`);
  assertKnown(parameter, ['name', 'in', 'required', 'description', 'schema', 'example'], at);
  if (!['path', 'query', 'header'].includes(String(parameter.in))) {
    throw new SpecError(`${at}/in`, `the generator does not know parameters in '${parameter.in}'`);
  }
  return {
    name: String(parameter.name),
    in: parameter.in as Parameter['in'],
    required: parameter.required === true,
    description: String(parameter.description ?? ''),
    schema: asObject(parameter.schema, `${at}/schema`),
    at,
  };
}

/** Reads the operations out of a bundled OpenAPI 3.1 document; stops at what it doesn't know. */
export function readOperations(document: Json): Operation[] {
  assertKnown(document, ['openapi', 'info', 'servers', 'tags', 'x-unmatched', 'paths', 'security', 'components'], '');
  return Object.entries(asObject(document.paths, '/paths')).flatMap(([path, item]) => {
    const pathAt = `/paths/${segment(path)}`;
    assertKnown(item as Json, methods, pathAt);
    return Object.entries(item as Json).map(([method, value]): Operation => {
      const at = `${pathAt}/${method}`;
      const part = asObject(value, at);
      assertKnown(
        part,
        ['operationId', 'tags', 'summary', 'description', 'security', 'parameters', 'requestBody', 'responses'],
        at,
      );
      if (part.requestBody)
        assertKnown(part.requestBody as Json, ['required', 'description', 'content'], `${at}/requestBody`);
      const [, body] = part.requestBody
        ? content(part.requestBody as Json, ['application/json'], `${at}/requestBody`)
        : [];
      return {
        id: String(part.operationId),
        method,
        path,
        at,
        summary: String(part.summary ?? ''),
        description: String(part.description ?? '').trim(),
        tags: (part.tags ?? []) as string[],
        security: ((part.security ?? document.security ?? []) as Json[]).flatMap((scheme) => Object.keys(scheme)),
        parameters: ((part.parameters ?? []) as Json[]).map((parameter) => readParameter(document, parameter, at)),
        body,
        responses: Object.entries(asObject(part.responses, at)).map(([status, response]) =>
          readResponse(document, at, status, response as Json),
        ),
      };
    });
  });
}

const json = (value: unknown): string => JSON.stringify(value);

/** Parameters arrive as text: numbers are read from it, then held to their schema. */
const parameterZod = ({ schema, at, required }: Parameter): string => {
  const zod = zodOf(schema, `${at}/schema`);
  const numeric = schema.type === 'integer' || schema.type === 'number';
  const text = `z.string().regex(/^-?\\d+(\\.\\d+)?$/, { error: 'must be a ${schema.type === 'integer' ? 'whole ' : ''}number' })`;
  return `${numeric ? `${text}.transform(Number).pipe(${zod})` : zod}${required ? '' : '.optional()'}`;
};

function emitRequest(operation: Operation): string {
  const groups = { params: 'path', query: 'query', headers: 'header' } as const;
  const lines = Object.entries(groups).flatMap(([group, place]) => {
    const parameters = operation.parameters.filter((parameter) => parameter.in === place);
    // Header names have no case: Hono hands them over in lower case.
    const key = (name: string): string => json(place === 'header' ? name.toLowerCase() : name);
    return parameters.length === 0
      ? []
      : [
          `    ${group}: z.object({ ${parameters.map((parameter) => `${key(parameter.name)}: ${parameterZod(parameter)}`).join(', ')} }),`,
        ];
  });
  if (operation.body) {
    lines.push(
      `    body: { required: true, content: { 'application/json': { schema: ${zodOf(operation.body, `${operation.at}/requestBody`)} } } },`,
    );
  }
  return lines.length === 0 ? '' : `  request: {\n${lines.join('\n')}\n  },\n`;
}

function emitResponse({ status, description, mediaType, schema, headers, at }: Response): string {
  const parts = [`description: ${json(description)}`];
  if (Object.keys(headers).length > 0) parts.push(`headers: ${json(headers)}`);
  if (mediaType && schema)
    parts.push(`content: { '${mediaType}': { schema: ${zodOf(schema, at).replaceAll('\n', '\n    ')} } }`);
  return `    ${status}: {\n      ${parts.join(',\n      ')},\n    },\n`;
}

// Schemes of several names would be a union of types, for which createRoute forgets the type of the request.
const emitRoute = (operation: Operation): string =>
  `export const ${operation.id}Route = createRoute({
  operationId: ${json(operation.id)},
  method: ${json(operation.method)},
  path: ${json(operation.path)},
  tags: ${json(operation.tags)},
  summary: ${json(operation.summary)},
  description: ${json(operation.description)},
  security: ${json(operation.security.map((name) => ({ [name]: [] })))} as Record<string, string[]>[],
${emitRequest(operation)}  responses: {
${operation.responses.map(emitResponse).join('')}  },
});
`;

/** The codes of the problems a response may hold. */
export const problemCodes = ({ schema }: Response): string[] => {
  const code = ((schema?.allOf as Json[] | undefined)?.[1]?.properties as Json | undefined)?.code as Json | undefined;
  return code
    ? [...new Set([code.const, (code.enum ?? []) as string[]].flat().filter((value) => value !== undefined))].map(
        String,
      )
    : [];
};

/** The files of `generated/http`. */
export async function emitHttp(document: Json): Promise<Record<string, string>> {
  const operations = readOperations(document);
  const components = asObject(asObject(document.components, '/components').schemas, '/components/schemas');
  const head = banner('specs/openapi.yaml');
  const ast = await openapiTS(structuredClone(document) as unknown as OpenAPI3, {
    rootTypes: true,
    rootTypesNoSchemaPrefix: true,
    alphabetize: false,
  });
  const routes = operations.map(emitRoute).join('\n');
  const used = Object.keys(components)
    .map((name) => `${name[0]!.toLowerCase()}${name.slice(1)}Schema`)
    .filter((name) => new RegExp(`\\b${name}\\b`).test(routes));
  return {
    'types.ts': `${head}\n${astToString(ast)}`,
    'schemas.ts': `${head}import { z } from 'zod';\nimport type * as types from './types.ts';\n\n${zodsOf(components, '/components/schemas')}`,
    'routes.ts': [
      `${head}import { createRoute, type OpenAPIHono, type RouteHandler, z } from '@hono/zod-openapi';\nimport type { Env } from 'hono';\nimport { ${used.join(', ')} } from './schemas.ts';\n`,
      routes,
      `/** Routes by operationId. */\nexport const routes = {\n${operations.map(({ id }) => `  ${id}: ${id}Route,`).join('\n')}\n};\n`,
      `/** One handler per operation. Each may return only responses that the spec declares. */\nexport type Handlers<E extends Env = Env> = { [Id in keyof typeof routes]: RouteHandler<(typeof routes)[Id], E> };\n`,
      `/** Adds each operation that has a handler to the app. */\nexport function mount<E extends Env>(app: OpenAPIHono<E>, handlers: Partial<Handlers<E>>): void {\n${operations.map(({ id }) => `  if (handlers.${id}) app.openapi(routes.${id}, handlers.${id});`).join('\n')}\n}\n`,
    ].join('\n'),
    'index.ts': `${head}\nexport * from './routes.ts';\nexport * from './schemas.ts';\nexport type * from './types.ts';\n`,
    'openapi.json': `${JSON.stringify(document, null, 2)}\n`,
  };
}
