// Removes compiled files whose source is gone, because mocha would go on running a deleted test. Everything else stays, so that
// `tsc -b` compiles only what changed.
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join, normalize, relative, sep } from 'node:path'

/** Each folder of compiled files, and the folder of its sources. */
const FOLDERS = [
  ['dist', 'src'],
  ['.build/test', 'test'],
  ['.build/test/standard', 'test'],
  ['.build/example-app', 'example-app'],
]
const COMPILED = /[.](js|d[.]ts)([.]map)?$/

/** Folders of compiled files that lie inside this one. */
function inner(folder) {
  return FOLDERS.flatMap(([other]) => (other.startsWith(`${folder}/`) ? [relative(folder, other)] : []))
}

/** Lists the compiled files of a folder by their paths in it. */
function compiledIn(folder) {
  if (!existsSync(folder)) return []
  const others = inner(folder)
  return readdirSync(folder, { recursive: true }).filter(
    (path) => COMPILED.test(path) && !others.some((other) => path.startsWith(other + sep)),
  )
}

/** Returns whether an output of a source that `tsc -b` has recorded is missing: it would not write that output again. */
function lacksOutput(folder, sources) {
  const record = join(folder, '.tsbuildinfo')
  if (!existsSync(record)) return false
  const { fileNames = [] } = JSON.parse(readFileSync(record, 'utf8'))
  return fileNames
    .map((path) => relative(sources, normalize(join(dirname(record), path))))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.startsWith('..'))
    .some(
      (path) => existsSync(join(sources, path)) && !existsSync(join(folder, path.replace(/[.]ts$/, '.js'))),
    )
}

for (const [folder, sources] of FOLDERS) {
  for (const path of compiledIn(folder)) {
    if (!existsSync(join(sources, path.replace(COMPILED, '.ts')))) rmSync(join(folder, path))
  }
  if (lacksOutput(folder, sources)) rmSync(join(folder, '.tsbuildinfo'))
}
