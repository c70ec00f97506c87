import { join } from 'node:path';

/** The file of a data folder that the embedded store is in. */
export const databaseFile = (dataDir: string): string => join(dataDir, 'palaver.db');
