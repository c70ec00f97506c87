import type { Handlers } from '../../generated/http/index.ts';
import { authenticate } from '../auth/require-auth.ts';
import type { VerifyToken } from '../auth/tokens.ts';
import type { Room } from '../chat/room.ts';
import type { CountFrame } from '../limits/frames.ts';
import type { AppEnv } from './env.ts';
import { problem } from './problem.ts';

interface PublishDeps {
  readonly verify: VerifyToken;
  readonly room: Pick<Room, 'publish'>;
  /** Counts the message as a frame of its sender. */
  readonly countFrame: CountFrame | undefined;
}

/** Returns the handler that publishes a message without a session. */
export const publishHandlers = ({ verify, room, countFrame }: PublishDeps): Pick<Handlers<AppEnv>, 'publish'> => ({
  publish: async (c) => {
    const identity = await authenticate(c.req.raw.headers, verify, c.var.log);
    if (typeof identity === 'string') return problem(c, identity);
    const { id, username } = identity;
    const retryAfterMs = await countFrame?.(id);
    if (retryAfterMs !== undefined) {
      const headers = { 'Retry-After': String(Math.ceil(retryAfterMs / 1_000)) };
      return problem(c, 'rate_limited', { headers });
    }
    const { text, nonce } = c.req.valid('json');
    const posted = await room.publish({ id, username }, { text, nonce });
    if ('refusal' in posted) return problem(c, posted.refusal);
    if ('repeats' in posted) return c.json(posted.repeats, 200);
    return c.json(posted.published, 201);
  },
});
