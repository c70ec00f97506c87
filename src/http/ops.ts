import type { Handlers } from '../../generated/http/index.ts';
import type { UserStore } from '../users/user-store.ts';
import type { AppEnv } from './env.ts';
import { problem } from './problem.ts';

interface Parts {
  /** Where users are kept here. */
  readonly store: UserStore | undefined;
  readonly isStopping: () => boolean;
}

/** What those who run the server ask it. */
export const opsHandlers = ({ store, isStopping }: Parts): Pick<Handlers<AppEnv>, 'healthz' | 'readyz'> => ({
  healthz: (c) => c.json({ status: 'ok' } as const, 200),

  readyz: async (c) => {
    if (isStopping()) return problem(c, 'shutting_down');
    const away = await Promise.resolve(store?.ping()).then(
      () => false,
      () => true,
    );
    return away
      ? problem(c, 'store_unavailable', { detail: 'The user store can not be reached.' })
      : c.json({ status: 'ready' } as const, 200);
  },
});
