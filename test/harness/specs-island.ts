import { installIsland } from '../../scripts/island.ts';

/** Installs the tools that read the specs if they are missing, so that their tests never skip. */
export const setup = (): Promise<void> => installIsland('specs');
