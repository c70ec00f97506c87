import type { Handlers } from '../../generated/http/index.ts';
import { authenticate } from '../auth/require-auth.ts';
import type { VerifyToken } from '../auth/tokens.ts';
import { textOf } from '../errors.ts';
import type { History } from '../history/history.ts';
import type { AppEnv } from './env.ts';
import { problem } from './problem.ts';

interface MessageDeps {
  readonly verify: VerifyToken;
  readonly history: History;
  /** Counts one more page for this user, as `CountFrame` does. */
  readonly countPage: ((userId: string) => Promise<number | undefined>) | undefined;
}

const defaultLimit = 50;

/** Returns the handler of the message history. */
export const messageHandlers = ({
  verify,
  history,
  countPage,
}: MessageDeps): Pick<Handlers<AppEnv>, 'listMessages'> => ({
  listMessages: async (c) => {
    const { before, after, limit = defaultLimit } = c.req.valid('query');
    if (before !== undefined && after !== undefined) {
      const errors = [{ pointer: '/after', detail: 'must not be given together with before' }];
      return problem(c, 'invalid_parameter', { detail: textOf(errors), errors });
    }
    const identity = await authenticate(c.req.raw.headers, verify, c.var.log);
    if (typeof identity === 'string') return problem(c, identity);
    if ((await countPage?.(identity.id)) !== undefined) return problem(c, 'rate_limited');
    return c.json(await history.page({ before, after }, limit), 200);
  },
});
