import { readFile } from 'node:fs/promises';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { CouldNotRun } from '../errors.ts';
import { type Document, member } from './schema.ts';

export type DocumentName = 'openapi' | 'asyncapi';

/** Says what is wrong with a value by the schema at a place of a document; undefined if nothing is. */
export type WrongWith = (value: unknown, document: DocumentName, at: string) => string | undefined;

/** Large enough for any spec, small enough for any machine. */
const maxSpecBytes = 8 * 1024 * 1024;
const timeoutMs = 10_000;

async function textAt(place: string | URL): Promise<string> {
  if (typeof place === 'string') return readFile(place, 'utf8');
  const response = await fetch(place, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new Error(`it is answered ${response.status}`);
  const text = await response.text();
  if (text.length > maxSpecBytes) throw new Error('it is too large');
  return text;
}

/** Every `$ref` within. */
function refsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = member(value, '$ref');
  return [...(typeof own === 'string' ? [own] : []), ...Object.values(value).flatMap(refsIn)];
}

/**
 * A spec, from a file or from the server, in JSON or YAML.
 * @throws {CouldNotRun} where there is none, of the version that is understood, with all its references within it
 */
export async function readDocument(name: DocumentName, version: RegExp, place: string | URL): Promise<Document> {
  const fail = (why: string): never => {
    throw new CouldNotRun(`Cannot read the ${name} document at ${place}: ${why}`);
  };
  let document: unknown;
  try {
    document = parse(await textAt(place));
  } catch (error) {
    const { message, cause } = error as Error;
    return fail(
      cause instanceof Error ? `${message} (${cause.message || (cause as NodeJS.ErrnoException).code})` : message,
    );
  }
  if (!version.test(String(member(document, name)))) return fail(`it is not ${name} ${version.source}`);
  const outside = refsIn(document).find((ref) => !ref.startsWith('#/'));
  if (outside) return fail(`it refers to ${outside}, which is outside the document: bundle it first`);
  return document as Document;
}

/** Patterns are ECMA-262 with the `u` flag, and lengths count code points: as JSON Schema 2020-12 has it. */
export function createValidator(documents: Readonly<Record<DocumentName, Document>>): WrongWith {
  const ajv = new Ajv2020({
    allErrors: true,
    strict: false,
    validateSchema: false,
    unicodeRegExp: true,
    logger: false,
  });
  for (const [name, document] of Object.entries(documents)) ajv.addSchema(document, name);
  return (value, document, at) => {
    let validate: ValidateFunction | undefined;
    try {
      validate = ajv.getSchema(`${document}#${encodeURI(at)}`);
    } catch (error) {
      throw new CouldNotRun(`Cannot use the schema at ${at} of the ${document} document: ${(error as Error).message}`);
    }
    if (!validate) throw new CouldNotRun(`The ${document} document has no schema at ${at}`);
    return validate(value) ? undefined : ajv.errorsText(validate.errors, { dataVar: '' });
  };
}
