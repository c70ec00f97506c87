import type { IncomingMessage } from 'node:http';
import type { ProblemCode } from '../../generated/http/index.ts';
import type { Admitted } from '../chat/session.ts';
import type { Log } from '../log/log.ts';

/** What travels with a request through the app. */
export interface AppEnv {
  Bindings: {
    readonly incoming?: IncomingMessage;
    /** There where the request asks for an upgrade; what answers it says here which request that is, and whom it let in. */
    readonly upgrade?: { requestId?: string; admitted?: Admitted };
  };
  Variables: {
    requestId: string;
    log: Log;
    /** What it was refused with. */
    problem?: ProblemCode;
  };
}
