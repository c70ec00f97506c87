import { PalaverError } from './error.ts';

/**
 * Returns a token without the white space that a file or a page puts around it.
 * @throws {PalaverError} `invalid_token` for a value that is not a valid token
 */
export function tokenOf(given: unknown): string {
  if (typeof given !== 'string')
    throw new PalaverError(
      'invalid_token',
      `The token must be a string, not ${given === null ? 'null' : typeof given}.`,
    );
  const token = given.trim();
  if (token === '') throw new PalaverError('invalid_token', 'The token is empty.');
  if (/^bearer\s/i.test(token))
    throw new PalaverError('invalid_token', 'The token must not begin with "Bearer ": the SDK adds it.');
  const [bad] = /[^!-~]/u.exec(token) ?? [];
  if (bad !== undefined)
    throw new PalaverError(
      'invalid_token',
      `The token has an invalid character: U+${bad.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}.`,
    );
  return token;
}
