/** The command `palaver`. */
import { type Command, exitCodes, UsageError } from './commands/command.ts';

/** Each is loaded alone: what one needs, no other waits for. */
const commands: Readonly<Record<string, { readonly summary: string; load(): Promise<Command> }>> = {
  serve: {
    summary: 'starts the server; so does palaver alone',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  users: {
    summary: 'makes users, lists them, shuts them out and lets them in again',
    load: async () => (await import('./commands/users.ts')).users,
  },
  token: {
    summary: 'makes a token of a user, as its login does',
    load: async () => (await import('./commands/token.ts')).token,
  },
  backup: {
    summary: 'writes all that DATA_DIR keeps into one file, while the server runs',
    load: async () => (await import('./commands/backup.ts')).backup,
  },
  restore: {
    summary: 'makes a DATA_DIR of such a file',
    load: async () => (await import('./commands/restore.ts')).restore,
  },
  'to-mongodb': {
    summary: 'copies all that DATA_DIR keeps to MONGODB_URI',
    load: async () => (await import('./commands/to-mongodb.ts')).toMongodb,
  },
  tail: {
    summary: 'a chat in the terminal, or at the end of a pipe',
    load: async () => (await import('./commands/tail.ts')).tail,
  },
  contract: {
    summary: 'tells whether a live server keeps the contract',
    load: async () => (await import('./commands/contract.ts')).contract,
  },
};

const width = Math.max(...Object.keys(commands).map((name) => name.length));
const usage = `palaver [command]

${Object.entries(commands)
  .map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  .join('\n')}

palaver <command> --help says more. Exit code: 0 if it is done, 1 if it could not be, 2 if it was not understood.
`;

async function run([name = 'serve', ...args]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h') return print(usage);
  if (!Object.hasOwn(commands, name)) throw new UsageError(`palaver has no command '${name}'`);
  const command = await commands[name]!.load();
  return args.includes('--help') || args.includes('-h') ? print(command.usage) : command.run(args);
}

function print(text: string): number {
  process.stdout.write(text);
  return exitCodes.done;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  if (error instanceof UsageError) console.error('palaver --help says what there is');
  process.exitCode = error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
}
