import type { ChatMessage, Palaver } from '../../sdk/typescript/src/index.ts';
import { mint } from '../harness/tokens.ts';

/** The whole stored history. */
export interface Whole {
  readonly messages: readonly ChatMessage[];
  readonly gaps: readonly string[];
}

/** Reads the history page by page. */
export async function readHistory(palaver: Palaver): Promise<Whole> {
  const token = await mint({ id: 'reader', username: 'Reader' });
  const pages: Whole[] = [];
  let before: string | undefined;
  do {
    const page = await palaver.listMessages({ limit: 100, ...(before !== undefined && { before }) }, { token });
    pages.unshift(page);
    before = page.before;
  } while (before !== undefined);
  return { messages: pages.flatMap(({ messages }) => messages), gaps: pages.flatMap(({ gaps }) => gaps) };
}
