import type { ComponentChildren, RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** So near the end counts as there. */
const nearPx = 40;

interface Props {
  /** Whether the reader is at the end; kept here. */
  readonly atEnd: RefObject<boolean>;
  /** Changes with what is shown. */
  readonly shown: unknown;
  /** Changes when something was added at the end. */
  readonly newest: unknown;
  /** Changes when the reader has said something: that is to be seen, wherever one was. */
  readonly said: unknown;
  /** How many messages were not sent. They are at the end. */
  readonly failures: number;
  /** Whether it ends before the newest. */
  readonly isCut: boolean;
  /** Loads what comes before; absent where that can't be. */
  readonly onTop: (() => void) | undefined;
  /** Called when the reader asks for the end. */
  readonly onNewest: () => void;
  readonly children: ComponentChildren;
}

/**
 * Shows its end as long as the reader doesn't look further up; then it says that there is more. Whatever comes or goes
 * above, what the reader looks at stays where it is.
 */
export function Conversation({ atEnd, shown, newest, said, failures, isCut, onTop, onNewest, children }: Props) {
  const box = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const held = useRef<{ readonly line: Element; readonly offset: number }>(undefined);
  const [hasMore, setMore] = useState(false);

  // By its lower edge: the name above a message goes when it turns out to go on from another.
  const offsetOf = (line: Element): number =>
    line.getBoundingClientRect().bottom - box.current!.getBoundingClientRect().top + box.current!.scrollTop;
  const hold = (): void => {
    const { scrollTop } = box.current!;
    for (const line of box.current!.querySelectorAll('.message')) {
      const offset = offsetOf(line);
      held.current = { line, offset };
      if (offset > scrollTop) return;
    }
  };
  const stay = (): void => {
    const { line, offset } = held.current ?? {};
    if (line?.isConnected) box.current!.scrollTop += offsetOf(line) - offset!;
    hold();
  };
  const toEnd = (): void => {
    atEnd.current = true;
    setMore(false);
    box.current!.scrollTop = box.current!.scrollHeight;
  };
  const lookUp = (): void => {
    if (box.current!.scrollTop < box.current!.clientHeight) onTop?.();
  };
  const onScroll = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!;
    atEnd.current = !isCut && scrollHeight - scrollTop - clientHeight <= nearPx;
    if (atEnd.current) setMore(false);
    hold();
    lookUp();
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: what they hold is of no matter, that they change is
  useLayoutEffect(() => {
    if (isCut) onNewest();
    toEnd();
  }, [said]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  useLayoutEffect(() => setMore(!atEnd.current), [newest]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  useLayoutEffect(() => {
    if (failures > 0 && !atEnd.current) setMore(true);
  }, [failures]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above
  useLayoutEffect(() => {
    if (atEnd.current) toEnd();
    else stay();
    lookUp();
  }, [shown, onTop === undefined]);
  // The keyboard of a phone comes up, the window turns, a message turns out not to have been sent.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it asks what is so then
  useLayoutEffect(() => {
    const watch = new ResizeObserver(() => (atEnd.current ? toEnd() : stay()));
    watch.observe(box.current!);
    watch.observe(content.current!);
    return () => watch.disconnect();
  }, []);

  const label = failures > 0 ? 'A message was not sent' : 'New messages';
  return (
    <div class="conversation">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
      <section class="scroll" ref={box} tabIndex={0} aria-label="Conversation" onScroll={onScroll}>
        <div ref={content}>{children}</div>
      </section>
      {(hasMore || isCut) && (
        <button
          type="button"
          class="main more"
          onClick={() => {
            onNewest();
            toEnd();
          }}
        >
          {isCut ? 'Jump to the newest messages' : label}
        </button>
      )}
    </div>
  );
}
