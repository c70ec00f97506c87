/** Runs the command `palaver`. */
import { createRequire } from 'node:module';
import { type Command, exitCodes, UsageError } from './commands/command.ts';
import { print } from './commands/output.ts';

/** How long the process waits until its last error message is read. */
const messageTimeoutMs = 1_000;

// Each is loaded on demand, so that no command waits for the imports of another.
const commands: Readonly<Record<string, { readonly summary: string; load(): Promise<Command> }>> = {
  serve: {
    summary: 'run the server; so does palaver alone',
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
    summary: 'write DATA_DIR to one file, also while the server runs',
    load: async () => (await import('./commands/backup.ts')).backup,
  },
  restore: {
    summary: 'restore DATA_DIR from such a file',
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  'to-mongodb': {
    summary: 'copy DATA_DIR to MONGODB_URI',
    load: async () => (await import('./commands/to-mongodb.ts')).toMongodb,
  },
  tail: {
    summary: 'chat in the terminal, or at the end of a pipe',
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

palaver <command> --help says more; palaver --version prints the version.
Exit codes: 0 success, 1 failure, 2 usage error.
`;

const versionOf = (): string => (createRequire(import.meta.url)('palaver/package.json') as { version: string }).version;

async function run([name = 'serve', ...args]: readonly string[]): Promise<number> {
  if (name === '--version' || name === '-v' || name === 'version') return say(`${versionOf()}\n`);
  if (name === '--help' || name === '-h') return say(usage);
  if (name === 'help') return args[0] === undefined ? say(usage) : say((await load(args[0])).usage);
  const command = await load(name);
  return args.includes('--help') || args.includes('-h') ? say(command.usage) : command.run(args);
}

/** @throws {UsageError} */
async function load(name: string): Promise<Command> {
  if (!Object.hasOwn(commands, name)) throw new UsageError(`palaver has no command '${name}'`);
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
  const hint = error instanceof UsageError ? 'palaver --help lists the commands\n' : '';
  printError(`${(error as Error).message}\n${hint}`);
}
