import { type Chat, chatTypes, readChat } from './chat.ts';
import { type Operation, problemCodes, readOperations } from './http.ts';
import { asObject, banner, docOf, type Json, lightShapeOf, refsIn, SpecError, typeOf } from './schema.ts';

/** `User` → `user`. */
const uncapitalized = (name: string): string => `${name[0]!.toLowerCase()}${name.slice(1)}`;

/** The bounds of texts, for forms: what is too long or too short need not be asked. */
function limitsOf(schemas: Json): string {
  const bounded = Object.entries(schemas as Record<string, Json>).filter(
    ([, { maxLength }]) => maxLength !== undefined,
  );
  const lines = bounded.map(
    ([name, { minLength = 0, maxLength }]) => `  ${uncapitalized(name)}: { min: ${minLength}, max: ${maxLength} },`,
  );
  return `/** Lengths of texts, in code points. */\nexport const limits = {\n${lines.join('\n')}\n} as const;\n`;
}

const literal = (value: string): string => `'${value}'`;
const union = (values: readonly string[]): string => (values.length === 0 ? 'never' : values.map(literal).join(' | '));

/** All that `roots` refer to, directly or not, out of `components`. */
function reachable(components: Json, roots: readonly string[]): Json {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const inner of refsIn(components[name])) visit(inner);
  };
  for (const root of roots) visit(root);
  return Object.fromEntries(Object.entries(components).filter(([name]) => found.has(name)));
}

/** Needs none of its parameters, and no body. */
const isWhollyOptional = (operation: Operation): boolean =>
  operation.body === undefined &&
  operation.parameters.every(({ required, in: place }) => place === 'header' || !required);

const importOf = (names: readonly string[], file: string): string =>
  names.length === 0 ? '' : `import type { ${[...names].sort().join(', ')} } from '${file}';\n`;

