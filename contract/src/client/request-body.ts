import type { Operation } from '../specs/http.ts';
import type { Request } from './send.ts';

/** A request of an operation with this body; a content type that is undefined is left out. */
export const bodyRequest = (
  { method, path }: Pick<Operation, 'method' | 'path'>,
  body: string | Uint8Array,
  type: string | undefined = 'application/json',
): Request => ({ method, path, body, headers: type === undefined ? {} : { 'Content-Type': type } });
