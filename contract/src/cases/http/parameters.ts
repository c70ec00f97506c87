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

/** Whether a sample survives a URL, where all is text: well-formed, and not empty in a path. */
const canTravel = ({ place, schema }: DeclaredParameter, { value, keyword }: Sample): boolean =>
  (typeof value === 'string' ? !/\p{Cs}/u.test(value) : typeof value === 'number' || typeof value === 'boolean') &&
  !(schema.type === 'string' && keyword === 'type') &&
  !(place === 'path' && value === '');

/** Returns requests with this value for the parameter. For the chat's address, one of them is a handshake. */
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

interface SampleCases {
  readonly samples: readonly Sample[];
  /** Returns the last part of the case's id. */
  readonly name: (keyword: string) => string;
  readonly says: string;
  readonly check: (kit: Kit, request: Request, what: string) => Promise<void>;
}

/** Returns cases for each parameter of a path or a query, with one keyword of its schema broken at a time, and at its bounds. */
export function parameterCases({ chat: { address } }: Specs, operation: Operation): Case[] {
  const { id, path, parameters } = operation;
  const each = (parameter: DeclaredParameter, { samples, name, says, check }: SampleCases): Case[] =>
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
      ...each(parameter, {
        samples: brokenSamples(parameter.schema, parameter.example),
        name: (keyword) => keyword,
        says: 'a parameter that breaks this keyword is refused, and the errors point to it',
        check: async (kit, request, what) => {
          needs(operation, 400, 'invalid_parameter');
          const answer = await expectAnswer(kit, request, what, { status: 400, code: 'invalid_parameter' });
          const pointers = pointersIn(answer);
          if (!pointers.includes(`/${parameter.name}`))
            throw broken(
              kit,
              request,
              `${what}: errors (${JSON.stringify(pointers)}) do not point to '/${parameter.name}'`,
            );
        },
      }),
      ...each(parameter, {
        // A valid id may be a real user's, so only requests that change nothing are sent with one.
        samples: operation.method === 'GET' || path === address ? edgeSamples(parameter.schema, parameter.example) : [],
        name: (keyword) => `${keyword}.just`,
        says: 'a parameter at this bound is not refused',
        check: async (kit, request, what) => {
          const { status, ...answer } = await kit.ask(request);
          const isHandshake = path === address && status === 426;
          if (status >= 300 && !isHandshake)
            throw new Violation(`${what}: answered ${told({ status, ...answer })}`, kit.curl(request));
        },
      }),
    ]);
}
