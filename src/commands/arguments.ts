import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from './command.ts';

/** Message for `--ttl -5s`, which could be a value or another option. */
const startsWithDash = "Option '$1' needs a value. If the value begins with a dash, write $1=VALUE";

/** Parses the arguments of a command with `parseArgs`. @throws {UsageError} */
export function argumentsOf<Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    // The sentences after the first one explain the syntax of all command lines.
    const [fault = ''] = (error as Error).message.split(/\.? *\n|\. /);
    throw new UsageError(fault.replace(/^Option '(--\S+)' argument is ambiguous.*/s, startsWithDash), { cause: error });
  }
}

/** Returns the only argument of a command: its file, its user or the like. @throws {UsageError} */
export function onlyOne(positionals: readonly string[], what: string): string {
  const [first, ...others] = positionals;
  if (!first || others.length > 0)
    throw new UsageError(first ? `Too many arguments: give only ${what}` : `Give ${what}`);
  return first;
}
