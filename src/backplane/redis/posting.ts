/** Publishes over Redis for users who need no session here. */
import { nameKey } from '../../lib/case-fold.ts';
import type { Backplane, Posted } from '../backplane.ts';
import type { Delivery } from './delivery.ts';
import type { CallScript } from './lease.ts';
import { type RawStreamEntry, streamEntryOf } from './link.ts';
import { messageEnvelopeOf } from './replica.ts';

type PostReply =
  | readonly ['published' | 'repeats', RawStreamEntry]
  | readonly ['name_in_use']
  | readonly ['unavailable'];

/** Returns the function that publishes. */
export const createPosting =
  (call: CallScript, delivery: Pick<Delivery, 'reached'>): Backplane['publish'] =>
  async ({ id, username }, draft): Promise<Posted> => {
    // Redis knows the name that the user has in the room, and puts it before these members.
    const rest = JSON.stringify(draft).slice(1, -1);
    try {
      const reply = (await call('post', id, username, nameKey(username), draft.nonce ?? '', rest)) as PostReply;
      if (reply.length === 1) return { refusal: reply[0] };
      const [outcome, raw] = reply;
      const entry = streamEntryOf(raw);
      // The answer must not come before the envelope.
      if (!(await delivery.reached(entry.epoch, entry.offset))) return { refusal: 'unavailable' };
      const envelope = messageEnvelopeOf(entry)!;
      return outcome === 'published' ? { published: envelope } : { repeats: envelope };
    } catch {
      // It may have been published all the same: its nonce tells the client when it sends it again.
      return { refusal: 'unavailable' };
    }
  };
