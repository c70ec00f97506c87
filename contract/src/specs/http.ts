import { CouldNotRun } from '../errors.ts';
import { type Document, flatten, member, objectAt, resolve, type Schema, segment } from './schema.ts';

export interface DeclaredHeader {
  readonly name: string;
  readonly required: boolean;
  /** JSON pointer of its schema. */
  readonly at: string;
}

export interface DeclaredAnswer {
  readonly status: number;
  readonly description: string;
  readonly headers: readonly DeclaredHeader[];
  /** Media type → JSON pointer of its schema; empty if the answer has no body. */
  readonly content: ReadonlyMap<string, string>;
  /** The problem codes that it may hold; none if it holds no problem. */
  readonly codes: readonly string[];
  /** Code → `type`, as the examples tell it. */
  readonly types: ReadonlyMap<string, string>;
}

export interface DeclaredBody {
  readonly mediaType: string;
  readonly schema: Schema;
  readonly examples: readonly unknown[];
}

export interface DeclaredParameter {
  /** The parameter's name. A header's is in lower case. */
  readonly name: string;
  readonly place: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: Schema;
  readonly example: unknown;
}

export interface Operation {
  readonly id: string;
  /** In capitals. */
  readonly method: string;
  readonly path: string;
  readonly body: DeclaredBody | undefined;
  readonly parameters: readonly DeclaredParameter[];
  /** The names of the security schemes of which one is asked for; empty if none is. */
  readonly schemes: readonly string[];
  readonly answers: ReadonlyMap<number, DeclaredAnswer>;
}

export interface HttpSpec {
  readonly operations: readonly Operation[];
  /** The answers to an undeclared path (404) or method (405), if the spec declares them. */
  readonly unmatched: Operation;
  /** The schema of a token's claims; undefined if the spec has none. */
  readonly tokenClaims: Schema | undefined;
}

const methods = ['get', 'put', 'post', 'delete', 'patch'];

const examplesOf = (media: unknown): unknown[] => {
  const one = member(media, 'example');
  return one !== undefined ? [one] : Object.values(objectAt(media, 'examples')).map((each) => member(each, 'value'));
};

const codesOf = ({ properties }: Schema): string[] => {
  const { const: only, enum: some } = properties?.code ?? {};
  return (some ?? (only === undefined ? [] : [only])).map(String);
};

function readAnswer(document: Document, status: string, given: unknown, place: string): DeclaredAnswer {
  if (!/^\d{3}$/.test(status))
    throw new CouldNotRun(`The openapi document has a response '${status}', which is not a status`);
  const { part, at } = resolve(document, given, place);
  const content = Object.entries(objectAt(part, 'content'));
  const problems = content.filter(([mediaType]) => mediaType === 'application/problem+json');
  return {
    status: Number(status),
    description: String(member(part, 'description') ?? ''),
    headers: Object.entries(objectAt(part, 'headers')).map(([name, header]) => {
      const found = resolve(document, header, `${at}/headers/${segment(name)}`);
      return { name: name.toLowerCase(), required: member(found.part, 'required') === true, at: `${found.at}/schema` };
    }),
    content: new Map(content.map(([mediaType]) => [mediaType, `${at}/content/${segment(mediaType)}/schema`])),
    codes: problems.flatMap(([, media]) => codesOf(flatten(document, member(media, 'schema')))),
    types: new Map(
      problems.flatMap(([, media]) =>
        examplesOf(media).map((problem) => [String(member(problem, 'code')), String(member(problem, 'type'))] as const),
      ),
    ),
  };
}

const readAnswers = (document: Document, answers: unknown, at: string): Operation['answers'] =>
  new Map(
    Object.entries(objectAt(answers)).map(([status, given]) => [
      Number(status),
      readAnswer(document, status, given, `${at}/${status}`),
    ]),
  );

function readBody(document: Document, operation: unknown): DeclaredBody | undefined {
  const { part } = resolve(document, member(operation, 'requestBody'), '');
  const [mediaType, media] = Object.entries(objectAt(part, 'content'))[0] ?? [];
  if (mediaType === undefined) return undefined;
  return { mediaType, schema: flatten(document, member(media, 'schema')), examples: examplesOf(media) };
}

function readParameter(document: Document, parameter: unknown): DeclaredParameter {
  const place = member(parameter, 'in') as DeclaredParameter['place'];
  const name = String(member(parameter, 'name'));
  return {
    name: place === 'header' ? name.toLowerCase() : name,
    place,
    required: member(parameter, 'required') === true,
    schema: flatten(document, member(parameter, 'schema')),
    example: examplesOf(parameter)[0],
  };
}

interface PathItem {
  readonly path: string;
  readonly part: unknown;
  /** JSON pointer of the item, which may stand behind a reference. */
  readonly at: string;
}

function readOperation(document: Document, { path, part: item, at }: PathItem, method: string): Operation {
  const operation = member(item, method);
  const parameters = [member(item, 'parameters'), member(operation, 'parameters')]
    .flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []))
    .map((given) => readParameter(document, resolve(document, given, '').part));
  const security = (member(operation, 'security') ?? member(document, 'security') ?? []) as object[];
  return {
    id: String(member(operation, 'operationId') ?? `${method} ${path}`),
    method: method.toUpperCase(),
    path,
    body: readBody(document, operation),
    parameters,
    schemes: security.flatMap((requirement) => Object.keys(requirement)),
    answers: readAnswers(document, member(operation, 'responses'), `${at}/${method}/responses`),
  };
}

export function readHttp(document: Document): HttpSpec {
  const schemes = Object.values(objectAt(document, 'components', 'securitySchemes'));
  const claims = schemes.map((scheme) => member(scheme, 'x-token-claims')).find((found) => found !== undefined);
  return {
    operations: Object.entries(objectAt(document, 'paths')).flatMap(([path, given]) => {
      const item = { path, ...resolve(document, given, `/paths/${segment(path)}`) };
      return methods
        .filter((method) => member(item.part, method) !== undefined)
        .map((method) => readOperation(document, item, method));
    }),
    unmatched: {
      id: 'unmatched',
      method: '',
      path: '',
      body: undefined,
      parameters: [],
      schemes: [],
      answers: readAnswers(document, document['x-unmatched'], '/x-unmatched'),
    },
    tokenClaims: claims === undefined ? undefined : flatten(document, claims),
  };
}
