/**
 * Code that must not compile. `npm run check` compiles this file, and a line marked @ts-expect-error that does compile is an
 * error of its own.
 */
import type { closeCodes, ServerMessage } from '../../../generated/chat/index.ts';
import type { Handlers, User, userSchema } from '../../../generated/http/index.ts';
import { problem } from '../../../src/http/problem.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_ extends true>(): void => {};

const healthz: Handlers['healthz'] = (c) => c.json({ status: 'ok' } as const, 200);
const readyz: Handlers['readyz'] = (c) => problem(c, 'shutting_down');
const createUser: Handlers['createUser'] = (c) => problem(c, 'email_taken');
const login: Handlers['login'] = (c) => problem(c, 'invalid_credentials');
const join: Handlers['join'] = (c) => problem(c, 'missing_token');
const joinByPost: Handlers['joinByPost'] = (c) => problem(c, 'missing_token');

const events: Handlers['events'] = (c) => problem(c, 'unavailable');
const publish: Handlers['publish'] = (c) => problem(c, 'name_in_use');
const listMessages: Handlers['listMessages'] = (c) => problem(c, 'rate_limited');
const logout: Handlers['logout'] = (c) => c.body(null, 204);
const disableUser: Handlers['disableUser'] = (c) => problem(c, 'invalid_parameter');
const enableUser: Handlers['enableUser'] = (c) => c.body(null, 204);

const docs = (): Response => new Response('');
const access = { events, publish, listMessages, logout, disableUser, enableUser };
const documents = { page: docs, docs, openapiJson: docs, openapiYaml: docs, asyncapiJson: docs, asyncapiYaml: docs };

/** Every handler is present. */
export const whole: Handlers = { healthz, readyz, createUser, login, join, joinByPost, ...access, ...documents };
// @ts-expect-error a handler is missing
export const missing: Handlers = { healthz, readyz, createUser, login, join, ...access, ...documents };
// @ts-expect-error a status that the spec doesn't declare
export const status: Handlers['createUser'] = (c) => c.json({ id: '4', username: 'a', email: 'a@b' }, 200);
// @ts-expect-error a problem whose status the spec doesn't declare
export const undeclared: Handlers['createUser'] = (c) => problem(c, 'invalid_credentials');
// @ts-expect-error a code that the spec doesn't declare for this status
export const code: Handlers['createUser'] = (c) => problem(c, 'name_in_use');
// @ts-expect-error a body without a property
export const body: Handlers['createUser'] = (c) => c.json({ id: '4', username: 'a' }, 201);

type ByType = { [Type in ServerMessage['type']]: (frame: Extract<ServerMessage, { type: Type }>) => void };
const ignore = (): void => {};
export const handled = {
  users_online: ignore,
  user_joined: ignore,
  user_left: ignore,
  chat_message: ignore,
  error: ignore,
  token_refreshed: ignore,
} satisfies ByType;
const { error: _, ...allButError } = handled;
// @ts-expect-error a frame type is not handled
export const unhandled: ByType = allButError;

holds<Equal<ReturnType<typeof userSchema.parse>, User>>();
holds<Equal<(typeof closeCodes)['token_expired'], 4001>>();
