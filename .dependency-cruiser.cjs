// The drawing of the house (CONTRIBUTING.md) as rules: imports go down only, one rule per room.

/**
 * The rooms from the top floor down. A room may import its own files and those of all floors below. Rooms on the same floor
 * do not import each other.
 */
const FLOORS = [
  ['app'],
  ['dispatch'],
  ['annotations'],
  ['options'],
  ['connection'],
  ['attempt'],
  ['session', 'lifecycle'],
  ['messages', 'subscriptions', 'link', 'ws'],
  ['fast-paths', 'proxy'],
  ['requests', 'codecs', 'transports'],
  ['errors', 'diagnostics'],
  ['core'],
]

/** Separate entries: no room imports them, and they import only the listed rooms. */
const ENTRIES = {
  sequence: ['core'],
  testing: ['transports', 'errors', 'diagnostics', 'core'],
  opentelemetry: ['diagnostics', 'core'],
  inspector: ['diagnostics', 'errors', 'core'],
  nestjs: FLOORS.flat(),
}

/** The `holdfast` command: no other room imports its rooms. They import the entries, as users do, and the listed rooms. */
const PROGRAMS = { cli: ['terminal', 'testing', 'codecs', 'core'], terminal: ['core'] }

const inside = (rooms) => `^src/(${rooms.join('|')})/`

function room(name, below, entries = []) {
  return {
    name: `room-${name}`,
    comment: `src/${name} imports itself${below.length > 0 ? `, and ${below.join(', ')}` : ''}: arrows go down only.`,
    severity: 'error',
    from: { path: inside([name]) },
    to: { path: '^src/', pathNot: [inside([name, ...below]), ...entries] },
  }
}

const ROOMS = FLOORS.flatMap((rooms, floor) =>
  rooms.map((name) => room(name, FLOORS.slice(floor + 1).flat())),
)

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'Two files in a cycle, even of types, are one thing. Between decorated classes, a cycle fails at load time.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...ROOMS,
    {
      name: 'dispatch-serves-both-sides',
      comment:
        'Dispatch, sessions, links, messages and subscriptions serve a server, too: they never import the class of a client.',
      severity: 'error',
      from: { path: inside(['dispatch', 'session', 'link', 'messages', 'subscriptions']) },
      to: { path: inside(['connection']) },
    },
    ...Object.entries(ENTRIES).map(([name, below]) => room(name, below)),
    ...Object.entries(PROGRAMS).map(([name, below]) => room(name, below, ['^src/index[.]ts$'])),
    {
      name: 'every-file-has-a-room',
      comment: 'src holds index.ts and rooms; a new room gets its floor in .dependency-cruiser.cjs.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [
          '^src/index[.]ts$',
          inside([...FLOORS.flat(), ...Object.keys({ ...ENTRIES, ...PROGRAMS })]),
        ],
      },
      to: {},
    },
    {
      name: 'no-orphans',
      comment: 'No file imports it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '[.](browser|bun)[.]ts$', orphan: true },
      to: {},
    },
    {
      name: 'nothing-imports-the-entry',
      severity: 'error',
      from: { path: '^src/', pathNot: inside(Object.keys(PROGRAMS)) },
      to: { path: '^src/index[.]ts$' },
    },
    {
      name: 'optional-peers-are-optional',
      comment: 'Who does not import the subpath need not have installed what it is made of.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/codecs/(msgpack|bigint-json)[.]ts$' },
    },
    {
      name: 'only-tests-import-testing',
      severity: 'error',
      from: { path: '^src/', pathNot: inside(['testing', ...Object.keys(PROGRAMS)]) },
      to: { path: '^src/testing/' },
    },
    {
      name: 'only-transports-touch-the-network',
      comment: 'The machine never touches the network, files or the wall clock: they are handed in.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: inside([
          'ws',
          'fast-paths',
          'proxy',
          'transports',
          'testing',
          'inspector',
          ...Object.keys(PROGRAMS),
        ]),
      },
      to: {
        dependencyTypes: ['core'],
        path: '^(node:)?(net|http|https|http2|tls|dgram|dns|fs|child_process|timers|perf_hooks)(/|$)',
      },
    },
    {
      name: 'only-what-is-installed-with-it',
      comment: 'src runs on the dependencies and peer dependencies of package.json.',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'undetermined'],
        dependencyTypesNot: ['npm-peer'],
      },
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'tests-import-by-name',
      comment: "The public API as 'holdfast' and its subpaths, the inside as '#src/….js'.",
      severity: 'error',
      from: { path: '^test/' },
      to: { path: '^src/' },
    },
    {
      name: 'the-example-is-a-user',
      comment: "An application sees 'holdfast' and its subpaths only.",
      severity: 'error',
      from: { path: '^example-app/' },
      to: {
        path: [
          '^src/',
          '^test/',
          '^dist/(?!((codecs/|sequence/|transports/|testing/|inspector/)?index|codecs/(msgpack|bigint-json)|messages/key-routes|requests/presets)[.](js|d[.]ts)$)',
        ],
      },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist/'] },
    exclude: { path: '^(coverage|[.]build)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
}
