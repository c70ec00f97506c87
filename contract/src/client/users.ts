import { createHmac, randomBytes } from 'node:crypto';
import { Violation } from '../errors.ts';
import { member } from '../specs/schema.ts';
import type { Answer } from './send.ts';

export interface User {
  readonly username: string;
  readonly token: string;
  /** Made by this run: nobody else is in the room with this name. */
  readonly own: boolean;
}

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An HS256 token (RFC 7515) that says this, whatever it is. */
export function mint(secret: string, claims: object): string {
  const signed = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** Whether a token, where it is of HS256, was signed with this. */
export function isSignedWith(secret: string, token: string): boolean {
  const [head = '', claims = '', signature] = token.split('.');
  if (!Buffer.from(head, 'base64url').toString().includes('"HS256"')) return false;
  return createHmac('sha256', secret).update(`${head}.${claims}`).digest('base64url') === signature;
}

/** Returns the claims of a token; an empty object if it cannot be read. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? (claims as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Returns the user that a token names, under the given name where it has none itself. */
export function identityOf(token: string, name?: string): { username: string; id: string } | undefined {
  const { id, username = name } = claimsOf(token);
  return typeof id === 'string' && typeof username === 'string' ? { id, username } : undefined;
}

export const nowS = (): number => Math.floor(Date.now() / 1_000);

/** Names that nobody has yet, the same within a run. */
export function createNames(): (name: string) => { username: string; email: string; password: string } {
  const run = randomBytes(4).toString('hex');
  return (name) => ({
    username: `contract-${run}-${name}`,
    // Kept as it is, whatever it is compared by.
    email: `contract-${run}-${name}@Example.com`,
    password: `correct horse of ${name}`,
  });
}

/** Asks an operation of the contract by its id, with a body of JSON. */
export type AskOperation = (operationId: string, body: unknown) => Promise<Answer>;

/** A user created by the sign-up, and the answer to it. */
export interface Account extends User {
  readonly email: string;
  readonly password: string;
  readonly created: Answer;
  readonly loggedIn: Answer;
}

/** Makes a user and logs it in. @throws {Violation} where that fails */
export async function signUp(
  ask: AskOperation,
  fields: Pick<Account, 'username' | 'email' | 'password'>,
): Promise<Account> {
  const created = await ask('createUser', fields);
  if (created.status >= 300) throw new Violation(`createUser is answered ${created.status} for a new user`);
  const { email, password } = fields;
  const loggedIn = await ask('login', { email, password });
  const token = member(loggedIn.json, 'token');
  if (typeof token !== 'string')
    throw new Violation(`login is answered ${loggedIn.status}, without a token, for a new user`);
  return { ...fields, token, own: true, created, loggedIn };
}
