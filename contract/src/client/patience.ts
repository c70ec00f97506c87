/** How long something is waited for that has to come. */
export interface Patience {
  readonly mostMs: number;
  ms(): number;
  /** Records that an awaited frame or answer did not arrive. */
  missed(): void;
}

/** Where much has failed to come already, the rest is not waited for as long: the verdict is the same. */
export function createPatience(mostMs: number, lessMs: number, missesAllowed = 3): Patience {
  let misses = 0;
  return {
    mostMs,
    ms: () => (misses < missesAllowed ? mostMs : lessMs),
    missed: () => {
      misses += 1;
    },
  };
}
