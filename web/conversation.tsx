import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** So near the end counts as there. */
const nearPx = 40;

interface Props {
  /** Changes when something was added. */
  readonly added: unknown;
  /** Changes when the reader has said something: that is to be seen, wherever one was. */
  readonly said: unknown;
  readonly children: ComponentChildren;
}

/** Shows its end as long as the reader doesn't look further up; then it says that there is more. */
export function Conversation({ added, said, children }: Props) {
  const box = useRef<HTMLElement>(null);
  const atEnd = useRef(true);
  const [hasMore, setMore] = useState(false);

  const toEnd = (): void => {
    atEnd.current = true;
    setMore(false);
    box.current!.scrollTop = box.current!.scrollHeight;
  };
  const onScroll = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    atEnd.current = scrollHeight - scrollTop - clientHeight <= nearPx;
    if (atEnd.current) setMore(false);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: what they hold is of no matter, that they change is
  useLayoutEffect(toEnd, [said]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  useLayoutEffect(() => {
    if (atEnd.current) toEnd();
    else setMore(true);
  }, [added]);
  // Also when the keyboard of a phone comes up, or the window turns.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it asks what is so then
  useLayoutEffect(() => {
    const watch = new ResizeObserver(() => atEnd.current && toEnd());
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);

  return (
    <div class="conversation">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
      <section class="scroll" ref={box} tabIndex={0} aria-label="Conversation" onScroll={onScroll}>
        {children}
      </section>
      {hasMore && (
        <button
          type="button"
          class="main more"
          onClick={() => {
            toEnd();
            box.current!.focus();
          }}
        >
          New messages
        </button>
      )}
    </div>
  );
}
