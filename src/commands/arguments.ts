import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './command.ts';

/** What stands behind a command, read as `parseArgs` does. @throws {UsageError} */
export function argumentsOf<Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

/** The one file, user or the like that a command is about. @throws {UsageError} */
export function onlyOne(positionals: readonly string[], what: string): string {
  const [first, ...others] = positionals;
  if (!first || others.length > 0) throw new UsageError(`Give ${what}, and nothing else`);
  return first;
}
