import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import { routePath } from 'hono/route';
import { type Handlers, mount, routes } from '../generated/http/index.ts';
import { fieldErrors, textOf } from './errors.ts';
import { adminOnly, type adminOperations } from './http/access.ts';
import { clientOf } from './http/address.ts';
import { jsonBody } from './http/body.ts';
import type { AppEnv } from './http/env.ts';
import { crossOrigin, type IsAllowedOrigin } from './http/origins.ts';
import { parameterErrors } from './http/parameters.ts';
import { codeOf, extraOf, problem } from './http/problem.ts';
import { noStore, securityHeaders } from './http/security-headers.ts';
import { faultOfTarget, rawPath } from './http/target.ts';
import type { userOperations } from './http/users.ts';
import type { Log } from './log/log.ts';
import type { Metrics } from './metrics/metrics.ts';

export type App = OpenAPIHono<AppEnv>;

/** How much of an entry of `X-Forwarded-For` the log has. */
const maxEntryLength = 64;

type Optional = (typeof userOperations | typeof adminOperations)[number];
interface Route {
  readonly request?: { readonly params?: { shape: object }; readonly query?: { shape: object } };
}
/** All operations; some are not everywhere. */
type Served = Omit<Handlers<AppEnv>, Optional> & Partial<Pick<Handlers<AppEnv>, Optional>>;

interface AppDeps {
  readonly isAllowedOrigin: IsAllowedOrigin;
  /** Opens the operations that ask for it; without it they must be absent. */
  readonly adminToken: string | undefined;
  readonly metrics: Metrics;
  readonly log: Log;
  /** How many proxies in front of this server say whom they ask for. */
  readonly trustedProxies: number;
  /** Whether the log has the addresses of clients. */
  readonly hasLogIp: boolean;
}

/** The contract's operations, by what the app matches them by. */
const operations: ReadonlyMap<string, string> = new Map(
  Object.entries(routes).map(([id, route]) => [`${route.method.toUpperCase()} ${route.getRoutingPath()}`, id]),
);

/** The operation that answers a request; of a bounded list, whatever is asked for. */
function operationOf(c: Context<AppEnv>): string {
  const method = c.req.method === 'HEAD' ? 'GET' : c.req.method;
  return operations.get(`${method} ${routePath(c, -1)}`) ?? 'none';
}

/** The names of the parameters that each operation declares. */
const parameters: ReadonlyMap<string, Readonly<Record<'param' | 'query', readonly string[]>>> = new Map(
  Object.entries(routes as Readonly<Record<string, Route>>).map(([id, { request }]) => [
    id,
    { param: Object.keys(request?.params?.shape ?? {}), query: Object.keys(request?.query?.shape ?? {}) },
  ]),
);

/** The HTTP half: every operation of the contract behind what all of them share. */
export function createApp(handlers: Served, parts: AppDeps): App {
  const { isAllowedOrigin, adminToken, metrics, log, trustedProxies, hasLogIp } = parts;
  let toldOfForwarded = false;
  const app: App = new OpenAPIHono<AppEnv>({
    getPath: rawPath,
    defaultHook: (result, c) => {
      const { target } = result;
      const names = target === 'param' || target === 'query' ? parameters.get(operationOf(c))?.[target] : undefined;
      const sent = names ? parameterErrors(c, target as 'param' | 'query', names) : [];
      const read = result.success ? [] : fieldErrors(result.error.issues);
      // The value of a parameter that could not be read says nothing.
      const errors = [...sent, ...read.filter(({ pointer }) => sent.every((error) => error.pointer !== pointer))];
      if (errors.length === 0) return;
      return problem(c, target === 'json' ? 'invalid_body' : 'invalid_parameter', { detail: textOf(errors), errors });
    },
  });

  app.use(requestId({ headerName: 'X-Request-Id', generator: () => crypto.randomUUID() }));
  app.use(async (c, next) => {
    const startedMs = performance.now();
    c.set('log', log.ofRequest(c.var.requestId));
    const client = clientOf(c, trustedProxies);
    if (client.unread !== undefined && !toldOfForwarded) {
      toldOfForwarded = true;
      c.var.log.event('forwarded_unread', { entry: hasLogIp ? client.unread.slice(0, maxEntryLength) : undefined });
    }
    const upgrade = c.env?.upgrade;
    if (upgrade) upgrade.requestId = c.var.requestId;
    await next();
    const status = upgrade?.admitted ? 101 : c.res.status;
    const ms = performance.now() - startedMs;
    metrics.request(operationOf(c), status, ms / 1_000);
    if (c.var.problem) metrics.problem(c.var.problem);
    // The path alone, as it was sent: a query may hold what a log must not, and what is decoded is the sender's to choose.
    c.var.log.event('request', {
      method: c.req.method,
      path: rawPath(c.req.raw),
      status,
      code: c.var.problem,
      ms: Math.round(ms),
      ip: hasLogIp ? client.address : undefined,
      sessionId: upgrade?.admitted?.sessionId,
      userId: upgrade?.admitted?.identity.id,
    });
  });
  app.use(securityHeaders, noStore, crossOrigin(isAllowedOrigin));
  app.use((c, next) =>
    faultOfTarget(c.env?.incoming?.url ?? '/') === 'not_found' ? Promise.resolve(problem(c, 'not_found')) : next(),
  );
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => problem(c, 'method_not_allowed', { headers: { Allow: methods.join(', ') } }),
    }),
  );
  for (const [id, route] of Object.entries(routes)) {
    if (!(id in handlers)) continue;
    if ('request' in route && route.request && 'body' in route.request)
      app.on([route.method], [route.path], ...jsonBody);
    if (route.security?.some((scheme) => 'admin' in scheme))
      app.on([route.method], [route.getRoutingPath()], adminOnly(adminToken!));
  }

  mount(app, handlers);

  app.notFound((c) => problem(c, 'not_found'));
  app.onError((error, c) => {
    const code = codeOf(error);
    if (code === 'internal_error') c.var.log.event('request_failed', { err: error });
    return problem(c, code, extraOf(error));
  });
  return app;
}
