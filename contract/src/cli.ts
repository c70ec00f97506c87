import { parseArgs } from 'node:util';
import { CouldNotRun } from './errors.ts';
import { exitCodeOf, progressTo, tableOf } from './print.ts';
import { type KitOptions, listCases, runKit } from './run.ts';

/** Returns the help text for a command of this name. */
export const usageOf = (command: string): string => `${command} URL [options]

Tells whether the chat server at URL keeps its OpenAPI and AsyncAPI contract.

  --openapi FILE, --asyncapi FILE  the contract, JSON or YAML; by default what the server says at
                                   /openapi.json and /asyncapi.json
  --token TOKEN                    of a user; twice or more, where the server makes no users
  --jwt-secret SECRET              what tokens are signed with (HS256): tries expired and forged ones, too
  --admin-token SECRET             of whoever runs the server: shuts a user out and lets it in again
  --seed N                         gives a former run once more
  --only ID                        a case, or all whose id begins with it and a dot; may be repeated
  --list                           lists the cases, and runs none
  --time-limit SECONDS             after which no further case is tried; 150
  --json                           one document on standard output, and nothing else
  --help

Exit code: 0 if all is kept, 1 if something is broken, 2 if it could not be found out.
`;

const wholeNumber = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text)) throw new CouldNotRun(`--${name} is a whole number, and not '${text}'`);
  return Number(text);
};

interface Asked {
  readonly options: KitOptions;
  readonly json: boolean;
  readonly list: boolean;
}

/** Parses the command line. Returns undefined if it asks for help. @throws {CouldNotRun} */
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
    throw new CouldNotRun((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (values.help) return undefined;
  const [url, ...more] = positionals;
  if (url === undefined || more.length > 0) throw new CouldNotRun('Give one URL; --help says more');
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

/** Does what the command line asks for; resolves with the exit code. */
export async function main(args: readonly string[]): Promise<0 | 1 | 2> {
  const write = (text: string): void => void process.stdout.write(text);
  try {
    const asked = readArguments(args);
    if (!asked) {
      write(usageOf('palaver-contract'));
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
    // Whatever went wrong here says nothing of the server: it must not look like a broken contract.
    process.stderr.write(
      `${error instanceof CouldNotRun ? error.message : `A fault of the kit: ${(error as Error).stack}`}\n`,
    );
    return 2;
  }
}
