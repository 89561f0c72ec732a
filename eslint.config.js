import js from '@eslint/js'
import markdown from '@eslint/markdown'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'
import house from './scripts/lint/eslint-plugin.js'

/** Each third-party name of src, and the only files that may import it. */
const IMPORTERS = {
  ws: [
    'src/ws/ws-package.ts',
    'src/ws/ws-package.bun.ts',
    'src/ws/ws-options.ts',
    'src/testing/test-server.ts',
  ],
  tsyringe: ['src/app/container.ts', 'src/app/load-container.ts'],
  'reflect-metadata': ['src/app/load-container.ts'],
  '@msgpack/msgpack': ['src/codecs/msgpack.ts'],
  'lossless-json': ['src/codecs/bigint-json.ts'],
  'https-proxy-agent': ['src/proxy/proxy-tunnel.ts'],
  'socks-proxy-agent': ['src/proxy/socks-package.ts'],
  'proxy-from-env': ['src/core/platform.ts'],
  '@opentelemetry/api': ['src/opentelemetry/otel-api.ts'],
  '@nestjs/common': ['src/nestjs/nest-packages.ts'],
  '@nestjs/core': ['src/nestjs/nest-packages.ts'],
}

/** Forbids all names of IMPORTERS except those given. */
function forbidImports(except = []) {
  const paths = Object.entries(IMPORTERS)
    .filter(([name]) => !except.includes(name))
    .map(([name, files]) => ({ name, message: `Only ${files.join(' and ')} may import it.` }))
  return { 'no-restricted-imports': ['error', { paths }] }
}

const DEFAULT_EXPORTS = {
  direct: true,
  named: true,
  defaultFrom: true,
  namedFrom: true,
  namespaceFrom: true,
}

const HOUSE_SYNTAX = [
  { selector: 'ExportAllDeclaration', message: 'List the exported names by hand.' },
  {
    selector: 'PropertyDefinition[accessibility="private"]',
    message: 'Use a #private field: it is private at run time too.',
  },
  {
    selector: 'MethodDefinition[accessibility="private"][kind!="constructor"]',
    message: 'Use a #private method: it is private at run time too.',
  },
]

const REFLECT = { name: 'Reflect', message: 'Only src/annotations/reflect.ts reads and writes metadata.' }
const CONSOLE = {
  name: 'console',
  message: 'Log through a Logger: src/core/logger.ts.',
}

const TIME = 'Pass time in as a Clock: src/core/clock.ts.'
const TIMERS = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'performance'].map((name) => ({
  name,
  message: TIME,
}))
const TIME_PROPERTIES = [
  { object: 'Date', property: 'now', message: TIME },
  { object: 'AbortSignal', property: 'timeout', message: TIME },
  { object: 'process', property: 'nextTick', message: TIME },
  { object: 'process', property: 'hrtime', message: TIME },
]
const TIME_SYNTAX = [{ selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: TIME }]

/** Classes that may have more than 12 fields or 30 members, with the reason of each. */
const WIDE_CLASSES = {
  Connection: 'The API of a connection: users find all of it in one place, and it passes on to the parts.',
}

