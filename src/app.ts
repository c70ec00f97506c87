import { OpenAPIHono } from '@hono/zod-openapi';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import asyncapi from '../generated/chat/asyncapi.json' with { type: 'json' };
import { mount, routes } from '../generated/http/index.ts';
import openapi from '../generated/http/openapi.json' with { type: 'json' };
import type { IssueToken, VerifyToken } from './auth/tokens.ts';
import type { Room } from './chat/room.ts';
import type { Config } from './config.ts';
import type { History } from './history/history.ts';
import { accessHandlers, adminOnly } from './http/access.ts';
import { jsonBody } from './http/body.ts';
import { docsFiles, docsHandlers } from './http/docs.ts';
import type { AppEnv } from './http/env.ts';
import { joinHandlers } from './http/join.ts';
import { messageHandlers } from './http/messages.ts';
import { withoutOperations } from './http/openapi.ts';
import { absentOperations, refuseInvalid, type ServedHandlers } from './http/operations.ts';
import { opsHandlers } from './http/ops.ts';
import { createOriginCheck, crossOrigin, type IsAllowedOrigin } from './http/origins.ts';
import { builtPage, pageFiles, pageHandlers } from './http/page.ts';
import { codeOf, extraOf, problem } from './http/problem.ts';
import type { CheckReadiness } from './http/readiness.ts';
import { requestLog } from './http/request-log.ts';
import { noStore, securityHeaders } from './http/security-headers.ts';
import { faultOfTarget, rawPath } from './http/target.ts';
import { type UserDeps, userHandlers } from './http/users.ts';
import type { CountAttempt } from './limits/attempts.ts';
import type { CountFrame } from './limits/frames.ts';
import type { Log } from './log/log.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Revocations } from './revocations/revocations.ts';
import type { Passwords } from './users/passwords.ts';
import type { UserStore } from './users/user-store.ts';

export type App = OpenAPIHono<AppEnv>;

/** All parts that the HTTP routes use. */
interface AppDeps {
  readonly verify: VerifyToken;
  /** Absent, as `passwords` is, where an external issuer has the users. */
  readonly issue: IssueToken | undefined;
  readonly passwords: Passwords | undefined;
  readonly users: UserStore;
  readonly revocations: Revocations;
  readonly room: Room;
  readonly history: History;
  readonly countSignUp: CountAttempt;
  readonly countLogin: CountAttempt;
  readonly countFrame: CountFrame | undefined;
  readonly notReady: CheckReadiness;
  readonly isStopping: () => boolean;
  /** The folder of the built chat page. Default: where `npm run build` puts it. */
  readonly page?: URL | undefined;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** Creates the HTTP side: the contract's operations, the docs and the chat page, behind the middleware they share. */
export function createApp(config: Config, deps: AppDeps): App {
  const app: App = new OpenAPIHono<AppEnv>({
    getPath: rawPath,
    defaultHook: refuseInvalid,
  });
  const { page = builtPage } = deps;
  const isAllowedOrigin = createOriginCheck(config.allowedOrigins);
  const handlers = handlersOf(config, { ...deps, page, isAllowedOrigin });

  app.use(requestId({ headerName: 'X-Request-Id', generator: () => crypto.randomUUID() }));
  app.use(requestLog(config, deps));
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
      app.on([route.method], [route.getRoutingPath()], adminOnly(config.adminToken!));
  }
  mount(app, handlers);
  app.route('/docs', docsFiles());
  app.route('/assets', pageFiles(page));

  app.notFound((c) => problem(c, 'not_found'));
  app.onError((error, c) => {
    const code = codeOf(error);
    if (code === 'internal_error') c.var.log.event('request_failed', { err: error });
    return problem(c, code, extraOf(error));
  });
  return app;
}

/** Returns the handlers of the operations that this server has. */
function handlersOf(
  config: Config,
  deps: AppDeps & { readonly page: URL; readonly isAllowedOrigin: IsAllowedOrigin },
): ServedHandlers {
  const absent = absentOperations(config);
  const present = <Handler>(handlers: Record<string, Handler>): Record<string, Handler> =>
    Object.fromEntries(Object.entries(handlers).filter(([operation]) => !absent.includes(operation)));
  const { logout, ...admin } = accessHandlers(deps);
  return {
    ...pageHandlers(deps.page),
    ...present(ownUserHandlers({ ...deps, trustedProxies: config.trustedProxies })),
    logout,
    ...present(admin),
    ...joinHandlers(deps),
    ...messageHandlers({ ...deps, countPage: deps.countFrame }),
    ...opsHandlers(deps.notReady),
    ...docsHandlers({ openapi: absent.length === 0 ? openapi : withoutOperations(openapi, absent), asyncapi }),
  };
}

type OwnUserDeps = Omit<UserDeps, 'passwords' | 'issue'> & Pick<AppDeps, 'passwords' | 'issue'>;

/** Returns the handlers of the user routes: none where an external issuer has the users. */
const ownUserHandlers = ({ passwords, issue, ...deps }: OwnUserDeps): Partial<ReturnType<typeof userHandlers>> =>
  passwords && issue ? userHandlers({ passwords, issue, ...deps }) : {};
