import { CompactSign } from 'jose';

/** Secret that the test server signs tokens with. */
export const testSecret = 'a secret for tests, of 32 bytes and more';
export const testIssuer = 'palaver';
/** Bearer token for the test server's `/admin`. */
export const testAdminToken = 'the-secret-of-the-test-server-operator';

const encode = (claims: object): Uint8Array => Buffer.from(JSON.stringify(claims));
export const nowS = (): number => Math.floor(Date.now() / 1_000);

/**
 * Returns a token as another issuer with the same secret would make it, valid for an hour. The claims add to the defaults
 * or replace them, and `undefined` omits one. They are not checked, so that any token can be made.
 */
export const mint = (
  claims: Readonly<Record<string, unknown>>,
  { secret = testSecret, alg = 'HS256' }: { secret?: string; alg?: string } = {},
): Promise<string> =>
  new CompactSign(encode({ iss: testIssuer, exp: nowS() + 3_600, ...claims }))
    .setProtectedHeader({ alg })
    .sign(Buffer.from(secret));

/** Returns an unsigned token (RFC 7519, 6). */
export function mintUnsigned(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: object): string => Buffer.from(encode(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ iss: testIssuer, exp: nowS() + 3_600, ...claims })}.`;
}
