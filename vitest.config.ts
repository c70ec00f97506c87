import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';
import { switchedOff } from './test/attack/switch-off.ts';
import { canStop } from './test/harness/mongo.ts';
import { noRedis } from './test/harness/redis.ts';

const off = process.env.DEFENCE_OFF;
/** Tests that have neither a server nor a process, and so are done in seconds. */
const unit = [
  'test/{unit,harness}/**/*.test.ts',
  'test/browser/words.test.ts',
  'test/cluster/checker.test.ts',
  'sdk/typescript/test/unit/*.test.ts',
  'contract/test/kit-{events,readme,schema,shrink,standing}.test.ts',
  'bench/test/judge.test.ts',
];
/** Tests of a server in their own process. */
const integration = [
  'test/{integration,property}/**/*.test.ts',
  'test/tools/imports.test.ts',
  'sdk/typescript/test/{cut,hostile,palaver,resume,retry,room,transports}.test.ts',
  'contract/test/{kit-arguments,kit-live,violations-proxy}.test.ts',
];
/** Tests of the packages as others install them. */
const packages = [
  'sdk/typescript/test/{bundles,package}.test.ts',
  'test/system/{package,small-container,tail}.test.ts',
  'test/guide/{commands,over-http}.test.ts',
];
/** Tests of the tools that read the specs, which are an island of their own. */
const specs = ['specs/test/*.test.ts'];

const shared = {
  // Modules that were loaded without a defence are for no other run.
  fsModuleCache: !off,
  // Against hanging only; nothing here asserts speed.
  testTimeout: 30_000,
  hookTimeout: 30_000,
  execArgv: ['--disable-warning=ExperimentalWarning', '--expose-gc'],
  exclude: [...configDefaults.exclude],
};

export default defineConfig({
  test: {
    // Tests mostly wait.
    maxWorkers: Math.max(4, availableParallelism()),
    projects: [
      { plugins: switchedOff(off), test: { ...shared, name: 'unit', include: unit } },
      { plugins: switchedOff(off), test: { ...shared, name: 'integration', include: integration } },
      {
        plugins: switchedOff(off),
        test: {
          ...shared,
          name: 'slow',
          include: ['{test,sdk,contract,bench}/**/*.test.ts'],
          exclude: [...shared.exclude, ...unit, ...integration, ...packages, ...specs],
        },
      },
      {
        test: {
          ...shared,
          name: 'slow-packages',
          include: packages,
          globalSetup: ['test/harness/packed.ts'],
          // Runtimes beside each other.
          maxConcurrency: 4,
        },
      },
      {
        test: { ...shared, name: 'slow-specs', include: specs, globalSetup: ['test/harness/specs-island.ts'] },
      },
      // The contract once more, with the users in MongoDB: where a database is there that a test may stop.
      ...(canStop
        ? [
            {
              test: {
                ...shared,
                name: 'slow-mongodb',
                include: ['test/integration/contract/*.test.ts', 'test/attack/{bodies,names}.test.ts'],
                setupFiles: ['test/harness/on-mongodb.ts'],
              },
            },
          ]
        : []),
      // The tests of the room once more, where it is one over Redis.
      ...(canStop && !noRedis
        ? [
            {
              test: {
                ...shared,
                name: 'slow-redis',
                include: ['test/integration/contract/{access,chat,frames,handshake,history,room,tokens}.test.ts'],
                setupFiles: ['test/harness/on-redis.ts'],
              },
            },
          ]
        : []),
    ],
  },
});
