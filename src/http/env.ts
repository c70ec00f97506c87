import type { IncomingMessage } from 'node:http';
import type { ProblemCode } from '../../generated/http/index.ts';
import type { Upgrade } from '../chat/upgrade.ts';
import type { Log } from '../log/log.ts';

/** Data that travels with a request through the app. */
export interface AppEnv {
  Bindings: {
    readonly incoming?: IncomingMessage;
    /** Set if the request may become a session. The app writes its request id here, and the session that it admits. */
    readonly upgrade?: Upgrade;
  };
  Variables: {
    requestId: string;
    log: Log;
    /** Code of the problem that answers the request, if one does. */
    problem?: ProblemCode;
  };
}
