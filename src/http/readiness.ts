import type { ProblemCode } from '../../generated/http/index.ts';

/** Why this server wants no traffic: the code that says so, and the part it is about. */
export interface NotReady {
  readonly part: (typeof parts)[number];
  readonly code: Extract<ProblemCode, 'shutting_down' | 'unavailable' | 'store_unavailable' | 'issuer_unavailable'>;
  readonly detail: string;
}

/** Parts that have to be there. `server` is itself: it isn't stopping. `issuer` is there where users are the server's own. */
export const parts = ['server', 'room', 'store', 'issuer'] as const;

interface ReadinessDeps {
  /** @throws {StoreUnavailable} */
  readonly ping: () => Promise<void>;
  /** Whether the room's order can be asked now. */
  readonly isRoomReady: () => boolean;
  readonly isStopping: () => boolean;
  /** Whether an issuer elsewhere has ever given its keys: without any, nobody can come in. */
  readonly isIssuerReady?: (() => Promise<boolean>) | undefined;
}

/** All that this server lacks now, the weightiest first; nothing where it wants traffic. */
export type CheckReadiness = () => Promise<readonly NotReady[]>;

export const createReadiness =
  ({ ping, isRoomReady, isStopping, isIssuerReady = async () => true }: ReadinessDeps): CheckReadiness =>
  async () => {
    const missing: NotReady[] = [];
    if (isStopping()) missing.push({ part: 'server', code: 'shutting_down', detail: 'The server is stopping.' });
    // A room that is this process's alone is closed with it.
    else if (!isRoomReady()) missing.push({ part: 'room', code: 'unavailable', detail: 'Redis cannot be reached.' });
    await ping().catch(() =>
      missing.push({ part: 'store', code: 'store_unavailable', detail: 'The store cannot be read or written.' }),
    );
    if (!(await isIssuerReady()))
      missing.push({ part: 'issuer', code: 'issuer_unavailable', detail: 'The keys of JWKS_URL cannot be fetched.' });
    return missing;
  };
