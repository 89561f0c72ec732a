// One run of one client: what is to be done comes as JSON in the only argument, and the result is the last line of output.
import { clients } from './clients/index.js'
import { workloads } from './workloads/index.js'

const spec = JSON.parse(process.argv[2])
const { load } = clients.find(({ name }) => name === spec.client)
const { run } = workloads.find(({ name }) => name === spec.workload)
const result = await run(await load(), spec)
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit())
