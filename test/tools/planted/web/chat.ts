// Planted: the page must not know the server. test/tools/imports.test.ts sees that the import rule says so.
import { sqliteUserStore } from '../src/users/sqlite.ts';

sqliteUserStore();
