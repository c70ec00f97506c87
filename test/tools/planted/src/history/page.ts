// Planted: page.ts and history.ts import each other's types, which is a cycle. test/tools/imports.test.ts expects an error.
import type { History } from './history.ts';

export type Page = { readonly of: History };
