import { below } from './below.ts';
import { type ChatSpec, readChat } from './chat.ts';
import { createValidator, readDocument, type WrongWith } from './documents.ts';
import { type HttpSpec, readHttp } from './http.ts';

export interface Specs {
  readonly http: HttpSpec;
  readonly chat: ChatSpec;
  readonly wrongWith: WrongWith;
}

/** Both halves of the contract, from files or from the server itself. */
export async function readSpecs(
  url: URL,
  files: { readonly openapi?: string; readonly asyncapi?: string },
): Promise<Specs> {
  const [openapi, asyncapi] = await Promise.all([
    readDocument('openapi', /^3\.1\./, files.openapi ?? new URL(below(url, '/openapi.json'), url)),
    readDocument('asyncapi', /^3\./, files.asyncapi ?? new URL(below(url, '/asyncapi.json'), url)),
  ]);
  const [http, chat] = [readHttp(openapi), readChat(asyncapi)];
  const { events } = chat;
  const isServed = http.operations.some(
    ({ method, path, answers }) =>
      method === 'GET' && path === events?.address && answers.get(200)?.content.has('text/event-stream'),
  );
  return {
    http,
    chat: { ...chat, events: isServed ? events : undefined },
    wrongWith: createValidator({ openapi, asyncapi }),
  };
}

/** A number of bytes that a description states, such as `16,384 bytes`: a bound that no keyword can say. */
export function statedBytes(description: string | undefined): number | undefined {
  const [, digits] = /\b(\d[\d,]*) bytes\b/.exec(description ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits.replaceAll(',', ''));
}
