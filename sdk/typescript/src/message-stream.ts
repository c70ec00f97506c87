import { PalaverError } from './error.ts';

interface Source<T> {
  /** Both functions return one that unsubscribes. */
  onItem(listener: (item: T) => void): () => void;
  onEnd(listener: () => void): () => void;
}

/**
 * Iterates over the items of a source from now on. Ends when the source ends, after all items before that.
 * @throws {PalaverError} `too_slow` if more than `most` items wait to be read
 */
export function createStream<T>({ onItem, onEnd }: Source<T>, most: number): AsyncIterableIterator<T> {
  const waiting: T[] = [];
  let end: PalaverError | 'ended' | undefined;
  let wake = (): void => {};
  const stop = (how: PalaverError | 'ended'): void => {
    end ??= how;
    unsubscribe();
    wake();
  };
  const subscriptions = [
    onItem((item) => {
      if (waiting.length >= most)
        return stop(
          new PalaverError('too_slow', `The app reads messages() too slowly: more than ${most} messages are waiting.`),
        );
      waiting.push(item);
      wake();
    }),
    onEnd(() => stop('ended')),
  ];
  const unsubscribe = (): void => {
    for (const end of subscriptions) end();
  };

  async function* read(): AsyncGenerator<T, void> {
    try {
      for (;;) {
        while (waiting.length > 0) yield waiting.shift()!;
        if (end === 'ended') return;
        if (end) throw end;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      unsubscribe();
    }
  }
  return read();
}
