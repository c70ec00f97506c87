/** Rules on who may import whom. README.md's Architecture section draws the same picture. */
const within = (...names) => names.map((name) => `^${name}`);
const rule = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });

/** Everyone in src may import these, besides its own neighbours. */
const common = within(
  'generated/(http|chat)/index\\.ts$',
  'src/(errors|config)\\.ts$',
  'src/(lib|log)/',
  'node_modules/',
);
const only = (name, folder, ...more) =>
  rule(
    name,
    { path: `^src/${folder}` },
    { path: '^(src|generated|specs|sdk|test)/', pathNot: [...common, `^src/${folder}`, ...within(...more)] },
  );

/** The packages that reach the network, a disk or a runtime, and the files that may import each. */
const drivers = {
  hono: ['src/(app|http/.+)\\.ts$', 'sdk/typescript/test/', 'bench/', 'test/'],
  ioredis: ['src/(broker|backplane/redis|limits)/', 'src/database/redis\\.ts$', 'bench/', 'test/', 'contract/test/'],
  jose: ['src/auth/', 'bench/', 'test/', 'contract/test/', 'sdk/typescript/test/'],
  mongodb: ['src/(database|history|users)/mongo\\.ts$', 'bench/', 'test/'],
  pino: ['src/log/', 'test/'],
  'rate-limiter-flexible': ['src/limits/', 'test/'],
  'scrypt-kdf': ['src/users/', 'test/'],
};

