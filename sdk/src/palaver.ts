import { createMethods, type Methods } from './generated/index.ts';
import { type CallOptions, createCall } from './http.ts';

export interface PalaverOptions {
  /** Where the server is, such as `http://127.0.0.1:3000`. */
  readonly url: string;
  /** Instead of the platform's own. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * A Palaver server: one method per operation of its contract.
 * @example
 * const palaver = createPalaver({ url: 'http://127.0.0.1:3000' });
 * const { token } = await palaver.login({ email: 'user_email@example.com', password: 'correct horse' });
 */
export const createPalaver = (options: PalaverOptions): Methods<CallOptions> => createMethods(createCall(options));
