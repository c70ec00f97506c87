import { createHash } from 'node:crypto';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

/** The key of a token can't be had now, and without it nobody knows whether the token holds. */
export class IssuerUnavailable extends Error {
  override name = 'IssuerUnavailable';
  /** Until the issuer is asked again, in whole seconds. */
  readonly retryAfterS: number;
  /** Key id in the header of the token. */
  readonly kid: string | undefined;
  constructor(message: string, retryAfterMs: number, { kid, ...options }: ErrorOptions & { kid?: string | undefined }) {
    super(message, options);
    this.kid = kid;
    this.retryAfterS = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  }
}

const fetchTimeoutMs = 3_000;
const maxKeySetBytes = 65_536;
/** Keys are looked up again after this time, beside their use: what the issuer has withdrawn is gone then. */
const maxAgeMs = 600_000;
/** An unknown key is asked for at most once in this time. */
const cooldownMs = 30_000;
/** While no keys were ever there, the issuer is asked again after this time. */
const firstCooldownMs = 1_000;
/** Unknown keys that are remembered, so that one which the issuer doesn't have is refused and not put off again. */
const maxSought = 1_000;

const asymmetric = ['RSA', 'EC', 'OKP'];

/** Reads a key set (RFC 7517, 5), bounded in time and size, without redirects. Secret keys are left out. */
async function fetchKeySet(url: string): Promise<JSONWebKeySet> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(fetchTimeoutMs) });
  if (!response.ok || !response.body) throw new Error(`The issuer answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxKeySetBytes) throw new Error(`The issuer's key set has more than ${maxKeySetBytes} bytes`);
    chunks.push(chunk);
  }
  const keys = (JSON.parse(Buffer.concat(chunks).toString()) as Partial<JSONWebKeySet> | null)?.keys;
  if (!Array.isArray(keys)) throw new Error('The issuer answered no key set');
  return { keys: keys.filter((key) => asymmetric.includes(String(key?.kty))) };
}

/**
 * Remembers which unknown keys were asked for before the last look-up: the issuer doesn't have those. Whatever a stranger
 * writes into `kid`, it takes a bounded place, and the oldest makes room.
 */
function createSought() {
  /** A key's digest → how many look-ups had begun when it was first asked for. */
  const firstAsked = new Map<string, number>();
  let lookUps = 0;
  const digest = (kid: string | undefined): string =>
    createHash('sha256')
      .update(kid ?? '')
      .digest('base64');
  function add(key: string, at: number): void {
    firstAsked.set(key, at);
    if (firstAsked.size > maxSought) firstAsked.delete(firstAsked.keys().next().value!);
  }
  return {
    /** Whether a look-up has begun since the key was first asked for; from now on it is asked for. */
    wasLookedFor: (kid: string | undefined): boolean => {
      const key = digest(kid);
      const at = firstAsked.get(key);
      if (at === undefined) add(key, lookUps);
      return at !== undefined && at < lookUps;
    },
    /** The issuer had it once, and has withdrawn it. */
    withdrawn: (kid: string | undefined): void => add(digest(kid), -1),
    begin: (): void => {
      lookUps += 1;
    },
  };
}

/** The keys of an external issuer. */
export interface IssuerKeys {
  /** Finds the key of a token. @throws {IssuerUnavailable} while it isn't known and the issuer can't be asked */
  readonly get: JWTVerifyGetKey;
  /** Asks the issuer if no keys were ever there. Returns whether there are some now. */
  isReady(): Promise<boolean>;
}

interface Options {
  /** A clock that never goes back, in milliseconds. */
  readonly now?: () => number;
  /** Hears once that the issuer can't be asked, with the reason, and once that it can again. */
  readonly onUnavailable?: (error: unknown) => void;
  readonly onBack?: () => void;
}

/**
 * The keys of an external issuer, by `kid`: cached, looked up again for an unknown one. While the issuer is away the keys
 * that are known go on working. A key that is unknown, and can't be looked up yet, may be a new one: its tokens are put
 * off until the next look-up, and refused if that doesn't find it either.
 */
export function createKeys(
  url: string,
  { now = () => performance.now(), onUnavailable = () => {}, onBack = () => {} }: Options = {},
): IssuerKeys {
  let known: JWTVerifyGetKey | undefined;
  let knownIds: readonly (string | undefined)[] = [];
  let knownMs = Number.NEGATIVE_INFINITY;
  let triedMs = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  let underway: Promise<void> | undefined;
  const sought = createSought();

  async function load(): Promise<void> {
    try {
      const keySet = await fetchKeySet(url);
      known = createLocalJWKSet(keySet);
      knownMs = now();
      const ids = keySet.keys.map(({ kid }) => kid);
      for (const kid of knownIds) if (!ids.includes(kid)) sought.withdrawn(kid);
      knownIds = ids;
      if (failure !== undefined) onBack();
      failure = undefined;
    } catch (error) {
      if (failure === undefined) onUnavailable(error);
      failure = error;
    }
  }

  /** Looks the keys up, once for all who ask meanwhile. */
  function refresh(): Promise<void> {
    triedMs = now();
    if (underway) return underway;
    sought.begin();
    underway = load().finally(() => {
      underway = undefined;
    });
    return underway;
  }

  const waitMs = (): number => triedMs + (known ? cooldownMs : firstCooldownMs) - now();

  /** Waits for the first keys. */
  async function first(): Promise<void> {
    if (!known && (waitMs() <= 0 || underway)) await (underway ?? refresh());
  }

  const get: JWTVerifyGetKey = async (header, token) => {
    const find = async () => {
      if (!known)
        throw new IssuerUnavailable('The issuer has not given its keys', waitMs(), { cause: failure, kid: header.kid });
      return known(header, token);
    };
    if (known) {
      if (now() - knownMs >= maxAgeMs && waitMs() <= 0) void refresh();
      try {
        return await find();
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      }
    }
    // Noted first: a look-up that begins from here on has looked for it.
    sought.wasLookedFor(header.kid);
    if (!known) await first();
    else if (waitMs() <= 0) await refresh();
    else await underway;
    try {
      return await find();
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (failure !== undefined)
        throw new IssuerUnavailable('The issuer cannot be asked for this key', waitMs(), {
          cause: failure,
          kid: header.kid,
        });
      if (!sought.wasLookedFor(header.kid))
        throw new IssuerUnavailable('The issuer is asked for this key again later', waitMs(), { kid: header.kid });
      throw error;
    }
  };

  return {
    get,
    isReady: async () => {
      await first();
      return known !== undefined;
    },
  };
}
