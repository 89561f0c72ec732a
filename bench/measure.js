import { fileURLToPath } from 'node:url'
import { runClient, startServer } from './processes.js'

/** Runs one workload in rounds: all rows one after another, in reverse order every second round. */
export async function measure(workload, { cells, clients, rounds, limit, add }) {
  const server = await startServer()
  try {
    for (const group of groupsOf(workload, cells, clients)) {
      const times = rounds ?? Math.max(...group.runs.map(({ cell }) => cell.rounds))
      for (let round = 0; round < times; round += 1) {
        for (const run of round % 2 ? group.runs.toReversed() : group.runs) {
          const result = await runOnce(workload, run, server, limit)
          add(workload.name, group.cell, run.row, round, result)
        }
      }
    }
  } finally {
    server.stop()
  }
}

/** Returns the groups to compare: all clients in one cell, or all cells for one client. */
function groupsOf(workload, cells, clients) {
  if (workload.compares) {
    const client = clients.find(({ name }) => name === workload.compares)
    if (!client) return []
    return [{ cell: '', runs: cells.map((cell) => ({ row: cell.key, cell, client })) }]
  }
  return cells.map((cell) => {
    const able = clients.filter(({ does }) => does.includes(cell.needs))
    return { cell: cell.key, runs: able.map((client) => ({ row: client.name, cell, client })) }
  })
}

let runs = 0

async function runOnce(workload, { cell, client }, { ports, tlsPort }, limit) {
  const spec = workload.specOf(cell, client.share ?? 1, limit)
  const port = spec.isSecure ? tlsPort : ports[runs++ % ports.length]
  const url = spec.path && `${spec.isSecure ? 'wss' : 'ws'}://127.0.0.1:${port}${spec.path}`
  const task = { ...spec, client: client.name, workload: workload.name, cell: cell.key, url }
  const program = client.python && [
    'python3',
    '-B',
    fileURLToPath(new URL(client.python.script, import.meta.url)),
  ]
  const result = await runClient(task, program)
  if (workload.check(result, task)) return result
  throw new Error(`${client.name} (${workload.name} ${cell.key}) failed its check: ${JSON.stringify(result)}`)
}
