import { createLog, type Log } from '../../src/log.ts';

export const silent: Log = createLog({ logLevel: 'silent', production: true });
