import { configDefaults, defineConfig } from 'vitest/config';
import { switchedOff } from './test/attack/switch-off.ts';
import { canStop } from './test/harness/mongo.ts';
import { noRedis } from './test/harness/redis.ts';

const off = process.env.DEFENCE_OFF;
/** What is tried on the packages as others install them. */
const ofPackages = [
  'sdk/typescript/test/{bundles,package}.test.ts',
  'test/system/{package,small-container,tail}.test.ts',
];
/** The tests of what reads the specs, whose tools are an island of their own. */
const ofSpecs = ['specs/test/*.test.ts'];
const shared = {
  // What was loaded without a defence is for no other run.
  fsModuleCache: !off,
  // Against hanging only; nothing here asserts speed.
  testTimeout: 30_000,
  hookTimeout: 30_000,
  execArgv: ['--disable-warning=ExperimentalWarning', '--expose-gc'],
};

export default defineConfig({
  test: {
    projects: [
      {
        plugins: switchedOff(off),
        test: {
          ...shared,
          name: 'palaver',
          include: ['test/**/*.test.ts', 'contract/test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...ofPackages, ...ofSpecs],
        },
      },
      {
        test: { ...shared, name: 'packages', include: ofPackages, globalSetup: ['test/harness/packed.ts'] },
      },
      {
        test: { ...shared, name: 'specs', include: ofSpecs, globalSetup: ['test/harness/specs-island.ts'] },
      },
      // The contract once more, with the users in MongoDB: where a database is there that a test may stop.
      ...(canStop
        ? [
            {
              test: {
                ...shared,
                name: 'mongodb',
                include: ['test/integration/contract/*.test.ts', 'test/attack/{bodies,names}.test.ts'],
                setupFiles: ['test/harness/on-mongodb.ts'],
              },
            },
          ]
        : []),
      // What is said of the room once more, where it is one over Redis.
      ...(canStop && !noRedis
        ? [
            {
              test: {
                ...shared,
                name: 'redis',
                include: ['test/integration/contract/{access,chat,frames,handshake,history,room,tokens}.test.ts'],
                setupFiles: ['test/harness/on-redis.ts'],
              },
            },
          ]
        : []),
    ],
  },
});
