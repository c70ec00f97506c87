import type { SqliteDatabase } from '../database/sqlite.ts';
import { gapsUnmerged, type MessageStore, type Run, type StoredMessage } from './message-store.ts';
import type { Retention } from './retention.ts';

interface Row {
  readonly id: string;
  readonly sentAt: string;
  readonly userId: string;
  readonly fromUser: string;
  readonly text: string;
  readonly nonce: string | null;
}

/** Rows removed in one statement, which blocks the event loop. */
const pruneBatch = 1_000;

const messageOf = ({ id, sentAt, userId, fromUser, text, nonce }: Row): StoredMessage => ({
  id,
  sentAt,
  userId,
  msg: { from_user: fromUser, text, ...(nonce !== null && { nonce }) },
});

/** The message history in the embedded database. A commit survives the end of the process, not a power failure. */
export function sqliteMessageStore({ relaxed: db, run }: SqliteDatabase): MessageStore {
  const insert = db.prepare(
    'INSERT OR IGNORE INTO messages (id, sent_at, user_id, from_user, text, nonce) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const insertGap = db.prepare('INSERT OR IGNORE INTO message_gaps (id) VALUES (?)');
  const columns = 'id, sent_at AS sentAt, user_id AS userId, from_user AS fromUser, text, nonce';
  const last = db.prepare(`SELECT ${columns} FROM messages ORDER BY id DESC LIMIT ?`);
  const lastBefore = db.prepare(`SELECT ${columns} FROM messages WHERE id < ? ORDER BY id DESC LIMIT ?`);
  const firstAfter = db.prepare(`SELECT ${columns} FROM messages WHERE id > ? ORDER BY id LIMIT ?`);
  const gaps = db.prepare('SELECT id FROM message_gaps WHERE id > ? ORDER BY id');
  const gapsTo = db.prepare('SELECT id FROM message_gaps WHERE id > ? AND id <= ? ORDER BY id');
  const first = db.prepare('SELECT id FROM messages ORDER BY id LIMIT 1');
  const surplus = db.prepare('SELECT id FROM messages ORDER BY id DESC LIMIT 1 OFFSET ?');
  const remove = db.prepare(
    'DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE id <= ? ORDER BY id LIMIT ?)',
  );
  const firstKept = db.prepare('SELECT id FROM messages WHERE sent_at >= ? AND sent_at < ? ORDER BY id LIMIT 1');
  const lastDue = db.prepare(
    'SELECT id FROM messages WHERE id < ? AND sent_at >= ? AND sent_at < ? ORDER BY id DESC LIMIT 1',
  );
  const removeGaps = db.prepare('DELETE FROM message_gaps WHERE id <= ?');
  const mergeGaps = db.prepare(
    `DELETE FROM message_gaps WHERE id IN (
       SELECT gap.id FROM (SELECT id, lead(id) OVER (ORDER BY id) AS next FROM message_gaps) AS gap
       WHERE gap.id < (SELECT id FROM message_gaps ORDER BY id DESC LIMIT 1 OFFSET ?)
         AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.id >= gap.id AND messages.id < gap.next)
     )`,
  );
  const removeRuns = db.prepare(
    'DELETE FROM runs WHERE last_id < ? AND epoch < (SELECT max(epoch) FROM runs WHERE epoch <= ?)',
  );
  const allRuns = db.prepare('SELECT epoch, last_id AS lastId FROM runs ORDER BY epoch');
  const retention = db.prepare(
    `SELECT present_ms AS presentMs, cut_ms AS cutMs, doubted_ms AS doubtedMs, last_id AS lastId, last_ms AS lastMs
     FROM retention WHERE rowid = 1`,
  );
  const putRetention = db.prepare(
    `INSERT OR REPLACE INTO retention (rowid, present_ms, cut_ms, doubted_ms, last_id, last_ms)
     VALUES (1, ?, ?, ?, ?, ?)`,
  );
  const putRun = db.prepare('INSERT OR REPLACE INTO runs (epoch, last_id) VALUES (?, ?)');

  return {
    append: (messages, gapIds) =>
      run(() => {
        db.exec('BEGIN IMMEDIATE');
        try {
          for (const { id, sentAt, userId, msg } of messages)
            insert.run(id, sentAt, userId, msg.from_user, msg.text, msg.nonce ?? null);
          for (const id of gapIds) insertGap.run(id);
          db.exec('COMMIT');
        } catch (error) {
          db.exec('ROLLBACK');
          throw error;
        }
      }),

    before: (id, limit) =>
      run(() => {
        const rows = id === undefined ? last.all(limit + 1) : lastBefore.all(id, limit + 1);
        const more = rows.length > limit;
        const messages = (rows.slice(0, limit) as unknown as Row[]).reverse().map(messageOf);
        const from = more ? messages[0]!.id : '';
        const found = gaps.all(from).map((row) => String(row.id));
        return { messages, more, gaps: found.filter((gap) => id === undefined || gap <= id) };
      }),

    after: (id, limit) =>
      run(() => {
        const rows = firstAfter.all(id, limit + 1);
        const more = rows.length > limit;
        const messages = (rows.slice(0, limit) as unknown as Row[]).map(messageOf);
        const found = more ? gapsTo.all(id, messages.at(-1)!.id) : gaps.all(id);
        return { messages, more, gaps: found.map((gap) => String(gap.id)) };
      }),

    lastDue: ({ from, before, until }) =>
      run(() => {
        // Sorts after every id.
        const end = String(firstKept.get(before, until)?.id ?? '~');
        const due = lastDue.get(end, from, before)?.id;
        return due === undefined ? undefined : String(due);
      }),

    prune: async (upTo, keep) => {
      const tooMany = await run(() => String(surplus.get(keep)?.id ?? ''));
      const bound = tooMany > upTo ? tooMany : upTo;
      // In batches, with other work in between.
      while ((await run(() => Number(remove.run(bound, pruneBatch).changes))) === pruneBatch)
        await new Promise(setImmediate);
      await run(() => {
        removeGaps.run(bound);
        mergeGaps.run(gapsUnmerged);
        const oldest = first.get()?.id;
        if (oldest !== undefined) removeRuns.run(oldest, oldest);
      });
    },

    retention: () => run(() => retention.get() as unknown as Retention | undefined),
    putRetention: ({ presentMs, cutMs, doubtedMs, lastId, lastMs }) =>
      run(() => {
        putRetention.run(presentMs, cutMs, doubtedMs, lastId, lastMs);
      }),

    runs: () =>
      run(() => allRuns.all().map(({ epoch, lastId }) => ({ epoch, lastId: lastId ?? undefined }) as unknown as Run)),
    putRun: ({ epoch, lastId }) =>
      run(() => {
        putRun.run(epoch, lastId ?? null);
      }),
  };
}
