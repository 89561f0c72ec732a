import { parseArgs } from 'node:util'
import { clients } from './clients/index.js'
import { workloads } from './workloads/index.js'

const HELP = `npm run bench -- [options]
  --quick             a short version of about 90 seconds, for a first impression
  --only receive,send only these workloads: ${workloads.map(({ name }) => name).join(', ')}
  --cells 120,wss     only these cells of the workloads
  --clients holdfast  only these clients and ws: ${clients.map(({ name }) => name).join(', ')}
  --rounds 7          number of rounds
  --output FILE       file for the tables (default: bench/results.md; none with --quick or a selection)
  --strict            exits with 1 if a goal is not met`

/** Reads the command line. Ends the process if it contains a mistake or asks for help. */
export function readOptions() {
  try {
    return choose(parse())
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${HELP}\n`)
    process.exit(2)
  }
}

function parse() {
  const text = { type: 'string' }
  const flag = { type: 'boolean', default: false }
  const { values } = parseArgs({
    options: {
      help: flag,
      quick: flag,
      strict: flag,
      only: text,
      cells: text,
      clients: text,
      rounds: text,
      output: text,
    },
  })
  if (values.help) {
    process.stdout.write(`${HELP}\n`)
    process.exit(0)
  }
  return values
}

function choose({ quick, strict, only, cells, clients: named, rounds, output }) {
  const isPart = Boolean(quick || only || cells || named || rounds)
  const chosen = pick(workloads, ({ name }) => name, only, 'workload')
  const keys = cells?.split(',')
  return {
    strict,
    rounds: rounds ? readRounds(rounds) : quick ? 1 : undefined,
    output: output ?? (isPart ? undefined : new URL('results.md', import.meta.url)),
    clients: pick(clients, ({ name }) => name, named && `ws,${named}`, 'client'),
    runs: chosen.map((workload) => ({
      workload,
      cells: workload.cells.filter(({ key, isQuick }) => (keys ? keys.includes(key) : isQuick || !quick)),
    })),
  }
}

function readRounds(text) {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--rounds wants a whole number, and got ${text}`)
  return Number(text)
}

function pick(list, nameOf, given, what) {
  if (given === undefined) return list
  const names = given.split(',')
  const unknown = names.find((name) => !list.some((item) => nameOf(item) === name))
  if (unknown !== undefined) throw new Error(`There is no ${what} named ${unknown}`)
  return list.filter((item) => names.includes(nameOf(item)))
}
