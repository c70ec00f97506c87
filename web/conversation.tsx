import type { ComponentChildren, RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** Distance from the end that still counts as the end. */
const nearPx = 40;

interface Props {
  /** Whether the reader is at the end. This component updates it. */
  readonly atEnd: RefObject<boolean>;
  /** Changes when the shown entries change. */
  readonly shown: unknown;
  /** Changes when an entry was added at the end. */
  readonly newest: unknown;
  /** Changes when the reader has sent a message, which scrolls to the end. */
  readonly sentCount: unknown;
  /** Number of messages that were not sent. They are at the end. */
  readonly failures: number;
  /** Whether it ends before the newest message. */
  readonly isCut: boolean;
  /** Loads earlier messages; undefined if there are none, or they cannot be loaded now. */
  readonly onTop: (() => void) | undefined;
  /** Called when the reader jumps to the end. */
  readonly onNewest: () => void;
  readonly children: ComponentChildren;
}

/**
 * Stays at the end until the reader scrolls up, and then shows a button when there are new messages. The message that the
 * reader looks at does not move when entries above it change.
 */
export function Conversation({ atEnd, shown, newest, sentCount, failures, isCut, onTop, onNewest, children }: Props) {
  const box = useRef<HTMLElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const held = useRef<{ readonly line: Element; readonly offset: number }>(undefined);
  const [hasMore, setMore] = useState(false);

  // By the lower edge, because the name above a message may disappear when an earlier message is loaded.
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
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when the values change, and does not read them
  useLayoutEffect(() => {
    if (isCut) onNewest();
    toEnd();
  }, [sentCount]);
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
  // The size changes with the keyboard of a phone, the orientation, and messages that fail.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the callback reads the current values
  useLayoutEffect(() => {
    const watch = new ResizeObserver(() => (atEnd.current ? toEnd() : stay()));
    watch.observe(box.current!);
    watch.observe(content.current!);
    return () => watch.disconnect();
  }, []);

  const label = failures > 0 ? 'A message was not sent' : 'New messages';
  return (
    <div class="conversation">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users must be able to scroll it */}
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
