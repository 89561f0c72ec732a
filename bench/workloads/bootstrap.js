import { setTimeout as sleep } from 'node:timers/promises'

/** The cost of creating one more client and keeping it. Holdfast only, in memory. */
export const bootstrap = {
  name: 'bootstrap',
  title: 'Bootstrap',
  metrics: [
    { key: 'time', unit: 'µs of CPU per client' },
    { key: 'heap', unit: 'KB of heap per client' },
  ],
  compares: 'holdfast',
  cells: [
    { key: '1', label: '1 handler, 1,000 clients', keys: 1, connections: 1_000, rounds: 5, isQuick: true },
    { key: '20', label: '20 handlers, 1,000 clients', keys: 20, connections: 1_000, rounds: 5 },
    {
      key: '200',
      label: '200 handlers, 1,000 clients',
      keys: 200,
      connections: 1_000,
      rounds: 5,
      isQuick: true,
    },
    { key: '100', label: '1 handler, 100 clients', keys: 1, connections: 100, rounds: 5 },
    { key: '10000', label: '1 handler, 10,000 clients', keys: 1, connections: 10_000, rounds: 5 },
  ],
  specOf: ({ keys, connections }) => ({ keys, connections, warmup: 500 }),

  async run(_client, { keys, connections, warmup }) {
    const { connectInMemory, feedWith, keysOf } = await import('./memory-feed.js')
    let count = 0
    const Feed = feedWith(keysOf(keys), () => {
      count += 1
    })
    for (let made = 0; made < warmup; made += 1) {
      const { client } = await connectInMemory(Feed)
      await client.close()
    }
    const before = await heap()
    const start = process.cpuUsage()
    const made = []
    for (let number = 0; number < connections; number += 1) made.push(await connectInMemory(Feed))
    const { user, system } = process.cpuUsage(start)
    const after = await heap()
    // Each client must exist and receive messages.
    for (const { peer } of made) peer.send({ type: 'key000' })
    await sleep(10)
    return { count, time: (user + system) / connections, heap: (after - before) / connections / 1024 }
  },

  check: (result, { connections }) => result.count === connections,
}

async function heap() {
  for (let times = 0; times < 3; times += 1) {
    globalThis.gc()
    await sleep(20)
  }
  return process.memoryUsage().heapUsed
}