module.exports = {
  forbidden: [
    rule(
      'no-cycle',
      {},
      { circular: true },
      'A cycle has no beginning to read from. An import of types counts: what needs each other is one file.',
    ),
    ...Object.entries(drivers).map(([name, files]) =>
      rule(
        `only-its-adapter-knows-${name}`,
        { path: '^(src|bench|test|contract|sdk|specs|scripts|deploy)/', pathNot: within(...files) },
        { path: [`^${name}(/|$)`, `node_modules/@?${name}/`] },
        'Everyone else knows the port.',
      ),
    ),
    rule(
      'only-the-database-knows-sqlite',
      { pathNot: within('src/database/', 'test/', 'specs/', 'bench/') },
      { path: '^node:sqlite$' },
      'Everyone else is given a database.',
    ),
    rule(
      'generated-by-its-index',
      { pathNot: '^generated/' },
      { path: '^generated/', pathNot: ['/index\\.ts$', '\\.json$'] },
      'What is inside may move with the generator.',
    ),
    rule(
      'generated-stands-alone',
      { path: '^generated/' },
      { path: '^(src|specs|sdk|contract|web|bench|test|deploy|scripts)/' },
      'Nothing of ours in it.',
    ),
    rule(
      'sdk-stands-alone',
      { path: '^sdk/typescript/src/', pathNot: '^sdk/typescript/src/(react|node)\\.ts$' },
      { pathNot: '^sdk/typescript/src/' },
      'Its package is packed alone.',
    ),
    rule(
      'the-kit-stands-alone',
      { path: '^contract/src/' },
      {
        pathNot: ['^contract/src/', '^node:', 'node_modules/(ajv|fast-check|ws|yaml)/', '@types/ws/'],
        dependencyTypesNot: ['core'],
      },
      'What it says of a server, it says of any: it has read nothing but the two specs.',
    ),
    // The kit's folders, each of which may know those before it.
    ...['specs', 'samples', 'client', 'context', 'cases/http', 'cases/chat', 'cases/rules'].map((folder, at, all) =>
      rule(
        `the-kit-goes-one-way-${folder.replace('/', '-')}`,
        { path: `^contract/src/${folder}/` },
        {
          path: [
            ...all.slice(at + 1).map((later) => `^contract/src/${later}/`),
            '^contract/src/(run|print|cli|bin)\\.ts$',
          ],
        },
      ),
    ),
    rule(
      'nobody-knows-the-kit',
      { path: '^(src|sdk|web|generated|specs|bench|test|deploy|scripts)/', pathNot: '^src/commands/contract\\.ts$' },
      { path: '^(contract/|palaver-contract)' },
      'It looks at the server from outside. One command hands on to it.',
    ),
    rule(
      'one-command-knows-the-sdk',
      { path: '^src/', pathNot: '^src/commands/tail\\.ts$' },
      { path: '^(sdk/|@palaver/sdk)' },
      'The server has no client in it.',
    ),
    rule(
      'the-hook-alone-knows-react',
      { path: '^sdk/typescript/src/react\\.ts$' },
      { pathNot: '^(sdk|node_modules/react)/' },
    ),
    rule('one-file-knows-ws', { path: '^sdk/typescript/src/platform\\.ts$' }, { pathNot: '^(sdk|node_modules/ws)/' }),
    rule(
      'the-page-knows-the-sdk-only',
      { path: '^web/', pathNot: '^web/vite\\.config\\.ts$' },
      { pathNot: ['^(web|sdk)/', '^@palaver/sdk', 'node_modules/preact/'] },
      'It is a client like any other.',
    ),
    rule('nobody-knows-the-page', { pathNot: '^(web|test)/' }, { path: '^web/' }, 'It is built, and served as files.'),
    rule(
      'only-the-server-picks-adapters',
      {
        path: '^src/',
        pathNot:
          '^src/(server\\.ts|stores\\.ts|stream\\.ts|database/sqlite-backup\\.ts|(database|history|users|revocations)/(sqlite|mongo|redis)\\.ts|backplane/local\\.ts|backplane/redis/.+\\.ts)$',
      },
      {
        path: '^src/((database|history|users|revocations)/(sqlite|mongo|redis)|backplane/(local|redis/.+)|broker/redis)\\.ts$',
      },
      'Everyone else knows the port.',
    ),
    rule(
      'only-commands-know-the-server',
      { path: '^src/', pathNot: '^src/(main|commands/[a-z-]+)\\.ts$' },
      { path: '^src/(server|main|commands/.+)\\.ts$' },
      'The composition root imports, and is not imported.',
    ),
    rule(
      'only-the-server-opens-the-stream',
      { path: '^src/', pathNot: '^src/server\\.ts$' },
      { path: '^src/stream\\.ts$' },
      'Everyone else is given the backplane, the history or the recovery.',
    ),
    rule(
      'only-the-server-creates-the-app',
      { path: '^src/', pathNot: '^src/server\\.ts$' },
      { path: '^src/app\\.ts$' },
      'A file under http/ knows its own routes only.',
    ),
    rule(
      'only-the-server-and-commands-open-stores',
      { path: '^src/', pathNot: '^src/(server|commands/[a-z-]+)\\.ts$' },
      { path: '^src/stores\\.ts$' },
      'Everyone else is given what it needs of them.',
    ),
    rule(
      'one-file-knows-prometheus',
      { path: '^src/', pathNot: '^src/metrics/prometheus\\.ts$' },
      { path: 'node_modules/@prometheus-io/' },
      'Whoever is measured knows the port.',
    ),
    rule(
      'only-its-listener-makes-prometheus',
      { path: '^src/', pathNot: '^src/metrics/listener\\.ts$' },
      { path: '^src/metrics/prometheus\\.ts$' },
      'It is loaded where metrics are wanted.',
    ),
    rule(
      'only-the-server-serves-metrics',
      { path: '^src/', pathNot: '^src/server\\.ts$' },
      { path: '^src/metrics/listener\\.ts$' },
    ),
    only(
      'metrics-know-what-they-tell-of',
      'metrics/',
      'src/chat/(connection|counts)\\.ts$',
      'src/http/readiness\\.ts$',
    ),
    rule(
      'source-knows-no-test',
      { path: '^(src|generated|sdk/[a-z]+/src|contract/src|web|specs|deploy|scripts)/', pathNot: '^specs/test/' },
      { path: '^(test|bench|sdk/[a-z]+/test|contract/test|specs/test)/' },
    ),
    rule(
      'nobody-imports-a-test-file',
      {},
      { path: '\\.test\\.[cm]?ts$' },
      'Shared parts of tests live in test/harness.',
    ),
    rule(
      'the-harness-knows-no-tests',
      { path: '^test/harness/' },
      {
        path: '^(test|contract/test|sdk/[a-z]+/test|bench)/',
        pathNot: '^(test/harness|sdk/typescript/test/runtimes)/',
      },
      'Every test may use the harness.',
    ),
    rule(
      'suites-know-the-port',
      { path: '^test/suites/' },
      { path: '^(test|bench|sdk|contract|web)/', pathNot: '^test/(suites|harness)/' },
      'Any adapter can be held to a suite.',
    ),
    rule('tests-know-no-benchmark', { path: '^(test|contract|sdk)/' }, { path: '^bench/' }),
    only('the-app-knows-http', 'app\\.ts$', 'src/http/', 'src/metrics/metrics\\.ts$'),
    only(
      'config-knows-how-addresses-are-written',
      'config(/|\\.ts$)',
      'src/broker/redis-url\\.ts$',
      'src/database/mongo-uri\\.ts$',
      'src/http/origin\\.ts$',
    ),
    only('the-database-knows-itself', 'database/'),
    only('users-know-the-database', 'users/', 'src/database/'),
    only('revocations-know-tokens-and-the-database', 'revocations/', 'src/database/', 'src/auth/tokens\\.ts$'),
    only('the-backplane-knows-itself', 'backplane/'),
    only(
      'history-knows-the-backplane-and-the-database',
      'history/',
      'src/database/',
      'src/backplane/(backplane|ids)\\.ts$',
    ),
    only('auth-knows-itself', 'auth/'),
    only('limits-know-themselves', 'limits/'),
    rule(
      'lib-is-pure',
      { path: '^src/lib/' },
      { path: '^(src|generated|sdk|contract|specs|web|test|bench|scripts|deploy)/', pathNot: '^src/lib/' },
      'Pieces that know nothing of a chat.',
    ),
    only(
      'chat-knows-the-port-and-auth',
      'chat/',
      'src/backplane/(backplane|ids)\\.ts$',
      'src/limits/',
      'src/auth/',
      'src/revocations/revocations\\.ts$',
    ),
    only(
      'http-knows-auth-and-users',
      'http/',
      'src/auth/',
      'src/database/database\\.ts$',
      'src/revocations/revocations\\.ts$',
      'src/history/history\\.ts$',
      'src/users/(user-store|passwords)\\.ts$',
      'src/limits/',
      'src/chat/(session|upgrade|room)\\.ts$',
      'src/metrics/metrics\\.ts$',
      'generated/(http/openapi|chat/asyncapi)\\.json$',
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: 'node_modules',
    exclude: '(__transpiled|^(sdk/typescript|contract)/dist/|^test/tools/planted/)',
    combinedDependencies: true,
  },
};
