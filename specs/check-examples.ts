/**
 * Holds every example of both specs to its schema, and asks for one wherever people look for one: each body, header,
 * parameter, frame, and each problem code of each response. Exits 1 naming each that is missing or wrong.
 */
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { bundleSpec } from './emit/bundle.ts';
import { problemCodes, readOperations } from './emit/http.ts';
import { type Json, segment } from './emit/schema.ts';

const wrong: string[] = [];

/** Examples of a media type, header, parameter, message or schema. */
const examplesOf = (part: Json): unknown[] => [
  ...('example' in part ? [part.example] : []),
  ...(Array.isArray(part.examples) ? part.examples : Object.values((part.examples ?? {}) as Record<string, Json>)).map(
    (example) => ('schema' in part ? (example as Json).value : 'payload' in part ? (example as Json).payload : example),
  ),
];

function check(name: string, document: Json): void {
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  ajv.addSchema(document, name);
  /** Walks the document; `at` is a JSON pointer. */
  const walk = (value: unknown, at: string): void => {
    if (typeof value !== 'object' || value === null) return;
    const part = value as Json;
    const place = 'schema' in part ? `${at}/schema` : 'payload' in part ? `${at}/payload` : at;
    const examples = examplesOf(part);
    if (place !== at && examples.length === 0) wrong.push(`${name}#${at}: has no example`);
    if (examples.length > 0) {
      const validate = ajv.getSchema(`${name}#${encodeURI(place)}`) as ValidateFunction;
      for (const example of examples) {
        if (!validate(example))
          wrong.push(`${name}#${at}: ${JSON.stringify(example)} ${ajv.errorsText(validate.errors)}`);
      }
    }
    for (const [key, inner] of Object.entries(part)) if (!/^examples?$/.test(key)) walk(inner, `${at}/${segment(key)}`);
  };
  walk(document, '');
}

/** Each code that a response may hold has an example there. */
function checkProblems(document: Json): void {
  for (const operation of readOperations(document)) {
    for (const response of operation.responses) {
      const shown = response.examples.map((example) => (example as Json).code);
      for (const code of problemCodes(response)) {
        if (!shown.includes(code)) wrong.push(`openapi.yaml#${response.at}: '${code}' has no example`);
      }
    }
  }
}

const specs = process.argv[2] ?? import.meta.dirname;
const openapi = await bundleSpec(join(specs, 'openapi.yaml'));
check('openapi.yaml', openapi);
checkProblems(openapi);
check('asyncapi.yaml', await bundleSpec(join(specs, 'asyncapi.yaml')));
for (const line of wrong) console.error(line);
if (wrong.length > 0) process.exitCode = 1;
