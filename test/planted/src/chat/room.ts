// Planted: the chat half must not know a user store. test/check/imports.test.ts sees that the import rule says so.
import { sqliteUserStore } from '../users/sqlite.ts';

sqliteUserStore();
