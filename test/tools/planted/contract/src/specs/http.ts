// Planted: reading the specs must not know the cases, and a cycle of types is a cycle. test/tools/imports.test.ts sees that the import rule says so.
import type { Case } from '../cases/http/case.ts';

export type Spec = { readonly cases: readonly Case[] };
