import type { Seen, SeenAnswer } from '../../client/seen.ts';
import { asCurl, type Request } from '../../client/send.ts';
import type { Finding } from '../../report.ts';
import type { DeclaredAnswer, Operation } from '../../specs/http.ts';
import type { Specs } from '../../specs/index.ts';
import { member } from '../../specs/schema.ts';
import type { Standing } from '../case.ts';

/** An answer beside what the contract says of it. */
interface Attributed extends SeenAnswer {
  readonly operation: Operation;
  /** Undefined where the status isn't declared. */
  readonly declared: DeclaredAnswer | undefined;
  readonly code: string | undefined;
}

/** A path with its parameters, as a pattern. */
const pattern = (path: string): RegExp =>
  new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`);

/** The operation that a request is for; for a path or a method that isn't known, what answers those. */
export function operationOf({ http: { operations, unmatched } }: Specs, { method, path }: Request): Operation {
  const there = operations.filter((operation) => pattern(operation.path).test(path.split('?')[0] ?? ''));
  const found = there.find((operation) => operation.method === method);
  if (found) return found;
  const status = there.length > 0 ? 405 : 404;
  const answer = unmatched.answers.get(status);
  return { ...unmatched, answers: new Map(answer && [[status, answer]]) };
}

const inShort = ({ request: { method, path }, answer: { status }, code }: Attributed): string =>
  `${method} ${path} → ${status}${code === undefined ? '' : ` ${code}`}`;

const idsOf = ({ id }: Operation, { status, codes }: DeclaredAnswer): { id: string; code: string | undefined }[] =>
  codes.length === 0
    ? [{ id: `http.${id}.${status}`, code: undefined }]
    : codes.map((code) => ({ id: `http.${id}.${status}.${code}`, code }));

/** Returns the rules that every answer must keep, whichever case caused it. */
export function standingHttp(specs: Specs, url: URL): Standing[] {
  const { wrongWith } = specs;
  const attributed = new WeakMap<SeenAnswer, Attributed>();
  const attribute = (seen: SeenAnswer): Attributed => {
    const operation = operationOf(specs, seen.request);
    const declared = operation.answers.get(seen.answer.status);
    const code = member(seen.answer.json, 'code');
    const known = { ...seen, operation, declared, code: typeof code === 'string' ? code : undefined };
    attributed.set(seen, known);
    return known;
  };
  const all = (seen: Seen, id: string): Attributed[] =>
    seen.answers.map((each) => attributed.get(each) ?? attribute(each)).filter(({ operation }) => operation.id === id);
  const first = (
    answers: readonly Attributed[],
    wrong: (answer: Attributed) => string | undefined,
  ): Finding | 'unseen' | undefined => {
    for (const each of answers) {
      const what = wrong(each);
      if (what !== undefined) return { what: `${inShort(each)}: ${what}`, show: asCurl(url, each.request) };
    }
    return answers.length === 0 ? 'unseen' : undefined;
  };

  const isDeclared = ({ declared, code }: Attributed): boolean =>
    declared !== undefined && (declared.codes.length === 0 || code === undefined || declared.codes.includes(code));

  const mediaType = ({ answer }: Attributed): string | undefined =>
    answer.headers['content-type']?.split(';')[0]?.trim().toLowerCase();

  function wrongHeader({ declared, answer }: Attributed): string | undefined {
    for (const { name, required, at } of declared?.headers ?? []) {
      const value = answer.headers[name];
      if (value === undefined && required) return `the header ${name} is missing`;
      const wrong = value === undefined ? undefined : wrongWith(value, 'openapi', at);
      if (wrong !== undefined) return `the header ${name}: ${String(value)}, which ${wrong}`;
    }
    return undefined;
  }

  function wrongMediaType(each: Attributed): string | undefined {
    const types = [...(each.declared?.content.keys() ?? [])];
    const type = mediaType(each);
    if (types.length === 0) return each.answer.text === '' ? undefined : `a body of ${type}, where none is declared`;
    return type !== undefined && types.includes(type)
      ? undefined
      : `the content type ${type}, where ${types.join(' or ')} is declared`;
  }

  function wrongBody(each: Attributed): string | undefined {
    const { declared, answer } = each;
    const [type, at] =
      [...(declared?.content ?? [])].find(([name]) => name === mediaType(each)) ??
      [...(declared?.content ?? [])][0] ??
      [];
    if (type === undefined || at === undefined) return undefined;
    if (type.endsWith('json') && answer.json === undefined) return `the body is not JSON: ${answer.text.slice(0, 80)}`;
    const wrong = wrongWith(type.endsWith('json') ? answer.json : answer.text, 'openapi', at);
    if (wrong !== undefined) return `the body: ${wrong}`;
    const told = declared?.types.get(each.code ?? '');
    const problemType = member(answer.json, 'type');
    return told === undefined || told === problemType
      ? undefined
      : `the problem's type is ${String(problemType)}, where ${told} is declared`;
  }

  const { operations, unmatched } = specs.http;
  return [...operations, ...(unmatched.answers.size > 0 ? [unmatched] : [])].flatMap((operation) => [
    ...[...operation.answers.values()].flatMap((declared) =>
      idsOf(operation, declared).map(({ id, code }) => ({
        id,
        says: `${declared.status}${code === undefined ? '' : ` ${code}`} has the body that is declared`,
        judge: (seen: Seen) => {
          const mine = all(seen, operation.id).filter(({ answer }) => answer.status === declared.status);
          return first(
            mine.filter(
              (each) =>
                code === undefined || each.code === code || (each.code === undefined && declared.codes[0] === code),
            ),
            wrongBody,
          );
        },
      })),
    ),
    {
      id: `http.${operation.id}.undeclared`,
      says: 'every status, and every problem code, is declared',
      judge: (seen) =>
        first(all(seen, operation.id), (each) =>
          isDeclared(each)
            ? undefined
            : each.declared
              ? 'this code is not declared for this status'
              : 'this status is not declared',
        ),
    },
    {
      id: `http.${operation.id}.headers`,
      says: 'required headers are present, and all declared headers match',
      judge: (seen) => first(all(seen, operation.id), wrongHeader),
    },
    {
      id: `http.${operation.id}.media-type`,
      says: 'the content type is declared',
      judge: (seen) =>
        first(
          all(seen, operation.id).filter(({ declared }) => declared !== undefined),
          wrongMediaType,
        ),
    },
  ]);
}
