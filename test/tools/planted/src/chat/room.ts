// Planted: the chat half must not know a user store. test/tools/imports.test.ts sees that the import rule says so.
import { sqliteUserStore } from '../users/sqlite.ts';

sqliteUserStore();
