// Planted: the SDK must not import the server. test/tools/imports.test.ts expects an error.
import type { History } from '../../../src/history/history.ts';

export type Palaver = History;
