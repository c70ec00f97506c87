import type { Pace } from '../../src/chat/pace.ts';

/**
 * Returns the payloads of whole, unmasked text frames, one behind the other (RFC 6455, 5.2).
 * @throws at anything else
 */
export function textsIn(bytes: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] !== 0x81)
      throw new Error(`Not a whole text frame at ${at}: ${bytes.subarray(at, at + 8).toString('hex')}`);
    const short = bytes[at + 1]!;
    const [length, start] =
      short < 126
        ? [short, at + 2]
        : short === 126
          ? [bytes.readUInt16BE(at + 2), at + 4]
          : [Number(bytes.readBigUInt64BE(at + 2)), at + 10];
    const least = short < 126 ? 0 : short === 126 ? 126 : 65_536;
    if (short > 127 || length < least || start + length > bytes.length)
      throw new Error(`Bad length at ${at}: ${short}, ${length}`);
    texts.push(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(start, start + length)),
    );
    at = start + length;
  }
  return texts;
}

/** Returns a pace that a test decides: flushes wait for `flush`. */
export function createTurns(): { readonly pace: Pace; flush(): void } {
  let due: (() => void)[] = [];
  return {
    pace: (flush) => void due.push(flush),
    /** Runs what is due, and what that makes due. */
    flush: () => {
      while (due.length > 0) {
        const now = due;
        due = [];
        for (const flush of now) flush();
      }
    },
  };
}
