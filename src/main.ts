/** Runs the command `palaver`. */
import { createRequire } from 'node:module';
import { type Command, exitCodes, UsageError } from './commands/command.ts';
import { print } from './commands/output.ts';

/** Time that the process waits for its last error message to be read. */
const messageTimeoutMs = 1_000;

// Each command is loaded on demand, so that it does not wait for the imports of the others.
const commands: Readonly<Record<string, { readonly summary: string; load(): Promise<Command> }>> = {
  serve: {
    summary: 'run the server (the default)',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  users: {
    summary: 'add, list, disable and enable users',
    load: async () => (await import('./commands/users.ts')).users,
  },
  token: {
    summary: 'print a token of a user',
    load: async () => (await import('./commands/token.ts')).token,
  },
  backup: {
    summary: 'back up DATA_DIR to a file, also while the server runs',
    load: async () => (await import('./commands/backup.ts')).backup,
  },
  restore: {
    summary: 'restore DATA_DIR from a backup',
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  'to-mongodb': {
    summary: 'copy DATA_DIR to MONGODB_URI',
    load: async () => (await import('./commands/to-mongodb.ts')).toMongodb,
  },
  tail: {
    summary: 'chat in the terminal, or send lines from a pipe',
    load: async () => (await import('./commands/tail.ts')).tail,
  },
  contract: {
    summary: 'test a running server against the contract',
    load: async () => (await import('./commands/contract.ts')).contract,
  },
};

const width = Math.max(...Object.keys(commands).map((name) => name.length));
const usage = `palaver [command]

${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  .join('\n')}

palaver <command> --help prints the options of a command; palaver --version prints the version.
Exit codes: 0 success, 1 failure, 2 usage error.
`;

const versionOf = (): string => (createRequire(import.meta.url)('palaver/package.json') as { version: string }).version;

async function run([name = 'serve', ...args]: readonly string[]): Promise<number> {
  if (name === '--version' || name === '-v' || name === 'version') return say(`${versionOf()}\n`);
  if (name === '--help' || name === '-h') return say(usage);
  if (name === 'help') return args[0] === undefined ? say(usage) : say((await load(args[0])).usage);
  const command = await load(name);
  if (args.includes('--help') || args.includes('-h')) return say(command.usage);
  try {
    return await command.run(args);
  } catch (error) {
    throw error instanceof UsageError
      ? new UsageError(`${error.message}\n${usageLines(command, args[0])}`, { cause: error })
      : error;
  }
}

/** Returns the usage lines of a command; only those of its subcommand, if `first` names one. */
function usageLines({ usage }: Command, first: string | undefined): string {
  const all = usage.slice(0, usage.indexOf('\n\n')).split('\n');
  const own = all.filter((line) => line.split(' ')[2] === first && !first?.startsWith('-'));
  return `Usage: ${(own.length > 0 ? own : all).join('\n       ')}`;
}

/** @throws {UsageError} */
async function load(name: string): Promise<Command> {
  if (!Object.hasOwn(commands, name))
    throw new UsageError(
      `${name.startsWith('-') ? `Unknown option '${name}'` : `palaver has no command '${name}'`}
Usage: palaver [command]; palaver --help lists the commands`,
    );
  try {
    return await commands[name]!.load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error(`palaver ${name} is not built: run npm ci, or npm run build (${message})`, { cause: error });
  }
}

async function say(text: string): Promise<number> {
  await print(text);
  return exitCodes.success;
}

/** Prints an error message. The process ends even if nobody reads it. */
function printError(text: string): void {
  const exit = setTimeout(() => process.exit(), messageTimeoutMs);
  process.stderr.write(text, () => clearTimeout(exit));
}

// Without a listener, an error of a stream ends the process. Writes report their errors to their callbacks.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.exitCode = error instanceof UsageError ? exitCodes.usage : exitCodes.failure;
  printError(`${(error as Error).message}\n`);
}
