// One run of one client. The only argument is the task as JSON, and the last line of output is the result.
import { clients } from './clients/index.js'
import { workloads } from './workloads/index.js'

const spec = JSON.parse(process.argv[2])
const { load } = clients.find(({ name }) => name === spec.client)
const { run } = workloads.find(({ name }) => name === spec.workload)
const result = await run(await load(), spec)
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit())
