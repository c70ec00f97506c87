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
  /** The arguments are wrong, and the command did nothing. */
  usage: 2,
} as const;

/** Reports wrong arguments. The command line then prints the usage lines of the command. */
export class UsageError extends Error {
  override name = 'UsageError';
}
