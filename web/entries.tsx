import { memo } from 'preact/compat';
import type { Entry, Notice } from './transcript.ts';

/** So long after a message the next one of the same author is headed by the name again. */
const headingMs = 5 * 60_000;
/** How many names a notice tells. */
const maxNames = 3;

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

function NoticeLine({ what, names }: Notice) {
  if (what === 'away') return <>You were away for a moment. What was said meanwhile is not shown here.</>;
  const told = names.slice(0, maxNames);
  const more = names.length - told.length;
  return (
    <>
      {told.map((name, index) => (
        <span key={name}>
          {index > 0 && (index === told.length - 1 && more === 0 ? ' and ' : ', ')}
          <bdi>{name}</bdi>
        </span>
      ))}
      {more > 0 && ` and ${more} more`} {what}
    </>
  );
}

interface Props {
  readonly entry: Entry;
  readonly isOwn: boolean;
  /** The one before is by the same author, and recent: the name is said to those who don't see it only. */
  readonly continues: boolean;
}

const Line = memo(({ entry, isOwn, continues }: Props) => {
  if ('notice' in entry)
    return (
      <li class="notice">
        <NoticeLine {...entry.notice} />
      </li>
    );
  const { sent_at, msg } = entry.message;
  const at = new Date(sent_at);
  return (
    <li class={`message ${isOwn ? 'own' : ''} ${continues ? 'continues' : ''}`}>
      <p class="head">
        <bdi class="author">{msg.from_user}</bdi>
        {isOwn && ' (you)'}{' '}
        <time dateTime={sent_at} title={calendar.format(at)}>
          {clock.format(at)}
        </time>
      </p>
      <p class="text" dir="auto">
        {msg.text}
      </p>
    </li>
  );
});

const continuesAfter = (before: Entry | undefined, entry: Entry): boolean =>
  before !== undefined &&
  'message' in before &&
  'message' in entry &&
  before.message.msg.from_user === entry.message.msg.from_user &&
  Date.parse(entry.message.sent_at) - Date.parse(before.message.sent_at) < headingMs;

/** What was said, in its order. */
export function Entries({ entries, me }: { readonly entries: readonly Entry[]; readonly me: string | undefined }) {
  return (
    <ol>
      {entries.map((entry, index) => (
        <Line
          key={entry.key}
          entry={entry}
          isOwn={'message' in entry && entry.message.msg.from_user === me}
          continues={continuesAfter(entries[index - 1], entry)}
        />
      ))}
    </ol>
  );
}
