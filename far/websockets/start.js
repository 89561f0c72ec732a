// Runs the tests with a Python that has the packages. Without one, it reports the tests as skipped.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Interpreters to try: the system's has the packages of Debian, and the first one on the path may have its own. */
const INTERPRETERS = [process.env['PYTHON'], '/usr/bin/python3', 'python3']

function canImport(python, name) {
  return spawnSync(python, ['-c', `import ${name}`]).status === 0
}

const python = INTERPRETERS.find((path) => path && canImport(path, 'websockets'))
if (python) {
  const mocha = join(dirname(fileURLToPath(import.meta.resolve('mocha/package.json'))), 'bin/mocha.js')
  const options =
    '--no-config --check-leaks --forbid-only --fail-zero --reporter ../../scripts/ci-reporter.js'
  const { status } = spawnSync(process.execPath, [mocha, ...options.split(' '), '*.test.js'], {
    stdio: 'inherit',
    env: { ...process.env, PYTHON: python },
  })
  process.exitCode = status ?? 1
} else {
  console.log('skipped because: not installed: python3-websockets\n0 passed, 0 failed, 1 skipped')
}
