import { OpenAPIHono } from '@hono/zod-openapi';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { requestId } from 'hono/request-id';
import { mount, routes } from '../generated/http/index.ts';
import type { Config } from './config.ts';
import { adminOnly, tokenBeforeMissingBody } from './http/access.ts';
import { jsonBody } from './http/body.ts';
import { docsFiles } from './http/docs.ts';
import type { AppEnv } from './http/env.ts';
import { createHandlers, type HandlerDeps } from './http/handlers.ts';
import { refuseInvalid } from './http/operations.ts';
import { createOriginCheck, crossOrigin } from './http/origins.ts';
import { builtPage, pageFiles } from './http/page.ts';
import { codeOf, extraOf, problem } from './http/problem.ts';
import { requestLog } from './http/request-log.ts';
import { noStore, securityHeaders } from './http/security-headers.ts';
import { faultOfTarget, rawPath } from './http/target.ts';
import type { Log } from './log/log.ts';
import type { Metrics } from './metrics/metrics.ts';

export type App = OpenAPIHono<AppEnv>;

interface AppDeps extends Omit<HandlerDeps, 'page' | 'isAllowedOrigin'> {
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
  const handlers = createHandlers(config, { ...deps, page, isAllowedOrigin });

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
    if ('request' in route && route.request && 'body' in route.request) {
      if (route.security?.some((scheme) => 'bearer' in scheme))
        app.on([route.method], [route.path], tokenBeforeMissingBody(deps.verify));
      app.on([route.method], [route.path], ...jsonBody(route.path));
    }
    if (route.security?.some((scheme) => 'admin' in scheme))
      app.on([route.method], [route.getRoutingPath()], adminOnly(config.adminToken!));
  }
  mount(app, handlers);
  app.route('/docs/', docsFiles());
  app.route('/assets', pageFiles(page));

  app.notFound((c) => problem(c, 'not_found'));
  app.onError((error, c) => {
    const code = codeOf(error);
    if (code === 'internal_error') c.var.log.event('request_failed', { err: error });
    return problem(c, code, extraOf(error));
  });
  return app;
}
