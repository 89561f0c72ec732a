// Runs the tests with Chromium. Without it, it reports the tests as skipped.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PATHS = [process.env['CHROMIUM'], '/usr/bin/chromium']

const chromium = PATHS.find((path) => path && existsSync(path))
if (chromium) {
  const mocha = join(dirname(fileURLToPath(import.meta.resolve('mocha/package.json'))), 'bin/mocha.js')
  const options =
    '--no-config --check-leaks --forbid-only --fail-zero --timeout 60000 --reporter ../../scripts/ci-reporter.js'
  const { status } = spawnSync(process.execPath, [mocha, ...options.split(' '), '*.test.js'], {
    stdio: 'inherit',
    env: { ...process.env, CHROMIUM: chromium },
  })
  process.exitCode = status ?? 1
} else {
  console.log('skipped because: not installed: chromium\n0 passed, 0 failed, 1 skipped')
}
