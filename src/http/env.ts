import type { IncomingMessage } from 'node:http';
import type { Admitted } from '../chat/session.ts';
import type { Log } from '../log.ts';

/** What travels with a request through the app. */
export interface AppEnv {
  Bindings: {
    readonly incoming?: IncomingMessage;
    /** There where the request asks for an upgrade; the door says here whom it let in. */
    readonly upgrade?: { admitted?: Admitted };
  };
  Variables: { requestId: string; log: Log };
}
