// Planted: lib must not import from the rest of src. test/tools/imports.test.ts expects an error.
import type { History } from '../history/history.ts';

export type Observed = History;
