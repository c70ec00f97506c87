import asyncapi from '../../generated/chat/asyncapi.json' with { type: 'json' };
import openapi from '../../generated/http/openapi.json' with { type: 'json' };
import type { IssueToken, VerifyToken } from '../auth/tokens.ts';
import type { Room } from '../chat/room.ts';
import type { Config } from '../config.ts';
import type { History } from '../history/history.ts';
import type { CountAttempt } from '../limits/attempts.ts';
import type { CountFrame } from '../limits/frames.ts';
import type { Revocations } from '../revocations/revocations.ts';
import type { Passwords } from '../users/passwords.ts';
import type { UserStore } from '../users/user-store.ts';
import { accessHandlers } from './access.ts';
import { docsHandlers } from './docs.ts';
import { joinHandlers } from './join.ts';
import { messageHandlers } from './messages.ts';
import { withoutOperations, withStreamsByReference } from './openapi.ts';
import { absentOperations, type ServedHandlers } from './operations.ts';
import { opsHandlers } from './ops.ts';
import type { IsAllowedOrigin } from './origins.ts';
import { pageHandlers } from './page.ts';
import { publishHandlers } from './publish.ts';
import type { CheckReadiness } from './readiness.ts';
import { type UserDeps, userHandlers } from './users.ts';

export interface HandlerDeps {
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
  readonly isAllowedOrigin: IsAllowedOrigin;
  /** The folder of the built chat page. */
  readonly page: URL;
}

/** Creates the handlers of all operations that a server with this configuration has. */
export function createHandlers(config: Config, deps: HandlerDeps): ServedHandlers {
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
    ...publishHandlers(deps),
    ...messageHandlers({ ...deps, countPage: deps.countFrame }),
    ...opsHandlers(deps.notReady),
    ...docsHandlers({ openapi: withStreamsByReference(withoutOperations(openapi, absent)), asyncapi }),
  };
}

type OwnUserDeps = Omit<UserDeps, 'passwords' | 'issue'> & Pick<HandlerDeps, 'passwords' | 'issue'>;

/** Returns the handlers of the user routes: none where an external issuer has the users. */
const ownUserHandlers = ({ passwords, issue, ...deps }: OwnUserDeps): Partial<ReturnType<typeof userHandlers>> =>
  passwords && issue ? userHandlers({ passwords, issue, ...deps }) : {};