/** Returns the input type of a method: path and query parameters and the members of the body, as one object. */
function inputType(operation: Operation): string | undefined {
  const parameters = operation.parameters.filter((parameter) => parameter.in !== 'header');
  const lines = parameters.map(
    ({ name, schema, required, description, at }) =>
      `  ${docOf({ ...schema, description })}${name}${required ? '' : '?'}: ${typeOf(schema, at)};`,
  );
  const parts = [
    ...(lines.length > 0 ? [`{\n${lines.join('\n')}\n}`] : []),
    ...(operation.body ? [typeOf(operation.body, `${operation.at}/requestBody`)] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(' & ');
}

const success = (operation: Operation) => operation.responses.filter(({ status }) => status >= 200 && status < 300);

/** The client speaks JSON: what answers something else (a page, YAML) is for other readers. */
const isSpoken = (operation: Operation): boolean =>
  success(operation).every(({ mediaType }) => mediaType === undefined || mediaType === 'application/json');

/** Returns the type that a call resolves to. A handshake cannot succeed over plain HTTP, so its call always rejects. */
function outputType(operation: Operation): string {
  const results = success(operation);
  if (results.length === 0) return 'never';
  return [...new Set(results.map(({ schema, at }) => (schema ? typeOf(schema, at) : 'void')))].join(' | ');
}

const codesOf = (operation: Operation): string[] => [...new Set(operation.responses.flatMap(problemCodes))];

function operationsFile(operations: readonly Operation[], imports: string): string {
  const entries = operations.map((operation) => {
    const params = operation.parameters
      .filter((parameter) => parameter.in !== 'header')
      .map(({ name, in: place }) => `${name}: '${place}'`);
    return `  ${operation.id}: { method: '${operation.method.toUpperCase()}', path: '${operation.path}', params: {${params.length > 0 ? ` ${params.join(', ')} ` : ''}}, body: ${operation.body !== undefined}, token: ${operation.security.some((scheme) => ['bearer', 'admin'].includes(scheme))} },`;
  });
  const shapes = operations.map(
    (operation) =>
      `  ${operation.id}: {\n    input: ${(inputType(operation) ?? 'undefined').replaceAll('\n', '\n    ')};\n    output: ${outputType(operation)};\n    code: ${union(codesOf(operation))};\n  };`,
  );
  // A handshake is no method: the client joins by more than a call.
  const methods = operations
    .filter((operation) => success(operation).length > 0)
    .map((operation) => {
      const input = inputType(operation);
      const doc = docOf({
        description: [
          `${operation.summary}.`.replace(/([.?!])\.$/, '$1'),
          operation.description,
          `Rejects with the codes ${codesOf(operation)
            .map((code) => `\`${code}\``)
            .join(', ')}.`,
        ]
          .filter(Boolean)
          .join('\n\n'),
      });
      const type = `Operations['${operation.id}']`;
      const given = isWhollyOptional(operation) ? ' = {}' : '';
      const head = `${operation.id}(${input ? `input: ${type}['input']${given}, ` : ''}options?: Options): Promise<${type}['output']> {`;
      const body = `  return this.call('${operation.id}', ${input ? 'input' : 'undefined'}, options);`;
      return `${doc}${head}\n${body}\n}`.replace(/^(?=.)/gm, '  ');
    });
  return [
    `${banner('specs/openapi.yaml')}${imports}`,
    `/** Request of each operation. Members that are in neither the path nor the query form the JSON body. */\nexport const operations = {\n${entries.join('\n')}\n} as const;\n`,
    `/** Input, output and problem codes of each operation. */\nexport interface Operations {\n${shapes.join('\n')}\n}\n`,
    `export type OperationId = keyof Operations;\n`,
    `/** Performs one operation: the transport. */\nexport type Call<Options> = <Id extends OperationId>(\n  id: Id,\n  input: Operations[Id]['input'],\n  options?: Options,\n) => Promise<Operations[Id]['output']>;\n`,
    `/** One method per operation. */\nexport abstract class Methods<Options> {\n  protected abstract readonly call: Call<Options>;\n\n${methods.join('\n\n')}\n}\n`,
  ].join('\n');
}

function eventsFile(chat: Chat): string {
  const events = chat.server.map(
    ({ name, schema, summary }) => `  ${docOf({ description: summary })}  ${name}: ${schema};`,
  );
  return [
    `${banner('specs/asyncapi.yaml')}import type { ${[...new Set(chat.server.map(({ schema }) => schema))].sort().join(', ')} } from './frames.ts';\n`,
    `/** One event per frame that the server sends. */\nexport interface Events {\n${events.join('\n')}\n}\n`,
    `/** The client's next step after each close code: reconnect, reconnect with a new token, or stop. */\nexport const afterClose = {\n${chat.closeCodes.map(({ code, next }) => `  ${code}: ${literal(next)},`).join('\n')}\n} as const;\n`,
    `export const eventNames = [${chat.server.map(({ name }) => literal(name)).join(', ')}] as const satisfies readonly (keyof Events)[];\n`,
  ].join('\n');
}

/** The shapes of all that a server says, for a check at run time: nothing else stands between a server and the app. */
function shapesFile(operations: readonly Operation[], components: Json, chat: Chat): string {
  const frames = chat.server.map(({ name, schema }) => {
    const at = `/components/schemas/${schema}`;
    return `  ${name}: ${lightShapeOf(asObject(chat.schemas[schema], at), chat.schemas, at)},`;
  });
  const answers = operations.flatMap((operation) => {
    const shapes = success(operation).flatMap(({ schema, at }) =>
      schema ? [lightShapeOf(schema, components, at)] : [],
    );
    // An operation that answers in several ways says by its status which; no shape fits them all.
    return new Set(shapes).size === 1 ? [`  ${operation.id}: ${shapes[0]},`] : [];
  });
  return [
    `${banner('specs/')}\n/** Kind of a value, of its items or of its members. A member whose name ends in \`?\` may be absent. */\nexport type Shape = 'string' | 'number' | 'boolean' | readonly [Shape] | { readonly [member: string]: Shape };\n`,
    `/** Shape of each frame that the server sends, by its type. */\nexport const frameShapes: { readonly [type: string]: Shape } = {\n${frames.join('\n')}\n};\n`,
    `/** Shape of the response of each operation that has one. */\nexport const answerShapes: { readonly [operation: string]: Shape } = {\n${answers.join('\n')}\n};\n`,
  ].join('\n');
}

/** The files of `sdk/typescript/src/generated`: plain TypeScript, nothing imported. */
export function emitSdk(openapi: Json, asyncapi: Json): Record<string, string> {
  const operations = readOperations(openapi).filter(isSpoken);
  const chat = readChat(asyncapi);
  const components = asObject(asObject(openapi.components, '/components').schemas, '/components/schemas');
  const roots = [
    ...new Set(
      operations.flatMap((operation) => [
        ...refsIn(operation.body),
        ...refsIn(operation.parameters.map(({ schema }) => schema)),
        ...refsIn(success(operation).map(({ schema }) => schema)),
      ]),
    ),
  ];
  for (const [name, schema] of Object.entries(chat.schemas)) {
    if (name in components && JSON.stringify(components[name]) !== JSON.stringify(schema)) {
      throw new SpecError(`/components/schemas/${name}`, 'the two specs say different things');
    }
  }
  const http = reachable(components, [...roots, 'Problem']);
  const own = Object.fromEntries(Object.entries(http).filter(([name]) => !(name in chat.schemas)));
  const shared = [...new Set(refsIn(own).filter((name) => name in chat.schemas))];
  const definitions = Object.entries(own).map(
    ([name, schema]) =>
      `${docOf(schema as Json)}export type ${name} = ${typeOf(schema as Json, `/components/schemas/${name}`)};\n`,
  );
  const local = roots.filter((name) => name in own);
  const foreign = roots.filter((name) => !(name in own));
  return {
    'types.ts': `${banner('specs/openapi.yaml')}${importOf(shared, './frames.ts')}\n${[...definitions, limitsOf({ ...chat.schemas, ...http })].join('\n')}`,
    'frames.ts': `${banner('specs/asyncapi.yaml')}\n${chatTypes(chat)}`,
    'operations.ts': operationsFile(operations, importOf(foreign, './frames.ts') + importOf(local, './types.ts')),
    'events.ts': eventsFile(chat),
    'shapes.ts': shapesFile(operations, components, chat),
    'index.ts': `${banner('specs/')}\nexport * from './events.ts';\nexport * from './frames.ts';\nexport * from './operations.ts';\nexport * from './types.ts';\n`,
  };
}
