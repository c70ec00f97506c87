// Planted: source must not import a test. test/tools/imports.test.ts expects an error.
import { morePages } from '../test/harness/pages.ts';

export const rounds = morePages;
