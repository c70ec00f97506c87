import { signingSecret } from '../auth/secret.ts';
import { createTokens } from '../auth/tokens.ts';
import { loadConfig, readTokenTtlS } from '../config.ts';
import { argumentsOf } from './arguments.ts';
import { type Command, exitCodes, UsageError } from './command.ts';
import { print } from './output.ts';
import { explainingDataDir } from './start-fault.ts';
import { withStores } from './with-stores.ts';

export const token: Command = {
  usage: `palaver token --email EMAIL [--ttl DURATION]
palaver token --id ID [--ttl DURATION]

Prints a token of a user, like the one that a login returns, for a script that joins in the user's name. It is valid for
JWT_TTL, or for the duration of --ttl: 90s, 15m, 12h, 30d. Anyone who has the token can act as the user until it
expires: keep it out of files and logs.
`,
  run: async (args) => {
    const options = { email: { type: 'string' }, id: { type: 'string' }, ttl: { type: 'string' } } as const;
    const { email, id, ttl } = argumentsOf({ args: [...args], options }).values;
    if ((email === undefined) === (id === undefined)) throw new UsageError('Give --email or --id');
    const config = loadConfig();
    const ttlS = ttl === undefined ? config.jwtTtlS : readTokenTtlS(ttl);
    if (config.externalIssuer) throw new Error('With JWKS_URL the external issuer makes the tokens, not this server');
    const user = await withStores(config, async ({ users, revoked }) => {
      const found = await (email === undefined ? users.findById(id!) : users.findByEmail(email));
      if (!found) throw new Error('There is no such user');
      if ((await revoked.disabledUsers()).includes(found.id)) throw new Error('The user is disabled');
      return found;
    });
    const secret = await explainingDataDir(config.dataDir, () => signingSecret(config));
    const { issue } = createTokens({ secret, issuer: config.jwtIssuer, ttlS });
    await print(`${await issue(user)}\n`);
    return exitCodes.success;
  },
};
