import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './command.ts';

/** Parses the arguments of a command with `parseArgs`. @throws {UsageError} */
export function argumentsOf<Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    // The sentences after the first one explain the syntax of all command lines.
    throw new UsageError((error as Error).message.split(/\. |\n/)[0], { cause: error });
  }
}

/** Returns the only argument of a command: its file, its user or the like. @throws {UsageError} */
export function onlyOne(positionals: readonly string[], what: string): string {
  const [first, ...others] = positionals;
  if (!first || others.length > 0)
    throw new UsageError(first ? `Too many arguments: give only ${what}` : `Give ${what}`);
  return first;
}
