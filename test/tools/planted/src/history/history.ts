import type { Page } from './page.ts';

export type History = { readonly pages: readonly Page[] };
