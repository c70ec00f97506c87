import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createUserRequestSchema, userIdSchema } from '../../generated/http/index.ts';
import { type Config, loadConfig } from '../config.ts';
import { detailOf, problems } from '../errors.ts';
import { readable } from '../lib/printable.ts';
import type { Stores } from '../stores.ts';
import { createPasswords } from '../users/passwords.ts';
import { argumentsOf, onlyOne } from './arguments.ts';
import { type Command, exitCodes, UsageError } from './command.ts';
import { print } from './output.ts';
import { readNewPassword } from './password.ts';
import { withStores } from './with-stores.ts';

const pageSize = 500;

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

add      makes a user, also where SIGNUP is off, and prints its id. Its password is read from standard input;
         at a terminal it is asked for.
list     prints a line for each user: id, e-mail address, username, and 'enabled' or 'disabled', with tabs between;
         with --json an object each.
disable  shuts a user out: within seconds its connections are closed, and its tokens and its password refused.
enable   lets it in again.

--external  takes the id as it is, of a user who is not kept here: another issuer makes tokens with the same secret.
            With JWKS_URL it is implied.

They read and write what the server does (DATA_DIR or MONGODB_URI), whether it runs or not. With JWKS_URL users are not
kept here: disable and enable take the id that is in their tokens, add and list are not there.
`,
  run: async ([name = '', ...args]) => {
    const action = actions.get(name);
    if (!action) throw new UsageError(`palaver users needs one of ${[...actions.keys()].join(', ')}`);
    return action(args);
  },
};

/** The configuration of a server that has users of its own. */
function ownUsersConfig(): Config {
  const config = loadConfig();
  if (config.externalIssuer) throw new Error('With JWKS_URL users are kept where their tokens come from: not here');
  return config;
}

async function add(args: readonly string[]): Promise<number> {
  const options = { email: { type: 'string' }, username: { type: 'string' } } as const;
  const { email, username } = argumentsOf({ args: [...args], options }).values;
  if (email === undefined || username === undefined) throw new UsageError('Give --email and --username');
  const config = ownUsersConfig();
  const given = createUserRequestSchema.safeParse({ email, username, password: await readNewPassword() });
  if (!given.success) throw new Error(`Such a user cannot be: ${detailOf(given.error.issues)}`);
  const { password, ...named } = given.data;
  const passwordHash = await createPasswords().hash(password);
  const user = { id: randomUUID(), ...named, passwordHash };
  const result = await withStores(config, ({ users }) => users.insert(user));
  if (result !== 'inserted') throw new Error(problems[result][1]);
  await print(`${user.id}\n`);
  return exitCodes.done;
}

async function list(args: readonly string[]): Promise<number> {
  const { json } = argumentsOf({ args: [...args], options: { json: { type: 'boolean' } } }).values;
  return withStores(ownUsersConfig(), async (stores) => {
    await pipeline(Readable.from(linesOf(stores, json === true)), process.stdout, { end: false }).catch(
      (error: NodeJS.ErrnoException) => {
        // Whoever reads it has seen enough.
        if (error.code !== 'EPIPE') throw error;
      },
    );
    return exitCodes.done;
  });
}

async function* linesOf({ users, revoked }: Stores, json: boolean): AsyncGenerator<string> {
  const shutOut = new Set(await revoked.disabledUsers());
  let page = await users.list(undefined, pageSize);
  while (page.length > 0) {
    for (const { id, email, username } of page) {
      const disabled = shutOut.has(id);
      yield json
        ? `${readable(JSON.stringify({ id, email, username, disabled }))}\n`
        : `${[id, email, username, disabled ? 'disabled' : 'enabled'].map(readable).join('\t')}\n`;
    }
    page = await users.list(page.at(-1)!.email, pageSize);
  }
}

/** The servers find it in the store: they look every two seconds. */
async function change(args: readonly string[], what: 'disable' | 'enable'): Promise<number> {
  const options = { external: { type: 'boolean', default: false } } as const;
  const { positionals, values } = argumentsOf({ args: [...args], options, allowPositionals: true });
  const given = userIdSchema.safeParse(onlyOne(positionals, 'the id or the e-mail address of a user'));
  if (!given.success) throw new Error(`No user can have such an id: ${detailOf(given.error.issues)}`);
  const config = loadConfig();
  return withStores(config, async (stores) => {
    const id = config.externalIssuer || values.external ? given.data : await idOf(stores, given.data);
    await (what === 'disable' ? stores.revoked.addUser(id) : stores.revoked.removeUser(id));
    await print(`${what}d ${readable(id)}\n`);
    return exitCodes.done;
  });
}

/** The id of a user that is kept here, or that was disabled by it. @throws where there is none */
async function idOf({ users, revoked }: Stores, given: string): Promise<string> {
  const user = (await users.findById(given)) ?? (await users.findByEmail(given));
  if (user) return user.id;
  if ((await revoked.disabledUsers()).includes(given)) return given;
  throw new Error(
    `No user has the id or e-mail address ${readable(given)}. If another issuer makes tokens with this id, add --external`,
  );
}
