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

const counts = { passed: 0, failed: 0 }
for (const compiler of compilers)
  for (const resolution of Object.keys(RESOLUTIONS))
    for (const [library, more] of Object.entries(LIBRARIES)) {
      const options = optionsOf(compiler, resolution)
      if (!options) continue
      const errors = (await compile(compiler, [...options, ...more])).trim()
      counts[errors ? 'failed' : 'passed'] += 1
      console.log(`${errors ? 'not ok' : 'ok'} ${compiler}, ${resolution}, ${library}\n${errors}`.trimEnd())
    }
console.log(`${counts.passed} passed, ${counts.failed} failed, 0 skipped`)
process.exitCode = counts.failed > 0 ? 1 : 0
