import { PalaverError } from './error.ts';
import { afterClose, type CloseCode, closeCodes } from './generated/index.ts';

/** How a connection ended, and what may follow. */
export interface Ended {
  readonly code: StateCode;
  readonly error: PalaverError;
  readonly next: 'reconnect' | 'new_token' | 'stop';
}

/** Why the state changed: the name of a close code, the code of a refused handshake, or one of this side's. */
export type StateCode = keyof typeof closeCodes | PalaverError['code'];

/** Decides what follows a failure. Refusals of this client or user are final; all other failures are temporary. */
export function endedBy(error: PalaverError): Ended {
  const { code, status = 0 } = error;
  // A foreign answer may come from a proxy whose server is down.
  const isTemporary = code === 'connection_failed' || [0, 408, 425, 429].includes(status) || status >= 500;
  return { code, error, next: isTemporary ? 'reconnect' : status === 401 ? 'new_token' : 'stop' };
}

/** Decides what follows a close code, by the contract. Unknown codes are final from 4000 on. */
export function endedWith(closeCode: number, reason: string): Ended {
  const name = (Object.keys(closeCodes) as (keyof typeof closeCodes)[]).find((key) => closeCodes[key] === closeCode);
  const unknown = closeCode >= 4_000 ? 'closed' : 'connection_lost';
  return {
    code: name ?? unknown,
    error: new PalaverError(unknown, `The connection ended with ${closeCode}${reason && ` (${reason})`}.`),
    next: afterClose[closeCode as CloseCode] ?? (closeCode >= 4_000 ? 'stop' : 'reconnect'),
  };
}
