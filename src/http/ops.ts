import type { Handlers } from '../../generated/http/index.ts';
import type { AppEnv } from './env.ts';
import { problem } from './problem.ts';
import type { CheckReadiness } from './readiness.ts';

/** Returns the handlers of the health checks. */
export const opsHandlers = (notReady: CheckReadiness): Pick<Handlers<AppEnv>, 'healthz' | 'readyz'> => ({
  healthz: (c) => c.json({ status: 'ok' } as const, 200),

  readyz: async (c) => {
    const missing = await notReady();
    const [first] = missing;
    return first
      ? problem(c, first.code, { detail: missing.map(({ detail }) => detail).join(' ') })
      : c.json({ status: 'ready' } as const, 200);
  },
});
