import { defineConfig } from 'vitest/config';
import { canStop } from './test/harness/mongo.ts';

const shared = {
  // Against hanging only; nothing here asserts speed.
  testTimeout: 30_000,
  hookTimeout: 30_000,
  execArgv: ['--disable-warning=ExperimentalWarning', '--expose-gc'],
};

export default defineConfig({
  test: {
    projects: [
      { test: { ...shared, name: 'palaver', include: ['test/**/*.test.ts', 'contract/test/**/*.test.ts'] } },
      // The contract once more, with the users in MongoDB: where a database is there that a test may stop.
      ...(canStop
        ? [
            {
              test: {
                ...shared,
                name: 'mongodb',
                include: ['test/contract/*.test.ts'],
                setupFiles: ['test/harness/on-mongodb.ts'],
              },
            },
          ]
        : []),
    ],
  },
});
