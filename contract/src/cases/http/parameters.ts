import type { Request } from '../../client/send.ts';
import { upgrade } from '../../client/upgrade.ts';
import type { Kit } from '../../context/kit.ts';
import { Violation } from '../../errors.ts';
import { brokenSamples, byKeyword, edgeSamples, type Sample } from '../../samples/schema-cases.ts';
import type { DeclaredParameter, Operation } from '../../specs/http.ts';
import type { Specs } from '../../specs/index.ts';
import type { Case } from '../case.ts';
import { broken, expectAnswer, needs, pointersIn, told } from './answers.ts';
import { bearer, tokenFor } from './secured.ts';

/** What can be told from others where all is text: in a path that isn't nothing, and in a URL it is well-formed. */
const canTravel = ({ place, schema }: DeclaredParameter, { value, keyword }: Sample): boolean =>
  (typeof value === 'string' ? !/\p{Cs}/u.test(value) : typeof value === 'number' || typeof value === 'boolean') &&
  !(schema.type === 'string' && keyword === 'type') &&
  !(place === 'path' && value === '');

/** Requests in which a parameter is this one: of the door with a handshake and without. */
async function requestsWith(
  kit: Kit,
  operation: Operation,
  { name, place }: DeclaredParameter,
  value: unknown,
): Promise<Request[]> {
  const { method, path, schemes } = operation;
  const text = encodeURIComponent(String(value));
  const filled = path.replace(/\{([^}]+)\}/g, (_, its: string) => (its === name ? text : 'contract-nobody'));
  const token = schemes.length > 0 ? await tokenFor(kit, operation) : undefined;
  const headers = token === undefined ? {} : bearer(token);
  const request = { method, path: place === 'query' ? `${filled}?${name}=${text}` : filled, headers };
  return path === kit.specs.chat.address ? [request, { ...request, headers: { ...upgrade, ...headers } }] : [request];
}

/** Each parameter of a path or a query, with one keyword of its schema broken at a time, and at its bounds. */
export function parameterCases({ chat: { address } }: Specs, operation: Operation): Case[] {
  const { id, path, parameters } = operation;
  const each = (
    parameter: DeclaredParameter,
    samples: readonly Sample[],
    name: (keyword: string) => string,
    says: string,
    check: (kit: Kit, request: Request, what: string) => Promise<void>,
  ): Case[] =>
    [...byKeyword(samples.filter((sample) => canTravel(parameter, sample)))].map(([keyword, group]) => ({
      id: `http.${id}.parameter.${parameter.name}.${name(keyword)}`,
      says,
      run: async (kit) => {
        for (const { value, name: shown } of group)
          for (const request of await requestsWith(kit, operation, parameter, value)) {
            // A page counts as a frame; a handshake doesn't.
            if (path !== address) await kit.pacer.take((await kit.user('ann')).username);
            await check(kit, request, `${parameter.name} ${shown}`);
          }
      },
    }));

  return parameters
    .filter(({ place }) => place !== 'header')
    .flatMap((parameter) => [
      ...each(
        parameter,
        brokenSamples(parameter.schema, parameter.example),
        (keyword) => keyword,
        'a parameter that breaks this keyword is refused, and the errors point to it',
        async (kit, request, what) => {
          needs(operation, 400, 'invalid_parameter');
          const answer = await expectAnswer(kit, request, what, 400, 'invalid_parameter');
          const pointers = pointersIn(answer);
          if (!pointers.includes(`/${parameter.name}`))
            throw broken(
              kit,
              request,
              `${what}: errors (${JSON.stringify(pointers)}) do not point to '/${parameter.name}'`,
            );
        },
      ),
      ...each(
        parameter,
        // What changes something for others is not tried on ids that may be somebody's.
        operation.method === 'GET' || path === address ? edgeSamples(parameter.schema, parameter.example) : [],
        (keyword) => `${keyword}.just`,
        'a parameter at this bound is not refused',
        async (kit, request, what) => {
          const { status, ...answer } = await kit.ask(request);
          const isDoor = path === address && status === 426;
          if (status >= 300 && !isDoor)
            throw new Violation(`${what}: answered ${told({ status, ...answer })}`, kit.curl(request));
        },
      ),
    ]);
}
