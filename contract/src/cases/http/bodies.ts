import { newNonce } from '../../client/messages.ts';
import { bodyRequest } from '../../client/request-body.ts';
import type { Request } from '../../client/send.ts';
import type { Kit } from '../../context/kit.ts';
import { NotTried, type Violation } from '../../errors.ts';
import { arbitraryOf } from '../../samples/arbitrary.ts';
import { brokenSamples, byKeyword, edgeSamples } from '../../samples/schema-cases.ts';
import type { DeclaredBody, Operation } from '../../specs/http.ts';
import { statedBytes } from '../../specs/index.ts';
import { member } from '../../specs/schema.ts';
import type { Case } from '../case.ts';
import { shrunk } from '../shrink.ts';
import { broken, expectAnswer, needs, pointersIn, told } from './answers.ts';
import { bearer, tokenFor } from './secured.ts';
import { isUserOperation, userBodyCases } from './user-bodies.ts';

interface InvalidBody {
  readonly what: string;
  readonly value: unknown;
  /** The pointers that the answer's `errors` must list. */
  readonly pointers: readonly string[];
}

/** Returns a request with this body, and with a token where the operation needs one. */
async function requestFor(kit: Kit, operation: Operation, body: string | Uint8Array, type?: string): Promise<Request> {
  const request = bodyRequest(operation, body, type);
  if (operation.schemes.length === 0) return request;
  return { ...request, headers: { ...request.headers, ...bearer(await tokenFor(kit, operation)) } };
}

/** Sends an invalid body. @throws {Violation} where the answer is not 400 `invalid_body`, or a pointer is missing */
async function expectInvalid(kit: Kit, operation: Operation, { what, value, pointers }: InvalidBody): Promise<void> {
  const request = await requestFor(kit, operation, JSON.stringify(value));
  const answer = await expectAnswer(kit, request, what, { status: 400, code: 'invalid_body' });
  const missing = pointers.find((pointer) => !pointersIn(answer).includes(pointer));
  if (missing !== undefined)
    throw broken(kit, request, `${what}: errors (${JSON.stringify(pointersIn(answer))}) do not point to '${missing}'`);
}

/** Returns an example of the spec. For `createUser` it has the names of this run, so that no foreign user is made. */
const exampleFor = (kit: Kit, { id }: Operation, { examples }: DeclaredBody): unknown =>
  id === 'createUser' ? { ...(examples[0] as object), ...kit.names('stray') } : (examples[0] ?? {});

const invalidCase = (operation: Operation, body: DeclaredBody, place: string): Case => ({
  id: `http.${operation.id}.invalid.${place}`,
  says: 'a body that breaks this keyword is refused, and the errors point to it',
  run: async (kit) => {
    needs(operation, 400, 'invalid_body');
    const samples = byKeyword(brokenSamples(body.schema, exampleFor(kit, operation, body))).get(place) ?? [];
    for (const { value, pointer, name } of samples)
      await expectInvalid(kit, operation, { what: `${place} (${name})`, value, pointers: [pointer] });
  },
});

const notJson = (example: string): [what: string, body: string | Uint8Array][] => [
  ['nothing', ''],
  ['half of a body', example.slice(0, -1)],
  ['a comment', `${example}//`],
  ['two bodies', `${example}${example}`],
  [
    'a byte that UTF-8 does not have',
    Buffer.concat([Buffer.from(example.slice(0, 10)), Buffer.from([0xff]), Buffer.from(example.slice(10))]),
  ],
];

