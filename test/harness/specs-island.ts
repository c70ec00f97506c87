import { installIsland } from '../../scripts/island.ts';

/** Installs what reads the specs, where it isn't there yet: the tests of it are not to be skipped for that. */
export const setup = (): Promise<void> => installIsland('specs');
