import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

/** The issuer's keys can't be had now, and without them nobody knows whether a token holds. */
export class IssuerUnavailable extends Error {
  override name = 'IssuerUnavailable';
}

const fetchTimeoutMs = 3_000;
const maxKeySetBytes = 65_536;
/** Keys are looked up again after this time, beside their use: what the issuer has withdrawn is gone then. */
const maxAgeMs = 600_000;
/** An unknown key is asked for at most once in this time. */
const cooldownMs = 30_000;
/** While no keys were ever there, the issuer is asked again after this time. */
const firstCooldownMs = 1_000;

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
  const { keys } = JSON.parse(Buffer.concat(chunks).toString()) as Partial<JSONWebKeySet>;
  if (!Array.isArray(keys)) throw new Error('The issuer answered no key set');
  return { keys: keys.filter((key) => asymmetric.includes(String(key?.kty))) };
}

/**
 * The keys of an external issuer, by `kid`: cached, looked up again for an unknown one. While the issuer is away the keys
 * that are known go on working. `now` is a clock that never goes back, in milliseconds.
 * @throws {IssuerUnavailable} from the lookup, for a key that isn't known while the issuer doesn't answer
 */
export function createKeys(url: string, now: () => number = () => performance.now()): JWTVerifyGetKey {
  let known: JWTVerifyGetKey | undefined;
  let knownMs = Number.NEGATIVE_INFINITY;
  let triedMs = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  let underway: Promise<void> | undefined;

  async function load(): Promise<void> {
    try {
      known = createLocalJWKSet(await fetchKeySet(url));
      knownMs = now();
      failure = undefined;
    } catch (error) {
      failure = error;
    }
  }

  /** Looks the keys up, once for all who ask meanwhile. */
  function refresh(): Promise<void> {
    triedMs = now();
    underway ??= load().finally(() => {
      underway = undefined;
    });
    return underway;
  }

  return async (header, token) => {
    const sinceMs = now() - triedMs;
    if (!known && (sinceMs >= firstCooldownMs || underway)) await (underway ?? refresh());
    else if (known && now() - knownMs >= maxAgeMs && sinceMs >= cooldownMs) void refresh();
    const find = async () => {
      if (!known) throw new IssuerUnavailable('The issuer has not given its keys', { cause: failure });
      return known(header, token);
    };
    try {
      return await find();
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    if (now() - triedMs >= cooldownMs) await refresh();
    else await underway;
    try {
      return await find();
    } catch (error) {
      if (failure) throw new IssuerUnavailable('The issuer can not be asked for this key', { cause: failure });
      throw error;
    }
  };
}
