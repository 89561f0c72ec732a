import { parseArgs } from 'node:util'
import { clients } from './clients/index.js'
import { runClient, startServer } from './processes.js'
import { pairRatios, summarize } from './statistics.js'
import { workloads } from './workloads/index.js'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
    only: { type: 'string' },
    cells: { type: 'string' },
    clients: { type: 'string' },
    rounds: { type: 'string' },
  },
})
const picked = (list, name) => list === undefined || list.split(',').includes(name)
const rounds = Number(values.rounds ?? (values.quick ? 2 : 7))

for (const workload of workloads.filter(({ name }) => picked(values.only, name))) {
  const server = await startServer()
  for (const cell of workload.cells) {
    if ((values.quick && !cell.isQuick) || !picked(values.cells, cell.key)) continue
    const rows = clients.filter(
      ({ name, does, missing }) =>
        !missing && does.includes(cell.needs) && (name === 'ws' || picked(values.clients, name)),
    )
    const scores = new Map(rows.map(({ name }) => [name, []]))
    for (let round = 0; round < rounds; round += 1) {
      for (const { name } of round % 2 ? rows.toReversed() : rows) {
        const spec = workload.specOf(cell)
        const port = spec.isSecure ? server.tlsPort : server.port
        spec.url = `${spec.isSecure ? 'wss' : 'ws'}://127.0.0.1:${port}${spec.path}`
        Object.assign(spec, { client: name, workload: workload.name, cell: cell.key })
        const result = await runClient(spec)
        if (!workload.check(result, spec))
          throw new Error(`${name} failed its check: ${JSON.stringify(result)}`)
        scores.get(name).push(result.score)
      }
    }
    for (const [name, list] of scores) {
      const { median, min, max } = summarize(pairRatios(list, scores.get('ws')))
      const absolute = summarize(list).median
      console.log(
        `${workload.name} ${cell.label}  ${name.padEnd(16)} ${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})  ${Math.round(absolute / 1000)}k ${workload.unit}`,
      )
    }
  }
  server.stop()
}
