import { createHash } from 'node:crypto';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

/** Error of a token whose key is unavailable, so that the token can be neither accepted nor refused. */
export class IssuerUnavailable extends Error {
  override name = 'IssuerUnavailable';
  /** Whole seconds until the server asks the issuer again. */
  readonly retryAfterS: number;
  /** Key ID in the token's header. */
  readonly kid: string | undefined;
  constructor(message: string, retryAfterMs: number, { kid, ...options }: ErrorOptions & { kid?: string | undefined }) {
    super(message, options);
    this.kid = kid;
    this.retryAfterS = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  }
}

const fetchTimeoutMs = 3_000;
const maxKeySetBytes = 65_536;
/** Age at which keys are fetched again in the background, to drop those that the issuer has withdrawn. */
const maxAgeMs = 600_000;
/** Shortest time between two fetches for unknown keys. */
const cooldownMs = 30_000;
/** The same until the first fetch succeeds. */
const firstCooldownMs = 1_000;
/** Unknown keys that are remembered, so that a token is refused once the issuer is known not to have its key. */
const maxSought = 1_000;

const asymmetric = ['RSA', 'EC', 'OKP'];

/** Fetches a key set (RFC 7517, 5), with limits of time and size and without redirects. Leaves secret keys out. */
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
 * Remembers the unknown keys that tokens asked for. If a fetch has begun since, the issuer doesn't have the key. Memory is
 * bounded whatever clients write into `kid`: hashes are stored, and the oldest makes room.
 */
function createUnknownKeys() {
  /** Number of fetches that had begun when a key was first asked for, by the key's digest. */
  const firstAsked = new Map<string, number>();
  let fetches = 0;
  const digest = (kid: string | undefined): string =>
    createHash('sha256')
      .update(kid ?? '')
      .digest('base64');
  function add(key: string, at: number): void {
    firstAsked.set(key, at);
    if (firstAsked.size > maxSought) firstAsked.delete(firstAsked.keys().next().value!);
  }
  return {
    /** Returns whether a fetch has begun since the key was first asked for. Notes the key if it is new. */
    wasFetched: (kid: string | undefined): boolean => {
      const key = digest(kid);
      const at = firstAsked.get(key);
      if (at === undefined) add(key, fetches);
      return at !== undefined && at < fetches;
    },
    /** Notes that the issuer has withdrawn a key. */
    withdraw: (kid: string | undefined): void => add(digest(kid), -1),
    beginFetch: (): void => {
      fetches += 1;
    },
  };
}

/** Keys of an external issuer. */
export interface IssuerKeys {
  /** Returns the key of a token. @throws {IssuerUnavailable} if it is unknown and the issuer cannot be asked now */
  readonly get: JWTVerifyGetKey;
  /** Fetches the keys unless they were fetched before. Resolves with whether there are keys now. */
  isReady(): Promise<boolean>;
}

interface KeysOptions {
  /** Monotonic clock, in milliseconds. */
  readonly now?: () => number;
  /** Called once, with the reason, when keys cannot be fetched; then `onBack` once they can again. */
  readonly onUnavailable?: (error: unknown) => void;
  readonly onBack?: () => void;
}

/**
 * Caches the keys of an external issuer by `kid`, and fetches them again for an unknown one. Cached keys work on while the
 * issuer is unavailable. An unknown key may be new: its tokens are deferred until the next fetch, and then refused if the
 * issuer doesn't have it.
 */
export function createKeys(
  url: string,
  { now = () => performance.now(), onUnavailable = () => {}, onBack = () => {} }: KeysOptions = {},
): IssuerKeys {
  let known: JWTVerifyGetKey | undefined;
  let knownIds: readonly (string | undefined)[] = [];
  let knownMs = Number.NEGATIVE_INFINITY;
  let triedMs = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  let underway: Promise<void> | undefined;
  const unknown = createUnknownKeys();

  async function load(): Promise<void> {
    try {
      const keySet = await fetchKeySet(url);
      known = createLocalJWKSet(keySet);
      knownMs = now();
      const ids = keySet.keys.map(({ kid }) => kid);
      for (const kid of knownIds) if (!ids.includes(kid)) unknown.withdraw(kid);
      knownIds = ids;
      if (failure !== undefined) onBack();
      failure = undefined;
    } catch (error) {
      if (failure === undefined) onUnavailable(error);
      failure = error;
    }
  }

  /** Fetches the keys, once for all concurrent calls. */
  function refresh(): Promise<void> {
    triedMs = now();
    if (underway) return underway;
    unknown.beginFetch();
    underway = load().finally(() => {
      underway = undefined;
    });
    return underway;
  }

  const waitMs = (): number => triedMs + (known ? cooldownMs : firstCooldownMs) - now();

  /** Waits for the first fetch, and starts it if it is due. */
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
    // Noted before the fetch, so that a fetch that begins from here on counts for it.
    unknown.wasFetched(header.kid);
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
      if (!unknown.wasFetched(header.kid))
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
