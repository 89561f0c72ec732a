// Compiles the consumer with every version of TypeScript, in every module resolution, with and without skipLibCheck.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

const RESOLUTIONS = {
  node16: ['--module', 'node16', '--moduleResolution', 'node16'],
  nodenext: ['--module', 'nodenext', '--moduleResolution', 'nodenext'],
  bundler: ['--module', 'esnext', '--moduleResolution', 'bundler'],
  node10: ['--module', 'esnext', '--moduleResolution', 'node10'],
}
const LIBRARIES = { skipLibCheck: ['--skipLibCheck'], strictly: ['--skipLibCheck', 'false'] }
const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const compilers = Object.keys(dependencies).filter((name) => name.startsWith('typescript-'))

/** Returns the compiler options for a resolution, or undefined if the version does not support it. */
function optionsOf(compiler, resolution) {
  const version = Number(compiler.split('-')[1])
  if (resolution !== 'node10' || version < 6) return RESOLUTIONS[resolution]
  return version < 7 ? [...RESOLUTIONS[resolution], '--ignoreDeprecations', '6.0'] : undefined
}

async function compile(compiler, options) {
  const args = [`node_modules/${compiler}/bin/tsc`, '-p', '.', '--pretty', 'false', ...options]
  try {
    await promisify(execFile)(process.execPath, args)
    return ''
  } catch (error) {
    // Ignores errors in the declarations of other packages. For example, @msgpack/msgpack needs TypeScript 5.7.
    const lines = (error.stdout || String(error)).split('\n')
    return lines.filter((line) => !/^node_modules\/(?!holdfast\/)/.test(line)).join('\n')
  }
}

const tasks = compilers.flatMap((compiler) =>
  Object.keys(RESOLUTIONS).flatMap((resolution) => {
    const options = optionsOf(compiler, resolution)
    return Object.entries(options ? LIBRARIES : {}).map(([library, more]) => ({
      title: `${compiler}, ${resolution}, ${library}`,
      run: () => compile(compiler, [...options, ...more]),
    }))
  }),
)
const counts = { passed: 0, failed: 0 }

async function work() {
  for (let task = tasks.shift(); task; task = tasks.shift()) {
    const errors = (await task.run()).trim()
    counts[errors ? 'failed' : 'passed'] += 1
    console.log(`${errors ? 'not ok' : 'ok'} ${task.title}\n${errors}`.trimEnd())
  }
}

// Runs two compilers at a time.
await Promise.all([work(), work()])
console.log(`${counts.passed} passed, ${counts.failed} failed, 0 skipped`)
process.exitCode = counts.failed > 0 ? 1 : 0
