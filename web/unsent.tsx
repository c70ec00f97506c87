import type { Outgoing } from './outgoing.ts';

interface Props {
  readonly items: readonly Outgoing[];
  readonly isOpen: boolean;
  readonly onAgain: (item: Outgoing) => void;
  readonly onDiscard: (nonce: string) => void;
}

/** Shows the messages that the server has not confirmed, and why some were not sent. */
export function Unsent({ items, isOpen, onAgain, onDiscard }: Props) {
  if (items.length === 0) return null;
  return (
    <ul class="unsent" aria-label="Not sent yet">
      {items.map((item) => (
        <li key={item.nonce} class={`message own ${item.why ? 'failed' : 'pending'}`}>
          <p class="text" dir="auto">
            {item.text}
          </p>
          {item.why ? (
            <>
              <p class="wrong" role="alert">
                {item.why}
              </p>
              <button type="button" onClick={() => onAgain(item)}>
                Send again
              </button>{' '}
              <button type="button" onClick={() => onDiscard(item.nonce)}>
                Discard
              </button>
            </>
          ) : (
            <p class="head">{isOpen ? 'Sending…' : 'Waiting for the connection'}</p>
          )}
        </li>
      ))}
    </ul>
  );
}
