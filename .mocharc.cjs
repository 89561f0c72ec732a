const { existsSync, readdirSync } = require('node:fs')
const { basename, join } = require('node:path')

const TESTS = '.build/test'

/** What takes longest starts first, so that no worker is left alone with one of them at the end. */
const LONGEST = [
  'ws-conformance',
  'example-app',
  'fuzz',
  'package',
  'offline',
  'readme',
  'ws-compression',
  'chaos',
  'soak',
]

function rank(path) {
  const index = LONGEST.indexOf(basename(path, '.test.js'))
  return index < 0 ? LONGEST.length : index
}

const files = existsSync(TESTS) ? readdirSync(TESTS, { recursive: true }).sort() : []
const tests = files.filter((path) => path.endsWith('.test.js')).map((path) => join(TESTS, path))

module.exports = {
  spec: tests.sort((one, other) => rank(one) - rank(other)),
  require: [join(TESTS, 'setup.js')],
  'node-option': ['enable-source-maps', 'unhandled-rejections=strict', 'throw-deprecation'],
  reporter: './scripts/ci-reporter.js',
  parallel: true,
  jobs: 2,
  'check-leaks': true,
  'forbid-only': true,
  'fail-zero': true,
  timeout: 10_000,
}
