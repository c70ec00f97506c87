import type { Env } from './env-file.ts';

/** A variable that Palaver does not read, and the setting that was probably meant. */
export interface UnknownSetting {
  readonly name: string;
  readonly likely: string;
}

/** Prefixes of names that, in Palaver's own file, can only be meant for Palaver. */
const prefixes = ['RATE_LIMIT_', 'HISTORY_', 'JWT_', 'JWKS_', 'MAX_', 'METRICS_', 'MONGODB_', 'REDIS_', 'HEARTBEAT_'];
/** Maximum edit distance of a misspelt name in Palaver's own file. */
const maxEdits = 2;
/** Minimum length of a name in the environment that counts as misspelt. Short ones often belong to other programs. */
const minLength = 7;
/** Maximum length of a name that is compared. */
const maxLength = 64;
/** Maximum number of variables that are reported. */
const maxNamed = 20;

/**
 * Finds variables that look like misspelt ones of `known`. In the file, those that are similar or begin alike count. In
 * the environment, which other programs share, a name must differ by one letter from a variable that isn't set.
 */
export function unknownSettings(known: readonly string[], file: Env, environment: Env): UnknownSetting[] {
  const inFile = unknownNames(known, file).flatMap((name) => {
    const [likely, edits] = nearest(known, name);
    return edits <= maxEdits || prefixes.some((prefix) => name.startsWith(prefix)) ? { name, likely } : [];
  });
  const inEnvironment = unknownNames(known, environment).flatMap((name) => {
    const [likely, edits] = nearest(known, name);
    const isSet = Boolean(environment[likely] || file[likely]);
    return edits <= 1 && likely.length >= minLength && !isSet && !Object.hasOwn(file, name) ? { name, likely } : [];
  });
  return [...inFile, ...inEnvironment].slice(0, maxNamed);
}

const unknownNames = (known: readonly string[], env: Env): string[] =>
  Object.keys(env).filter((name) => name.length <= maxLength && !known.includes(name));

/** Returns the known name that takes the fewest edits. Case and underscores don't count. */
function nearest(known: readonly string[], name: string): readonly [likely: string, edits: number] {
  const plain = (text: string): string => text.toUpperCase().replaceAll(/[_-]/g, '');
  const all = known.map((likely) => [likely, edits(plain(name), plain(likely))] as const);
  return all.reduce((best, next) => (next[1] < best[1] ? next : best));
}

/** Returns how many letters must be added, removed, replaced or swapped with the next one (optimal string alignment). */
function edits(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const isSame = from[i - 1] === to[j - 1];
      let least = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1])
        least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return rows.at(-1)!.at(-1)!;
}