/** Returns the cases for the bodies of one operation: those it accepts and those it refuses. */
export function bodyCases(operation: Operation, body: DeclaredBody): Case[] {
  const { id, answers } = operation;
  const example = body.examples[0];
  const textFor = (kit: Kit): string => JSON.stringify(exampleFor(kit, operation, body));
  const required = body.schema.required ?? [];
  const limit = statedBytes(answers.get(413)?.description);
  const named = (name: string, says: string, run: Case['run']): Case => ({ id: `http.${id}.${name}`, says, run });
  /** The server reads this body and refuses it for its content, so it changes nothing. */
  const invalid = '{}';
  const isRefused = async (kit: Kit, request: Request, what: string): Promise<void> => {
    const answer = await kit.ask(request);
    if (answer.status !== 400)
      throw broken(kit, request, `${what}: answered ${told(answer)}, where the body's content is at fault`);
  };

  return [
    ...[...byKeyword(example === undefined ? [] : brokenSamples(body.schema, example)).keys()].map((place) =>
      invalidCase(operation, body, place),
    ),
    named('all-errors', 'errors list every fault, not only the first', async (kit) => {
      needs(operation, 400, 'invalid_body');
      if (required.length < 2) throw new NotTried('the body does not have two required members');
      await expectInvalid(kit, operation, {
        what: 'an empty object',
        value: {},
        pointers: required.map((name) => `/${name}`),
      });
    }),
    named('malformed-body', 'a body that is not JSON in UTF-8 is refused', async (kit) => {
      needs(operation, 400, 'malformed_body');
      for (const [what, bytes] of notJson(textFor(kit)))
        await expectAnswer(kit, await requestFor(kit, operation, bytes), what, { status: 400, code: 'malformed_body' });
    }),
    named('other-media-types', 'another content type, or none, is refused', async (kit) => {
      needs(operation, 415);
      const code = answers.get(415)?.codes[0];
      const others = [
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/json; charset=latin1',
        'application/jsonp',
      ];
      for (const type of others)
        await expectAnswer(kit, await requestFor(kit, operation, textFor(kit), type), type, { status: 415, code });
      const request = await requestFor(kit, operation, textFor(kit));
      const { 'Content-Type': _, ...headers } = request.headers ?? {};
      await expectAnswer(kit, { ...request, headers }, 'no content type', { status: 415, code });
    }),
    named('content-type', 'JSON is accepted in every spelling of its content type', async (kit) => {
      for (const type of ['Application/JSON', 'application/json; charset=utf-8', 'application/json;charset=UTF-8'])
        await isRefused(kit, await requestFor(kit, operation, invalid, type), type);
    }),
    named('too-large', 'a body beyond the limit is refused', async (kit) => {
      needs(operation, 413);
      const length = limit === undefined ? 1024 * 1024 : limit + 1;
      const request = await requestFor(kit, operation, textFor(kit).padEnd(length));
      for (const chunked of [false, true]) {
        const what = `${length} bytes${chunked ? ' in chunks' : ''}`;
        await expectAnswer(kit, { ...request, chunked }, what, { status: 413, code: answers.get(413)?.codes[0] });
      }
    }),
    named('just-fits', 'a body at the limit is read', async (kit) => {
      if (limit === undefined) throw new NotTried('the contract states no limit');
      await isRefused(kit, await requestFor(kit, operation, invalid.padEnd(limit)), `${limit} bytes`);
    }),
    ...(isUserOperation(id)
      ? userBodyCases(operation, body)
      : [examplesCase(operation, body), ...edgeCases(operation, body), generatedCase(operation, body)]),
  ];
}

/** Returns a body whose nonce, if it has one, is not that of another message: the cases of frames use the examples, too. */
const withNewNonce = (value: unknown): unknown =>
  member(value, 'nonce') === undefined ? value : { ...(value as object), nonce: newNonce() };

/** Sends a body that the schema allows, and returns the violation where it is refused for its form. */
async function refusalOf(kit: Kit, operation: Operation, given: unknown): Promise<Violation | undefined> {
  const value = operation.id === 'publish' ? withNewNonce(given) : given;
  const request = await requestFor(kit, operation, JSON.stringify(value));
  // A message counts as a frame.
  if (operation.id === 'publish') await kit.pacer.take((await kit.user('ann')).username);
  const answer = await kit.ask(request);
  if (![400, 413, 415, 422].includes(answer.status)) return undefined;
  return broken(
    kit,
    request,
    `the schema allows this body, and it is answered ${told(answer)} ${JSON.stringify(pointersIn(answer))}`,
  );
}

/** Sends the examples. The kit knows nothing more of the operation, so any answer will do that doesn't blame the body. */
const examplesCase = (operation: Operation, { examples }: DeclaredBody): Case => ({
  id: `http.${operation.id}.valid.examples`,
  says: 'the examples are accepted as valid',
  run: async (kit) => {
    for (const value of examples) {
      const refusal = await refusalOf(kit, operation, value);
      if (refusal) throw refusal;
    }
  },
});

const edgeCases = (operation: Operation, { schema, examples }: DeclaredBody): Case[] =>
  // A nonce at a bound may be used up: the rules send such ones through both doors.
  [...byKeyword(edgeSamples(schema, examples[0] ?? {}).filter(({ pointer }) => pointer !== '/nonce'))].map(
    ([place, samples]) => ({
      id: `http.${operation.id}.valid.${place}`,
      says: 'a body at this bound is accepted as valid',
      run: async (kit) => {
        for (const { value } of samples) {
          const refusal = await refusalOf(kit, operation, value);
          if (refusal) throw refusal;
        }
      },
    }),
  );

const generatedCase = (operation: Operation, { schema }: DeclaredBody): Case => ({
  id: `http.${operation.id}.valid.generated`,
  says: 'random bodies of the schema are accepted as valid',
  run: (kit) => shrunk(kit, arbitraryOf(schema), 10, (value) => refusalOf(kit, operation, value)),
});
