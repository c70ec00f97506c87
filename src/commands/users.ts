import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createUserRequestSchema, userIdSchema } from '../../generated/http/index.ts';
import { type Config, loadConfig } from '../config.ts';
import { detailOf } from '../errors.ts';
import { readable } from '../lib/printable.ts';
import type { Stores } from '../stores.ts';
import { createPasswords } from '../users/passwords.ts';
import { argumentsOf, onlyOne } from './arguments.ts';
import { type Command, exitCodes, UsageError } from './command.ts';
import { print } from './output.ts';
import { readNewPassword } from './password.ts';
import { withStores } from './with-stores.ts';

/** Number of users that are read at once. */
const pageSize = 500;

const taken = {
  email_taken: 'Another user has this e-mail address',
  username_taken: 'Another user has this username',
} as const;

const actions = new Map<string, (args: readonly string[]) => Promise<number>>([
  ['add', add],
  ['list', list],
  ['disable', (args) => change(args, 'disable')],
  ['enable', (args) => change(args, 'enable')],
]);

export const users: Command = {
  usage: `palaver users add --email EMAIL --username NAME
palaver users list [--json]
palaver users disable ID|EMAIL [--external]
palaver users enable ID|EMAIL [--external]

add      Create a user, even with SIGNUP=off, and print its id. The password is read from standard input; at a terminal
         you are asked for it.
list     Print a line for each user: id, e-mail address, username, and 'enabled' or 'disabled', separated by tabs; with
         --json, a JSON object for each user.
disable  Disable a user: within seconds the server closes the user's connections and refuses the tokens and password.
enable   Enable a disabled user again.

--external  Take the id as it is, of a user that this server doesn't store: another issuer makes tokens with the same
            secret. Implied by JWKS_URL.

These commands work on the server's database (DATA_DIR or MONGODB_URI), whether or not the server is running. With
JWKS_URL this server stores no users: add and list are unavailable, and disable and enable take the id in their tokens.
`,
  run: async ([name = '', ...args]) => {
    const action = actions.get(name);
    if (!action)
      throw new UsageError(
        `palaver users ${name ? `has no command '${name}'` : 'needs a command'}: use ${[...actions.keys()].join(', ')}`,
      );
    return action(args);
  },
};

/** Loads the configuration of a server that stores users. @throws where an external issuer has them */
function ownUsersConfig(): Config {
  const config = loadConfig();
  if (config.externalIssuer) throw new Error('With JWKS_URL the external issuer has the users, not this server');
  return config;
}

async function add(args: readonly string[]): Promise<number> {
  const options = { email: { type: 'string' }, username: { type: 'string' } } as const;
  const { email, username } = argumentsOf({ args: [...args], options }).values;
  if (email === undefined || username === undefined) throw new UsageError('Give --email and --username');
  const config = ownUsersConfig();
  const given = createUserRequestSchema.safeParse({ email, username, password: await readNewPassword() });
  if (!given.success) throw new Error(detailOf(given.error.issues));
  const { password, ...named } = given.data;
  const passwordHash = await createPasswords().hash(password);
  const user = { id: randomUUID(), ...named, passwordHash };
  const result = await withStores(config, ({ users }) => users.insert(user));
  if (result !== 'inserted') throw new Error(taken[result]);
  await print(`${user.id}\n`);
  return exitCodes.success;
}

async function list(args: readonly string[]): Promise<number> {
  const { json } = argumentsOf({ args: [...args], options: { json: { type: 'boolean' } } }).values;
  return withStores(ownUsersConfig(), async (stores) => {
    await pipeline(Readable.from(linesOf(stores, json === true)), process.stdout, { end: false }).catch(
      (error: NodeJS.ErrnoException) => {
        // The reader, such as `head`, has closed the pipe.
        if (error.code !== 'EPIPE') throw error;
      },
    );
    return exitCodes.success;
  });
}

async function* linesOf({ users, revoked }: Stores, json: boolean): AsyncGenerator<string> {
  const disabledIds = new Set(await revoked.disabledUsers());
  let page = await users.list(undefined, pageSize);
  while (page.length > 0) {
    for (const { id, email, username } of page) {
      const disabled = disabledIds.has(id);
      yield json
        ? `${readable(JSON.stringify({ id, email, username, disabled }))}\n`
        : `${[id, email, username, disabled ? 'disabled' : 'enabled'].map(readable).join('\t')}\n`;
    }
    page = await users.list(page.at(-1)!.email, pageSize);
  }
}

/** Disables or enables a user in the store, which running servers read every two seconds. */
async function change(args: readonly string[], action: 'disable' | 'enable'): Promise<number> {
  const options = { external: { type: 'boolean', default: false } } as const;
  const { positionals, values } = argumentsOf({ args: [...args], options, allowPositionals: true });
  const given = userIdSchema.safeParse(onlyOne(positionals, 'the id or the e-mail address of a user'));
  if (!given.success) throw new Error(`id: ${detailOf(given.error.issues)}`);
  const config = loadConfig();
  return withStores(config, async (stores) => {
    const id = config.externalIssuer || values.external ? given.data : await idOf(stores, given.data);
    await (action === 'disable' ? stores.revoked.addUser(id) : stores.revoked.removeUser(id));
    await print(`${action}d ${readable(id)}\n`);
    return exitCodes.success;
  });
}

/** Returns the id of a stored user, or of one that was disabled by id. @throws where there is none */
async function idOf({ users, revoked }: Stores, given: string): Promise<string> {
  const user = (await users.findById(given)) ?? (await users.findByEmail(given));
  if (user) return user.id;
  if ((await revoked.disabledUsers()).includes(given)) return given;
  throw new Error(
    `No user has the id or e-mail address ${readable(given)}. If another issuer makes tokens with this id, add --external`,
  );
}
