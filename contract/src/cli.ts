import { parseArgs } from 'node:util';
import { CouldNotRun, UsageError } from './errors.ts';
import { exitCodeOf, progressTo, tableOf } from './print.ts';
import { type KitOptions, listCases, runKit } from './run.ts';

/** Returns the help text for a command of this name. */
export const usageOf = (command: string): string => `${command} URL [options]

Test the chat server at URL against its OpenAPI and AsyncAPI contract.

  --openapi FILE, --asyncapi FILE  Read the contract from these files, JSON or YAML. The default is the
                                   server's /openapi.json and /asyncapi.json.
  --token TOKEN                    Use this user's token. Repeat it for two or more users, if the server has
                                   no sign-up.
  --jwt-secret SECRET              Sign expired and forged tokens with the server's secret (HS256), and try
                                   them.
  --admin-token SECRET             Use the operator's token to disable and enable a user.
  --seed N                         Repeat an earlier run.
  --only ID                        Run the case ID, or all cases whose id begins with ID and a dot. May be
                                   repeated.
  --list                           List the cases, and run none.
  --time-limit SECONDS             Start no further case after this time. The default is 150.
  --json                           Print the report as one JSON document.
  --help                           Print this help.

Exit codes: 0 the contract is kept, 1 a case is broken, 2 usage error, or the run could not be completed.
`;

const wholeNumber = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text)) throw new UsageError(`--${name} must be a whole number, not '${text}'`);
  return Number(text);
};

interface Asked {
  readonly options: KitOptions;
  readonly json: boolean;
  readonly list: boolean;
}

/** Parses the command line. Returns undefined if it asks for help. @throws {UsageError} */
export function readArguments(args: readonly string[]): Asked | undefined {
  const text = { type: 'string' } as const;
  const list = { type: 'string', multiple: true } as const;
  const flag = { type: 'boolean', default: false } as const;
  const read = () =>
    parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        openapi: text,
        asyncapi: text,
        token: list,
        'jwt-secret': text,
        'admin-token': text,
        seed: text,
        only: list,
        list: flag,
        'time-limit': text,
        json: flag,
        help: flag,
      },
    });
  let parsed: ReturnType<typeof read>;
  try {
    parsed = read();
  } catch (error) {
    // The sentences after the first one explain the syntax of all command lines.
    throw new UsageError((error as Error).message.split(/\. |\n/)[0]);
  }
  const { values, positionals } = parsed;
  if (values.help) return undefined;
  const [url, ...more] = positionals;
  if (url === undefined || more.length > 0) throw new UsageError('Give one URL, such as http://127.0.0.1:3000');
  const [seed, seconds] = [wholeNumber('seed', values.seed), wholeNumber('time-limit', values['time-limit'])];
  const options: KitOptions = {
    url,
    ...(values.openapi !== undefined && { openapi: values.openapi }),
    ...(values.asyncapi !== undefined && { asyncapi: values.asyncapi }),
    ...(values.token && { tokens: values.token }),
    ...(values['jwt-secret'] !== undefined && { jwtSecret: values['jwt-secret'] }),
    ...(values['admin-token'] !== undefined && { adminToken: values['admin-token'] }),
    ...(seed !== undefined && { seed }),
    ...(values.only && { only: values.only }),
    ...(seconds !== undefined && { timeLimitMs: seconds * 1_000 }),
  };
  return { options, json: values.json, list: values.list };
}

/** Runs the command line of a command of this name. Resolves with the exit code. */
export async function main(args: readonly string[], command = 'palaver-contract'): Promise<0 | 1 | 2> {
  const write = (text: string): void => void process.stdout.write(text);
  try {
    const asked = readArguments(args);
    if (!asked) {
      write(usageOf(command));
      return 0;
    }
    const { options, json, list } = asked;
    if (list) {
      const cases = await listCases(options);
      const width = Math.max(...cases.map(({ id }) => id.length));
      write(
        json
          ? `${JSON.stringify(cases, null, 2)}\n`
          : cases.map(({ id, says }) => `${id.padEnd(width)}  ${says}\n`).join(''),
      );
      return 0;
    }
    const progress = progressTo(process.stderr);
    const report = await runKit({ ...options, onProgress: progress.show });
    progress.clear();
    write(json ? `${JSON.stringify(report, null, 2)}\n` : tableOf(report));
    return exitCodeOf(report);
  } catch (error) {
    // No error here is a fault of the server, so it must not look like a broken contract.
    const { message, stack } = error as Error;
    process.stderr.write(error instanceof CouldNotRun ? `${message}\n` : `A fault of the kit: ${stack}\n`);
    if (error instanceof UsageError) process.stderr.write(`Usage: ${usageOf(command).split('\n')[0]}\n`);
    return 2;
  }
}
