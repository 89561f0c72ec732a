import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { isPinned } from './processes.js'

/** Describes the machine and the versions, without a date, so that two results can be compared line by line. */
export function machineFacts(clients) {
  return [
    `${cpus()[0]?.model ?? 'an unknown processor'}, ${availableParallelism()} cores, ${process.platform} ${process.arch}`,
    isPinned
      ? 'load server and client pinned to one core each'
      : 'load server and client not pinned to cores',
    `Node ${process.versions.node}, V8 ${process.versions.v8}`,
    `holdfast ${version('..', 'package.json')} on ws ${version('..', 'node_modules/ws/package.json')}`,
    ...clients.flatMap(packageFacts),
  ]
}

function packageFacts({ packages = [], python }) {
  if (python) return [pythonFact(python.module)]
  const versions = packages.map((name) => `${name} ${version('.', `node_modules/${name}/package.json`)}`)
  return versions.length > 0 ? [versions.join(', ')] : []
}

function pythonFact(module) {
  const script = `import sys, ${module}; print(f"{sys.version.split()[0]}, ${module} {${module}.__version__}")`
  return `Python ${execFileSync('python3', ['-c', script], { encoding: 'utf8' }).trim()}`
}

function version(folder, path) {
  return JSON.parse(readFileSync(new URL(`${folder}/${path}`, import.meta.url), 'utf8')).version
}

/** Returns the number of sockets that a process can open, minus a reserve. */
export function socketLimit() {
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()
  return limit === 'unlimited' ? Infinity : Number(limit) - 400
}
