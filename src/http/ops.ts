import type { Handlers } from '../../generated/http/index.ts';
import type { AppEnv } from './env.ts';
import { problem } from './problem.ts';

interface Parts {
  /** @throws {StoreUnavailable} */
  readonly ping: () => Promise<void>;
  /** Whether the room's order can be asked now. */
  readonly isRoomReady: () => boolean;
  readonly isStopping: () => boolean;
}

/** What those who run the server ask it. */
export const opsHandlers = ({
  ping,
  isRoomReady,
  isStopping,
}: Parts): Pick<Handlers<AppEnv>, 'healthz' | 'readyz'> => ({
  healthz: (c) => c.json({ status: 'ok' } as const, 200),

  readyz: async (c) => {
    if (isStopping()) return problem(c, 'shutting_down');
    if (!isRoomReady()) return problem(c, 'unavailable', { detail: 'Redis can not be reached.' });
    const away = await ping().then(
      () => false,
      () => true,
    );
    return away
      ? problem(c, 'store_unavailable', { detail: 'The store can not be reached.' })
      : c.json({ status: 'ready' } as const, 200);
  },
});
