import { randomBytes } from 'node:crypto';
import { nowS } from '../../client/users.ts';
import { brokenSamples, byKeyword, edgeSamples } from '../../samples/schema-cases.ts';
import type { Specs } from '../../specs/index.ts';
import type { Case } from '../case.ts';
import { handshakeCase } from './handshake.ts';

/** Returns the cases that need the secret: tokens with each claim valid, invalid or missing, by the schema. */
export function tokenCases({ http: { operations, tokenClaims }, chat: { address } }: Specs): Case[] {
  const join = operations.find(({ path, method }) => path === address && method === 'GET');
  if (!join || !tokenClaims) return [];
  const run = randomBytes(4).toString('hex');
  let count = 0;
  /** Somebody else each time: who has just left may still be in the room. */
  const somebody = (): string => {
    count += 1;
    return `contract-${run}-${count}`;
  };
  const token = (name: string, says: string, want: string, claims: () => Readonly<Record<string, unknown>>): Case =>
    handshakeCase(join, 'ws.token', {
      name,
      says,
      want,
      attempt: async (kit) => ({ headers: { Authorization: `Bearer ${await kit.minted(claims())}` } }),
    });
  const refused = '401 invalid_token';
  /** Without `iss`, which is the server's, and which every minted token has. */
  const { iss: _, ...properties } = tokenClaims.properties ?? {};
  const required = (tokenClaims.required ?? []).filter((name) => name !== 'iss');
  const rest = { ...tokenClaims, properties, required };
  const good = () => {
    const id = somebody();
    return { id, username: id, exp: nowS() + 3_600 };
  };
  const samples = [...byKeyword(brokenSamples(rest, good()))].filter(([place]) => place !== 'type');
  return [
    token('minted', 'a token minted elsewhere with the same secret is accepted', '101', good),
    token('unknown-claims', 'unknown claims are ignored', '101', () => ({ ...good(), contract: [1] })),
    token('expired', 'an expired token is refused', refused, () => ({ ...good(), exp: nowS() - 60 })),
    token('not-yet', 'a token before its nbf is refused', refused, () => ({ ...good(), nbf: nowS() + 60 })),
    token('other-issuer', 'a token of another issuer is refused', refused, () => ({
      ...good(),
      iss: 'contract-nobody',
    })),
    token('other-sub', 'a token whose sub differs from its id is refused', refused, () => ({
      ...good(),
      sub: 'contract-bob',
    })),
    ...samples.map(([place, broken]) =>
      token(place, 'a token that breaks this keyword is refused', refused, () => ({
        ...(broken[0]?.value as object),
        // `undefined` removes the claim that a minted token has by default.
        ...(place === 'exp.required' && { exp: undefined }),
      })),
    ),
    ...[...byKeyword(edgeSamples(rest, good()))]
      // A name that short may be somebody's.
      .filter(([place]) => !place.startsWith('sub.') && place !== 'username.minLength')
      .map(([place, edges]) =>
        token(`${place}.just`, 'a token at this bound is accepted', '101', () => ({
          ...(edges[0]?.value as object),
          ...(place.startsWith('id.') && { username: somebody() }),
        })),
      ),
  ];
}
