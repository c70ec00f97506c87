import type { ProblemCode } from '../../generated/http/index.ts';

/** A reason why this server should get no traffic. */
export interface NotReady {
  readonly part: (typeof readinessParts)[number];
  readonly code: Extract<ProblemCode, 'shutting_down' | 'unavailable' | 'store_unavailable' | 'issuer_unavailable'>;
  readonly detail: string;
}

/**
 * Parts that must be available. `server` is available unless it is stopping. `issuer` is always available if the
 * server has its own users.
 */
export const readinessParts = ['server', 'room', 'store', 'issuer'] as const;

interface ReadinessDeps {
  /** @throws {StoreUnavailable} */
  readonly ping: () => Promise<void>;
  /** Returns whether the backplane can be reached now. */
  readonly isRoomReady: () => boolean;
  readonly isStopping: () => boolean;
  /** Resolves with whether the external issuer's keys were ever fetched. Without them no client can join. */
  readonly isIssuerReady?: (() => Promise<boolean>) | undefined;
}

/** Returns the reasons why this server should get no traffic, the most important first. None means it is ready. */
export type CheckReadiness = () => Promise<readonly NotReady[]>;

export const createReadiness =
  ({ ping, isRoomReady, isStopping, isIssuerReady = async () => true }: ReadinessDeps): CheckReadiness =>
  async () => {
    const missing: NotReady[] = [];
    if (isStopping()) missing.push({ part: 'server', code: 'shutting_down', detail: 'The server is stopping.' });
    // A stopping server has closed its local backplane, which is no second reason.
    else if (!isRoomReady()) missing.push({ part: 'room', code: 'unavailable', detail: 'Redis cannot be reached.' });
    await ping().catch(() =>
      missing.push({ part: 'store', code: 'store_unavailable', detail: 'The store cannot be read or written.' }),
    );
    if (!(await isIssuerReady()))
      missing.push({ part: 'issuer', code: 'issuer_unavailable', detail: 'The keys of JWKS_URL cannot be fetched.' });
    return missing;
  };
