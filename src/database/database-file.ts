import { join } from 'node:path';

/** Returns the file of the embedded database in a data folder. */
export const databaseFile = (dataDir: string): string => join(dataDir, 'palaver.db');
