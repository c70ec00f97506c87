import { createLog, type Log } from '../../src/log/log.ts';

export const silent: Log = createLog({ logLevel: 'silent', production: true });
