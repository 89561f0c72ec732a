// Compiles the consumer with every TypeScript, in every kind of resolution, with and without a look into the declarations.
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

/** Returns the options that a resolution needs in a version; undefined where it is none. */
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
    // What other packages declare is theirs: @msgpack/msgpack needs TypeScript 5.7.
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

// Two at a time.
await Promise.all([work(), work()])
console.log(`${counts.passed} passed, ${counts.failed} failed, 0 skipped`)
process.exitCode = counts.failed > 0 ? 1 : 0
