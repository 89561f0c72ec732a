// The drawing of the house (CONTRIBUTING.md) as rules: imports go down only.

const TOP = '^src/(index|bootstrap|application|client|shutdown-signals)[.]ts$'

/** The pure parts of a connection; all else in src/connection is the machine that asks them. */
const PURE_PARTS =
  '^src/connection/(state|state-holder|loss|arrival|reconnect-policy|heartbeat|close-code|waiters|back-pressure|patience|deferred|lazy-signal|listener|json-sender|outbox|sending|pending-requests|request-presets|request-options|request-ids|subscriptions|message-stream|rate-limiter|paced-transport|replies|unpacking)[.]ts$'

const ANNOTATIONS = '^src/annotations/'
const CONTAINER = '^src/(container|dependency-check)[.]ts$'
const MODULES = '^src/modules[.]ts$'
const DISPATCH = '^src/dispatch/'
const CONNECTION = '^src/connection/'
const TRANSPORTS = '^src/transports/'
const MIDDLE = [ANNOTATIONS, CONTAINER, MODULES, DISPATCH, CONNECTION, TRANSPORTS]

const LOWER =
  '^src/(options|shared-settings|concurrency|check-options|option-checks|transport|codec|compressed-codec|msgpack|bigint-json|schema|route|protocol|errors|request-errors|clock|logger|diagnostics|url|token|reflect|sequence)[.]ts$'
const TESTING = '^src/testing/'

/** One room of the middle floor: what it may import of that floor beside its own files and the pure parts. */
function room(name, from, mayImport = []) {
  return {
    name,
    comment: 'Rooms of the middle floor import each other only where the drawing says so.',
    severity: 'error',
    from: { path: from, pathNot: PURE_PARTS },
    to: { path: MIDDLE, pathNot: [from, PURE_PARTS, ...mayImport] },
  }
}

/** An import of the connection by types alone. */
function typesOfConnection(name, from) {
  return {
    name,
    comment: 'Whoever is called by the connection knows its types only.',
    severity: 'error',
    from: { path: from },
    to: { path: CONNECTION, pathNot: PURE_PARTS, dependencyTypesNot: ['type-only'] },
  }
}

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'A cycle, of types too, is two files that are one. Between decorated classes it breaks at load.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'every-file-has-a-room',
      comment: 'A new file of src belongs to a floor: say so in .dependency-cruiser.cjs.',
      severity: 'error',
      from: { path: '^src/', pathNot: [TOP, ...MIDDLE, LOWER, TESTING] },
      to: {},
    },
    {
      name: 'every-imported-file-has-a-room',
      comment: 'A new file of src belongs to a floor: say so in .dependency-cruiser.cjs.',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: [TOP, ...MIDDLE, LOWER, TESTING] },
    },
    {
      name: 'no-orphans',
      comment: 'Nobody imports it.',
      severity: 'error',
      from: { path: '^src/', orphan: true },
      to: {},
    },
    {
      name: 'nothing-imports-the-entry',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/index[.]ts$' },
    },
    {
      name: 'optional-peers-are-optional',
      comment: 'Who does not import the subpath need not have installed what it is made of.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/(msgpack|bigint-json)[.]ts$' },
    },
    {
      name: 'middle-imports-no-top',
      severity: 'error',
      from: { path: MIDDLE },
      to: { path: TOP },
    },
    {
      name: 'lower-imports-lower-only',
      severity: 'error',
      from: { path: [LOWER, PURE_PARTS] },
      to: { path: '^src/', pathNot: [LOWER, PURE_PARTS] },
    },
    {
      name: 'testing-imports-lower-only',
      severity: 'error',
      from: { path: TESTING },
      to: { path: '^src/', pathNot: [LOWER, PURE_PARTS, TESTING] },
    },
    {
      name: 'only-tests-import-testing',
      severity: 'error',
      from: { path: '^src/', pathNot: TESTING },
      to: { path: TESTING },
    },
    room('annotations', ANNOTATIONS, [CONNECTION]),
    typesOfConnection('annotations-know-types-of-connection', ANNOTATIONS),
    room('container', CONTAINER, [ANNOTATIONS]),
    room('modules', MODULES, [ANNOTATIONS]),
    room('dispatch', DISPATCH, [ANNOTATIONS, CONNECTION]),
    typesOfConnection('dispatch-knows-types-of-connection', DISPATCH),
    room('connection', CONNECTION),
    room('transports', TRANSPORTS),
    {
      name: 'only-transports-touch-the-network',
      comment: 'The machine never touches the network, files or the wall clock: they are handed in.',
      severity: 'error',
      from: { path: '^src/', pathNot: [TRANSPORTS, TESTING] },
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
      comment: "The public API as 'holdfast' and 'holdfast/testing', the inside as '#src/….js'.",
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
          '^dist/(?!(index|msgpack|bigint-json)[.](js|d[.]ts)$|testing/index[.](js|d[.]ts)$)',
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
