import { limits } from '@palaver/sdk';
import type { Ref } from 'preact';
import { useState } from 'preact/hooks';
import { lengthOf } from './length.ts';

/** Number of characters left from which on the composer counts down. */
const nearlyFull = 200;

interface Props {
  readonly input: Ref<HTMLTextAreaElement>;
  /** Initial text. */
  readonly draft: string;
  readonly onDraft: (text: string) => void;
  readonly onSend: (text: string) => void;
}

export function Composer({ input, draft, onDraft, onSend }: Props) {
  const [text, setText] = useState(draft);
  const write = (next: string): void => {
    setText(next);
    onDraft(next);
  };
  const left = limits.text.max - lengthOf(text);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (text.trim() === '' || left < 0) return;
    onSend(text);
    write('');
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    // While an input method composes a word, Enter chooses it. Safari reports that only in the key code.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    submit(event);
  };
  return (
    <form class="composer" onSubmit={submit}>
      <label for="message" class="unseen">
        Message
      </label>
      <textarea
        id="message"
        ref={input}
        rows={1}
        dir="auto"
        placeholder="Write a message"
        value={text}
        aria-invalid={left < 0}
        aria-describedby="message-hint message-left"
        onInput={({ currentTarget }) => write(currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <button type="submit" class="main" aria-disabled={text.trim() === '' || left < 0}>
        Send
      </button>
      <div class="beneath">
        <p class="hint" id="message-hint">
          Enter sends. Shift+Enter starts a new line.
        </p>
        <p class={left < 0 ? 'wrong' : 'hint'} id="message-left">
          {left < 0 ? `Too many characters: ${-left}` : left <= nearlyFull && `Characters left: ${left}`}
        </p>
      </div>
    </form>
  );
}
