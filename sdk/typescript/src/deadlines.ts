import type { OutgoingMessage } from './message-queue.ts';
import { createStopwatch } from './stopwatch.ts';
import { maxTimerMs } from './timing.ts';

type Timed = Pick<OutgoingMessage, 'waitDeadlineMs' | 'isUnsettled' | 'isPatient'>;

interface DeadlinesOptions<Message> {
  /** How long the server may take to answer a message, in milliseconds. */
  readonly answerMs: number;
  /** Called with messages whose time is over. */
  readonly onExpired: (messages: readonly Message[]) => void;
}

/**
 * Limits how long a message may wait for the room, and how long for its answer.
 *
 * The waiting clock runs only while the room takes no messages, so that waiting for a turn costs a message no time.
 */
export interface Deadlines<Message> {
  /** The waiting clock, in milliseconds. */
  readonly nowMs: number;
  runClock(): void;
  stopClock(): void;
  /** Starts the answer time of a message that goes out. That of an unsettled one goes on, unless it is patient. */
  sent(message: Message): void;
  /** Stops the answer time of a message that waits again, unless it goes on. */
  waits(message: Message): void;
  /** Replaces the messages whose waiting time is watched. */
  watch(waiting: readonly Message[]): void;
  /** Forgets the answer time of a message that is settled. */
  clear(message: Message): void;
  /** Stops watching waiting messages. */
  stop(): void;
}

/** Tells whether the answer time of a message goes on over the end of its connection. */
const goesOn = ({ isUnsettled, isPatient }: Timed): boolean => isUnsettled && !isPatient;

export function createDeadlines<Message extends Timed>({
  answerMs,
  onExpired,
}: DeadlinesOptions<Message>): Deadlines<Message> {
  const clock = createStopwatch();
  const answers = new Map<Message, ReturnType<typeof setTimeout>>();
  let next: ReturnType<typeof setTimeout> | undefined;

  function clear(message: Message): void {
    clearTimeout(answers.get(message));
    answers.delete(message);
  }

  return {
    get nowMs() {
      return clock.nowMs;
    },
    runClock: clock.run,
    stopClock: clock.stop,
    sent: (message) => {
      if (goesOn(message)) return;
      clear(message);
      answers.set(
        message,
        setTimeout(() => onExpired([message]), Math.min(answerMs, maxTimerMs)),
      );
    },
    waits: (message) => {
      if (!goesOn(message)) clear(message);
    },
    watch: (waiting) => {
      clearTimeout(next);
      if (!clock.isRunning) return;
      const watched = waiting.filter((message) => !goesOn(message));
      const firstMs = watched.reduce(
        (least, { waitDeadlineMs }) => Math.min(least, waitDeadlineMs),
        Number.POSITIVE_INFINITY,
      );
      if (firstMs === Number.POSITIVE_INFINITY) return;
      next = setTimeout(
        // A timer may be a fraction early.
        () => onExpired(watched.filter(({ waitDeadlineMs }) => waitDeadlineMs <= clock.nowMs + 1)),
        Math.min(Math.max(0, firstMs - clock.nowMs), maxTimerMs),
      );
    },
    clear,
    stop: () => clearTimeout(next),
  };
}
