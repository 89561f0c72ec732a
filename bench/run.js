// Runs the benchmark (`npm run bench`); see README.md.
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { machineFacts, socketLimit } from './machine.js'
import { measure } from './measure.js'
import { Measurements } from './measurements.js'
import { readOptions } from './options.js'
import { hasProgram } from './processes.js'
import { report, tablesOf } from './report.js'

const METHOD = [
  'The load server, the client and the program that starts them are separate processes. Each run of a client is a new process.',
  'Rounds are interleaved, every second one in reverse order. A ratio compares two runs of the same round. The tables show the median, the smallest and the largest ratio.',
  'The server sends frames that were encoded in advance, in chunks of 256 KB. Messages are JSON; each flood repeats up to 1,024 different ones.',
  'Each run checks the number of messages and an order-sensitive checksum, over the received messages or over each byte that the server received. A wrong one ends the benchmark.',
  'At least the first fifth of each run is not counted. Native additions to `ws` (bufferutil, utf-8-validate) are off.',
]

/** Installs the peers, on which the project does not depend. */
function installPeers() {
  if (existsSync(new URL('node_modules', import.meta.url))) return
  const folder = fileURLToPath(new URL('.', import.meta.url))
  const args = ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund']
  const { status } = spawnSync('npm', args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error('npm ci in bench failed')
}

/** Separates the clients that can run here from the others, with the reasons. */
async function sortOut(clients) {
  const able = []
  const skipped = []
  for (const client of clients) {
    const { name, missing, python } = client
    const isThere = !python || (await hasProgram('python3', ['-c', `import ${python.module}`]))
    const reason = isThere ? missing : `Python's ${python.module} is not installed`
    if (reason) skipped.push(`${name}: ${reason}`)
    else able.push(client)
  }
  return { able, skipped }
}

const { strict, rounds, output, clients, runs } = readOptions()
installPeers()
const { able, skipped } = await sortOut(clients)
const limit = socketLimit()
if (limit < 10_000)
  skipped.push(`10,000 connections: this user may open ${limit} sockets in a process, so it were as many`)
const measurements = new Measurements()
const add = (...result) => measurements.add(...result)
for (const { workload, cells } of runs) {
  process.stderr.write(`${workload.title} …\n`)
  await measure(workload, { cells, clients: able, rounds, limit, add })
  console.log(`\n## ${workload.title}\n\n${tablesOf(workload, measurements).join('\n\n')}`)
}

const peers = able
  .filter(({ name, isLimit }) => !isLimit && !name.startsWith('holdfast'))
  .map(({ name }) => name)
const workloads = runs.map(({ workload }) => workload)
const machine = machineFacts(able)
const { text, lines } = report({ measurements, workloads, peers, skipped, method: METHOD, machine })
if (output) writeFileSync(output, text)
console.log(`\n${text.slice(text.search(/^## (Not measured|Goals)/m))}`)
if (strict && lines.some(({ isMet, isStretch }) => !isMet && !isStretch)) process.exitCode = 1
