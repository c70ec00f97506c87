/** Something that `palaver` does. */
export interface Command {
  /** What `palaver <command> --help` prints. */
  readonly usage: string;
  /** Does it; resolves with the exit code. @throws {UsageError} */
  run(args: readonly string[]): Promise<number>;
}

export const exitCodes = {
  done: 0,
  /** It was tried, and could not be done. */
  failed: 1,
  /** It was asked for in a way that is not understood: nothing was tried. */
  usage: 2,
} as const;

/** What was asked for is not understood; the message says why. */
export class UsageError extends Error {
  override name = 'UsageError';
}
