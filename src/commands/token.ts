import { signingSecret } from '../auth/secret.ts';
import { createTokens } from '../auth/tokens.ts';
import { loadConfig, readTokenTtlS } from '../config.ts';
import { readable } from '../lib/printable.ts';
import { argumentsOf } from './arguments.ts';
import { type Command, exitCodes, UsageError } from './command.ts';
import { print } from './output.ts';
import { explainingDataDir } from './start-fault.ts';
import { withStores } from './with-stores.ts';

/** Reads the option `--ttl`. Returns seconds. @throws {UsageError} */
function ttlOption(text: string): number {
  try {
    return readTokenTtlS(text);
  } catch (error) {
    throw new UsageError(`--ttl is not valid: ${(error as Error).message}`, { cause: error });
  }
}

export const token: Command = {
  usage: `palaver token --email EMAIL [--ttl DURATION]
palaver token --id ID [--ttl DURATION]

Print a token of a user, like the one that a login returns, for a script that joins as that user. Anyone who has the
token can act as the user until it expires: keep it out of files and logs.

  --ttl DURATION  Lifetime of the token, such as 90s, 15m, 12h or 30d. The default is JWT_TTL.
`,
  run: async (args) => {
    const options = { email: { type: 'string' }, id: { type: 'string' }, ttl: { type: 'string' } } as const;
    const { email, id, ttl } = argumentsOf({ args: [...args], options }).values;
    if ((email === undefined) === (id === undefined)) throw new UsageError('Give --email or --id');
    const config = loadConfig();
    const ttlS = ttl === undefined ? config.jwtTtlS : ttlOption(ttl);
    if (config.externalIssuer) throw new Error('With JWKS_URL the external issuer makes the tokens, not this server');
    const user = await withStores(config, async ({ users, revoked }) => {
      const found = await (email === undefined ? users.findById(id!) : users.findByEmail(email));
      if (!found)
        throw new Error(`No user has the ${email === undefined ? 'id' : 'e-mail address'} ${readable((email ?? id)!)}`);
      if ((await revoked.disabledUsers()).includes(found.id))
        throw new Error('The user is disabled: enable the user first');
      return found;
    });
    const secret = await explainingDataDir(config.dataDir, () => signingSecret(config));
    const { issue } = createTokens({ secret, issuer: config.jwtIssuer, ttlS });
    await print(`${await issue(user)}\n`);
    return exitCodes.success;
  },
};
