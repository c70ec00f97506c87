/** Who may import whom: the README's page on the architecture, as a rule. */
const within = (...names) => names.map((name) => `^${name}`);
const rule = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });

/** What everyone in src may import, besides its own neighbours. */
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

module.exports = {
  forbidden: [
    rule(
      'no-cycle',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
      'A cycle has no beginning to read from.',
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
      { path: '^(src|specs|sdk|test)/' },
      'Nothing of ours in it.',
    ),
    rule(
      'sdk-stands-alone',
      { path: '^sdk/', pathNot: '^sdk/typescript/src/(react|node)\\.ts$' },
      { pathNot: '^sdk/' },
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
      'the-kit-has-no-cycle',
      { path: '^contract/src/' },
      { path: '^contract/src/', circular: true },
      'Types count, too: what needs each other is one file.',
    ),
    rule(
      'nobody-knows-the-kit',
      { pathNot: '^(contract/|src/commands/contract\\.ts$)' },
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
    rule('nobody-knows-the-page', { pathNot: '^web/' }, { path: '^web/' }, 'It is built, and served as files.'),
    rule(
      'only-the-server-picks-adapters',
      {
        path: '^src/',
        pathNot:
          '^src/(server\\.ts|stores\\.ts|database/sqlite-backup\\.ts|(database|history|users|revocations)/(sqlite|mongo|redis)\\.ts|backplane/local\\.ts|backplane/redis/.+\\.ts)$',
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
    only('metrics-know-what-they-tell-of', 'metrics/', 'src/chat/counts\\.ts$', 'src/http/readiness\\.ts$'),
    rule('src-knows-no-test', { path: '^(src|sdk|specs)/' }, { path: '^test/' }),
    only('the-database-knows-itself', 'database/'),
    only('users-know-the-database', 'users/', 'src/database/'),
    only('revocations-know-tokens-and-the-database', 'revocations/', 'src/database/', 'src/auth/tokens\\.ts$'),
    only('the-backplane-knows-itself', 'backplane/'),
    only('history-knows-the-backplane-and-the-database', 'history/', 'src/database/', 'src/backplane/backplane\\.ts$'),
    only('auth-knows-itself', 'auth/'),
    only('limits-know-themselves', 'limits/'),
    rule(
      'lib-is-pure',
      { path: '^src/lib/' },
      { path: '^(src|generated|sdk|contract)/', pathNot: '^src/lib/' },
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
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: 'node_modules',
    exclude: '__transpiled',
    combinedDependencies: true,
  },
};
