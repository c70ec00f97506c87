import { describe, expect, it } from 'vitest';
import { chatMessageFromClientSchema } from '../../../generated/chat/index.ts';
import { createUserRequestSchema, tokenClaimsSchema } from '../../../generated/http/index.ts';
import { asyncapi, clientFrames, deref, openapi, paths, type Schema } from '../../harness/spec.ts';

const lastCodePoint = 0x10ffff;
const createUser = deref(openapi, paths.get('/createUser')!.get('POST')!.body!.schema).properties!;
const said = deref(asyncapi, clientFrames[0]!.payload).properties!.msg!.properties!;
const claims = deref(openapi, { $ref: '#/components/schemas/TokenClaims' }).properties!;
const fields = createUserRequestSchema.shape;

const anything = /^\P{Cs}*$/u;
const anythingButADot = /^[^.\p{Cs}]$/u;
/** Allowed characters of the contract's fields, by Unicode classes. */
const nameWithin = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]$/u;
const nameAtEnd = /^[^\p{Cc}\p{Cf}\p{Z}\p{Cs}]$/u;
const nameAlone = /^[^\p{Cc}\p{Cf}\p{Z}\p{Cs}\p{DI}]$/u;
const joining = (allowed: RegExp): RegExp => new RegExp(`${allowed.source}|^[\u200c\u200d]$`, 'u');
const address = /^[^@\s\p{Cc}\p{Cs}]$/u;

interface Validator {
  safeParse(text: string): { readonly success: boolean };
}

/** Each entry: a text around a character, which may occur twice, and the allowed characters. */
const cases: [field: string, around: string, Schema, Validator, allowed: RegExp][] = [
  ['username', '*', createUser.username!, fields.username, nameAlone],
  ['username', '**', createUser.username!, fields.username, nameAlone],
  ['username', '*\u3164', createUser.username!, fields.username, nameAlone],
  ['username', 'ക*', createUser.username!, fields.username, nameAtEnd],
  ['username', 'ക*ക', createUser.username!, fields.username, joining(nameWithin)],
  ['username', 'ക**ക', createUser.username!, fields.username, nameWithin],
  ['username', 'ക\u0d4d*', createUser.username!, fields.username, joining(nameAtEnd)],
  ['username', 'ക\u0d4d* ക', createUser.username!, fields.username, joining(nameWithin)],
  ['username', 'ക\u0d4d*a', createUser.username!, fields.username, nameWithin],
  ['username', 'ക*a', createUser.username!, fields.username, nameWithin],
  ['username', 'a*ക', createUser.username!, fields.username, nameWithin],
  ['username', '*a', createUser.username!, fields.username, nameAtEnd],
  ['username', 'a*', createUser.username!, fields.username, nameAtEnd],
  ['username', 'a*a', createUser.username!, fields.username, nameWithin],
  ['email', '*@a', createUser.email!, fields.email, address],
  ['email', 'a*a@a', createUser.email!, fields.email, address],
  ['email', 'a@*', createUser.email!, fields.email, address],
  ['password', '1234567*', createUser.password!, fields.password, anything],
  ['text', '*', said.text!, chatMessageFromClientSchema.shape.msg.shape.text, anything],
  ['nonce', '*', said.nonce!, chatMessageFromClientSchema.shape.msg.shape.nonce, anything],
  // Clients remove the path segments `.` and `..`.
  ['id of a token', '*', claims.id!, tokenClaimsSchema.shape.id, anythingButADot],
  ['id of a token', '.*', claims.id!, tokenClaimsSchema.shape.id, anythingButADot],
  ['id of a token', '..*', claims.id!, tokenClaimsSchema.shape.id, anything],
  ['id of a token', 'a*', claims.id!, tokenClaimsSchema.shape.id, anything],
];

const listed = (points: readonly number[]): string =>
  points
    .slice(0, 20)
    .map((point) => `U+${point.toString(16)}`)
    .join(' ');

describe('accepts exactly the characters that the contract allows', () => {
  const named = cases.map(([field, around, schema, validator, allowed]) => ({
    field,
    around,
    spec: new RegExp(schema.pattern ?? '', 'u'),
    validator,
    allowed,
  }));
  it.each(named)('$field, as * in $around', ({ around, spec, validator, allowed }) => {
    const wrong: number[] = [];
    for (let point = 0; point <= lastCodePoint; point += 1) {
      const char = String.fromCodePoint(point);
      const text = around.replaceAll('*', () => char);
      const want = allowed.test(char);
      if (spec.test(text) !== want || validator.safeParse(text).success !== want) wrong.push(point);
    }
    expect(listed(wrong)).toBe('');
  });
});
