import type { ChatMessage } from '../../generated/chat/index.ts';
import type { Envelope } from '../backplane/backplane.ts';
import type { MessageStore, Run, Slice, StoredMessage } from './message-store.ts';
import { endRuns } from './runs.ts';

/** The last messages of earlier runs. */
export interface Past extends Slice {
  readonly runs: readonly Run[];
}

/** Reads the last `limit` messages before this run, and ends the runs that were cut off. @throws {StoreUnavailable} */
export async function readPast(store: MessageStore, limit: number): Promise<Past> {
  const runs = await endRuns(store, await store.runs());
  return { ...(await store.before(undefined, limit)), runs };
}

/** Returns the id from which on no message of a slice is missing; undefined for a slice without messages. */
export const completeFrom = ({ messages, gaps }: Slice): string | undefined =>
  messages.length === 0 ? undefined : [messages[0]!.id, ...gaps].sort().at(-1);

/** Returns the `msg` of a stored message as it was delivered. */
export const deliveredMsg = ({ userId, msg: { from_user, ...rest } }: StoredMessage): ChatMessage['msg'] => ({
  from_user,
  from_user_id: userId,
  ...rest,
});

/** Returns a stored message as it was delivered. */
export const envelopeOf = (message: StoredMessage): Envelope => ({
  id: message.id,
  sentAt: message.sentAt,
  userId: message.userId,
  frame: { type: 'chat_message', msg: deliveredMsg(message) },
});
