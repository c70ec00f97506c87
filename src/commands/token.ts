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

Prints a token of a user, as its login gives it, for a script that joins in its name. It is good for as long as JWT_TTL
says, or for another duration: 90s, 15m, 12h, 30d. Whoever reads it is that user until then: keep it out of files and logs.
`,
  run: async (args) => {
    const options = { email: { type: 'string' }, id: { type: 'string' }, ttl: { type: 'string' } } as const;
    const { email, id, ttl } = argumentsOf({ args: [...args], options }).values;
    if ((email === undefined) === (id === undefined)) throw new UsageError('Give --email or --id');
    const config = loadConfig();
    const ttlS = ttl === undefined ? config.jwtTtlS : readTokenTtlS(ttl);
    if (config.externalIssuer)
      throw new Error('With JWKS_URL tokens are made by the issuer that it belongs to: not here');
    const user = await withStores(config, async ({ users, revoked }) => {
      const found = await (email === undefined ? users.findById(id!) : users.findByEmail(email));
      if (!found) throw new Error('There is no such user');
      if ((await revoked.disabledUsers()).includes(found.id)) throw new Error('The user is disabled');
      return found;
    });
    const secret = await explainingDataDir(config.dataDir, () => signingSecret(config));
    const { issue } = createTokens({ secret, issuer: config.jwtIssuer, ttlS });
    await print(`${await issue(user)}\n`);
    return exitCodes.done;
  },
};
