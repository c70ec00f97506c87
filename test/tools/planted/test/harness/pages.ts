// Planted: nobody imports a test file, and the harness imports no tests. test/tools/imports.test.ts expects an error.
import { pages } from '../unit/page.test.mts';

export const morePages = pages + 1;
