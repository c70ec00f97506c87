/** A command of `palaver`. */
export interface Command {
  /** Text that `palaver <command> --help` prints. */
  readonly usage: string;
  /** Runs the command, and resolves with the exit code. @throws {UsageError} */
  run(args: readonly string[]): Promise<number>;
}

export const exitCodes = {
  success: 0,
  failure: 1,
  /** The arguments are wrong, and nothing was tried. */
  usage: 2,
} as const;

/** Wrong arguments. The message says what is wrong with them. */
export class UsageError extends Error {
  override name = 'UsageError';
}
