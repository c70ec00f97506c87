// Planted: only an adapter imports its driver. test/tools/imports.test.ts expects an error.
import '../../../../../node_modules/ioredis/built/index.js';
