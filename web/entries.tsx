import { Fragment, type JSX } from 'preact';
import { memo } from 'preact/compat';
import type { Entry, Hole, Notice } from './transcript.ts';

/** Time after a message from which on the next one of the same author shows the name again. */
const headingMs = 5 * 60_000;
/** Number of names that a notice shows. */
const maxNames = 3;

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });

function NoticeLine({ what, names }: Notice) {
  const shown = names.slice(0, maxNames);
  const more = names.length - shown.length;
  return (
    <li class="notice">
      {shown.map((name, index) => (
        <span key={name}>
          {index > 0 && (index === shown.length - 1 && more === 0 ? ' and ' : ', ')}
          <bdi>{name}</bdi>
        </span>
      ))}
      {more > 0 && ` and ${more} more`} {what}
    </li>
  );
}

/** Button that loads the messages of a hole. It moves the focus to the conversation, because the button disappears. */
function LoadButton({ label, onLoad }: { readonly label: string; readonly onLoad: () => void }) {
  return (
    <button
      type="button"
      onClick={({ currentTarget }) => {
        currentTarget.closest('section')?.focus();
        onLoad();
      }}
    >
      {label}
    </button>
  );
}

/** First line of the conversation: loading earlier messages, or the beginning. Screen readers announce it politely. */
export function Top({ hole, onLoad }: { readonly hole: Hole | undefined; readonly onLoad: () => void }) {
  return (
    <div class="top">
      <p role="status">
        {hole === undefined && 'This is the beginning of the message history.'}
        {hole?.state === 'loading' && 'Loading earlier messages…'}
        {hole?.state === 'failed' && `Earlier messages could not be loaded. ${hole.why}`}
      </p>
      {hole?.state === 'failed' && <LoadButton label="Try again" onLoad={onLoad} />}
    </div>
  );
}

/** Line in the conversation where messages may be missing and can be loaded. */
function HoleLine({ hole, onLoad }: { readonly hole: Hole; readonly onLoad: () => void }) {
  return (
    <li class="notice">
      {hole.state === 'loading' && 'Loading missed messages…'}
      {hole.state === 'open' && 'You were disconnected. Messages may be missing here. '}
      {hole.state === 'failed' && `You were disconnected. Missed messages could not be loaded. ${hole.why} `}
      {hole.state !== 'loading' && (
        <LoadButton label={hole.state === 'failed' ? 'Try again' : 'Load them'} onLoad={onLoad} />
      )}
    </li>
  );
}

interface MessageProps {
  readonly message: Extract<Entry, { message: unknown }>['message'];
  readonly isOwn: boolean;
  /** Whether the previous message is recent and by the same author. The name is then only for screen readers. */
  readonly continues: boolean;
}

const MessageLine = memo(({ message: { sent_at, msg }, isOwn, continues }: MessageProps) => {
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

interface Props {
  readonly entries: readonly Entry[];
  readonly me: string | undefined;
  readonly onLoad: (key: string) => void;
}

/** Shows the conversation in order. Screen readers announce only what was added since the user joined. */
export const Entries = memo(({ entries, me, onLoad }: Props) => {
  const lines: { readonly history: JSX.Element[]; readonly news: JSX.Element[] } = { history: [], news: [] };
  let before: Entry | undefined;
  let today: string | undefined;
  for (const [index, entry] of entries.entries()) {
    const into = entry.isNews ? lines.news : lines.history;
    if ('notice' in entry) into.push(<NoticeLine key={entry.key} {...entry.notice} />);
    else if ('gap' in entry)
      into.push(
        <li key={entry.key} class="notice">
          Messages may be missing here: the server does not have all of them.
        </li>,
      );
    else if ('message' in entry) {
      const { message } = entry;
      const at = new Date(message.sent_at);
      const itsDay = at.toDateString();
      const isNewDay = itsDay !== today;
      today = itsDay;
      const continues =
        !isNewDay &&
        before !== undefined &&
        'message' in before &&
        before.message.msg.from_user === message.msg.from_user &&
        at.getTime() - Date.parse(before.message.sent_at) < headingMs;
      into.push(
        <Fragment key={entry.key}>
          {isNewDay && (
            <li class="notice">
              <time dateTime={message.sent_at}>{day.format(at)}</time>
            </li>
          )}
          <MessageLine message={message} isOwn={message.msg.from_user === me} continues={continues} />
        </Fragment>,
      );
    } else if (index > 0) into.push(<HoleLine key={entry.key} hole={entry.hole} onLoad={() => onLoad(entry.key)} />);
    before = entry;
  }
  return (
    <>
      {lines.history.length > 0 && <ol aria-label="Message history">{lines.history}</ol>}
      <div role="log" aria-live="polite" aria-label="Messages">
        <ol>{lines.news}</ol>
      </div>
    </>
  );
});