export default defineConfig([
  { files: ['**/*.{js,cjs,mjs,ts}'], plugins: { house }, rules: { 'house/prose': 'error' } },
  {
    files: ['**/*.md'],
    plugins: { markdown, house },
    language: 'markdown/gfm',
    rules: {
      'house/prose-markdown': 'error',
      'markdown/no-missing-label-refs': 'error',
      'markdown/no-missing-link-fragments': 'error',
    },
  },
  // The planted sentences of the prose lint.
  { files: ['test/lint/prose.test.ts'], rules: { 'house/prose': 'off' } },
  globalIgnores(['dist', 'examples/*/dist', '.build', 'coverage', '**/.temp', 'test/fixtures']),
  {
    files: ['**/*.js'],
    extends: [js.configs.recommended],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', URL: 'readonly' } },
  },
  {
    files: ['src/inspector/page/*.js'],
    languageOptions: {
      globals: {
        EventSource: 'readonly',
        ResizeObserver: 'readonly',
        URLSearchParams: 'readonly',
        clearTimeout: 'readonly',
        document: 'readonly',
        history: 'readonly',
        location: 'readonly',
        performance: 'readonly',
        setInterval: 'readonly',
        setTimeout: 'readonly',
      },
    },
  },
  {
    // Tests in a browser, with functions that run in it.
    files: ['far/inspector/*.js'],
    languageOptions: {
      globals: {
        PerformanceObserver: 'readonly',
        after: 'readonly',
        afterEach: 'readonly',
        before: 'readonly',
        beforeEach: 'readonly',
        clearInterval: 'readonly',
        document: 'readonly',
        getComputedStyle: 'readonly',
        setInterval: 'readonly',
        window: 'readonly',
      },
    },
  },
  {
    files: ['scripts/far.js'],
    languageOptions: { globals: { setTimeout: 'readonly', clearTimeout: 'readonly' } },
  },
  {
    files: ['{examples,far}/**/*.js'],
    languageOptions: {
      globals: {
        Buffer: 'readonly',
        TextDecoder: 'readonly',
        clearInterval: 'readonly',
        clearTimeout: 'readonly',
        describe: 'readonly',
        it: 'readonly',
        setInterval: 'readonly',
        setTimeout: 'readonly',
      },
    },
  },
  {
    files: ['**/*.cjs'],
    extends: [js.configs.recommended],
    languageOptions: { sourceType: 'commonjs', globals: { module: 'writable', require: 'readonly' } },
  },
  {
    files: ['bench/**/*.js'],
    languageOptions: {
      globals: {
        Buffer: 'readonly',
        performance: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        URLSearchParams: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
      },
    },
  },
  {
    // Only the prose is checked here: this code needs packages that only its own projects install.
    files: ['{examples,far}/**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    linterOptions: { reportUnusedDisableDirectives: 'off' },
  },
  {
    files: ['**/*.ts'],
    ignores: ['{examples,far}/**'],
    extends: [js.configs.recommended, tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-exports': ['error', { restrictDefaultExports: DEFAULT_EXPORTS }],
      'no-restricted-syntax': ['error', ...HOUSE_SYNTAX],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/prefer-readonly': 'error',
      // `() => this.#stop()` for its effect reads better than braces around it.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Annotated classes and marker classes are often without members.
      '@typescript-eslint/no-extraneous-class': 'off',
      // Code points are what a comparison of names wants.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      // Logger and its like are classes in order to be injection tokens; an object that fits is as good.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { house },
    rules: {
      'house/class-width': ['error', { fields: 12, members: 30, exempt: WIDE_CLASSES }],
      'house/explicit-undefined': 'error',
      'house/module-state': 'error',
      'house/perf-comment': 'error',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
      'no-restricted-globals': ['error', REFLECT, CONSOLE, ...TIMERS],
      'no-restricted-properties': ['error', ...TIME_PROPERTIES],
      'no-restricted-syntax': ['error', ...HOUSE_SYNTAX, ...TIME_SYNTAX],
      ...forbidImports(),
    },
  },
  ...[...new Set(Object.values(IMPORTERS).flat())].map((file) => ({
    files: [file],
    rules: forbidImports(Object.keys(IMPORTERS).filter((name) => IMPORTERS[name].includes(file))),
  })),
  {
    files: ['src/annotations/reflect.ts'],
    rules: { 'no-restricted-globals': ['error', CONSOLE, ...TIMERS] },
  },
  {
    files: ['src/core/logger.ts'],
    rules: { 'no-restricted-globals': ['error', REFLECT, ...TIMERS] },
  },
  {
    // The sources of time, the code that replaces the event loop of a socket, and the command, which nothing else imports.
    files: [
      'src/core/clock.ts',
      'src/core/platform*.ts',
      'src/ws/**/*.ts',
      'src/fast-paths/**/*.ts',
      'src/proxy/**/*.ts',
      'src/testing/*.ts',
      'src/{cli,terminal}/*.ts',
    ],
    rules: {
      'no-restricted-globals': ['error', REFLECT, CONSOLE],
      'no-restricted-properties': 'off',
      'no-restricted-syntax': ['error', ...HOUSE_SYNTAX],
    },
  },
  {
    files: ['test/**/*.ts', 'example-app/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Tests of misuse pass values that the types forbid, and read frames of a peer without checks.
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off', // () => void open.signal
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unused-expressions': 'off', // expect(x).to.be.true
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
])
