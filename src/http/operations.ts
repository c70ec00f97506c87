import type { Context } from 'hono';
import { routePath } from 'hono/route';
import { type Handlers, routes } from '../../generated/http/index.ts';
import type { Config } from '../config.ts';
import { fieldErrors, textOf } from '../errors.ts';
import { adminOperations } from './access.ts';
import type { AppEnv } from './env.ts';
import { parameterErrors } from './parameters.ts';
import { problem } from './problem.ts';
import { signUpOperations, userOperations } from './users.ts';

type OptionalOperation = (typeof userOperations | typeof adminOperations)[number];

/** Handlers of the contract's operations. The configuration decides which of the optional ones are there. */
export type ServedHandlers = Omit<Handlers<AppEnv>, OptionalOperation> &
  Partial<Pick<Handlers<AppEnv>, OptionalOperation>>;

interface DeclaredRoute {
  readonly request?: { readonly params?: { shape: object }; readonly query?: { shape: object } };
}
type ParameterPlace = 'param' | 'query';

/** Names of the operations, by the method and the path that the router matches them by. */
const operations: ReadonlyMap<string, string> = new Map(
  Object.entries(routes).map(([id, route]) => [`${route.method.toUpperCase()} ${route.getRoutingPath()}`, id]),
);

/** Names of the parameters that each operation declares. */
const parameters: ReadonlyMap<string, Readonly<Record<ParameterPlace, readonly string[]>>> = new Map(
  Object.entries(routes as Readonly<Record<string, DeclaredRoute>>).map(([id, { request }]) => [
    id,
    { param: Object.keys(request?.params?.shape ?? {}), query: Object.keys(request?.query?.shape ?? {}) },
  ]),
);

/** Returns the operation that answers a request, or `none`: the list is bounded, whatever path a client sends. */
export function operationOf(c: Context): string {
  const method = c.req.method === 'HEAD' ? 'GET' : c.req.method;
  return operations.get(`${method} ${routePath(c, -1)}`) ?? 'none';
}

/** Returns the operations that a server with this configuration doesn't have. */
export const absentOperations = ({
  externalIssuer,
  hasSignUp,
  adminToken,
}: Pick<Config, 'externalIssuer' | 'hasSignUp' | 'adminToken'>): readonly string[] => [
  ...(externalIssuer ? userOperations : hasSignUp ? [] : signUpOperations),
  ...(adminToken === undefined ? adminOperations : []),
];

interface Validated {
  readonly target: string;
  readonly success: boolean;
  readonly error?: { readonly issues: Parameters<typeof fieldErrors>[0] };
}

/** Answers a request whose parameters or body the validators refuse. */
export function refuseInvalid({ target, error }: Validated, c: Context<AppEnv>) {
  const names = target === 'param' || target === 'query' ? parameters.get(operationOf(c))?.[target] : undefined;
  const sent = names ? parameterErrors(c, target as ParameterPlace, names) : [];
  // A parameter that cannot be decoded has one error: its value means nothing.
  const read = fieldErrors(error?.issues ?? []).filter(({ pointer }) =>
    sent.every((other) => other.pointer !== pointer),
  );
  const errors = [...sent, ...read];
  if (errors.length === 0) return undefined;
  return problem(c, target === 'json' ? 'invalid_body' : 'invalid_parameter', { detail: textOf(errors), errors });
}
