import { setTimeout as sleep } from 'node:timers/promises'

const REAL_INTERVAL = 30_000

/** Number of connections that open at the same time. */
const CONCURRENCY = 128

/** The cost of many idle connections with a heartbeat. */
export const idle = {
  name: 'idle',
  title: 'Idle connections',
  metrics: [
    { key: 'open', unit: 's to open all' },
    { key: 'heap', unit: 'KB of heap per connection' },
    { key: 'rss', unit: 'KB of memory (RSS) per connection' },
    { key: 'process', unit: 'MB of memory (RSS) of the process' },
  ],
  cells: [
    { key: 'few', label: '1,000', connections: 1_000, needs: 'idle', rounds: 3, isQuick: true },
    { key: 'many', label: '10,000', connections: 10_000, needs: 'idle', rounds: 3 },
  ],
  specOf: ({ connections }, share, limit) => ({
    path: '/echo',
    connections: Math.min(connections, limit),
    interval: REAL_INTERVAL,
  }),

  async run({ hold }, { url, connections, interval }) {
    await openAll(hold, url, 200, interval)
    const before = await memory()
    const start = performance.now()
    const held = await openAll(hold, url, connections, interval)
    const open = (performance.now() - start) / 1000
    await sleep(300)
    const after = await memory()
    const perConnection = (key) => (after[key] - before[key]) / connections / 1024
    return {
      count: countOpen(held),
      open,
      heap: perConnection('heapUsed'),
      rss: perConnection('rss'),
      process: after.rss / 1024 / 1024,
    }
  },

  check: (result, { connections }) => result.count === connections,
}

/** The cost of the heartbeats of many connections. They beat ten times as often as usual, to save minutes. */
export const heartbeat = {
  name: 'heartbeat',
  title: 'Heartbeats of idle connections',
  metrics: [{ key: 'cpu', unit: '% of a core, scaled to a heartbeat every 30 s' }],
  cells: [
    { key: 'few', label: '1,000', connections: 1_000, needs: 'idle', rounds: 1, isQuick: true },
    { key: 'many', label: '10,000', connections: 10_000, needs: 'idle', rounds: 3 },
  ],
  specOf: ({ connections }, share, limit) => ({
    path: '/echo',
    connections: Math.min(connections, limit),
    interval: REAL_INTERVAL / 10,
    intervals: 3,
  }),

  async run({ hold, open }, { url, connections, interval, intervals }) {
    const held = await openAll(hold, url, connections, interval)
    const pings = await pingCounter(open, url)
    await sleep(interval)
    const before = await pings()
    const start = process.cpuUsage()
    await sleep(interval * intervals)
    const { user, system } = process.cpuUsage(start)
    const count = (await pings()) - before
    const share = (user + system) / 1000 / (interval * intervals)
    return { count, open: countOpen(held), cpu: (share * 100 * interval) / REAL_INTERVAL }
  },

  /** On a busy machine, a heartbeat can miss the end of the window, or fall into its start. */
  check({ count, open }, { connections, intervals }) {
    return open === connections && Math.abs(count / connections / intervals - 1) < 0.15
  },
}

async function openAll(hold, url, count, interval) {
  const held = []
  let started = 0
  const opener = async () => {
    while (started < count) {
      started += 1
      held.push(await hold(url, () => undefined, interval))
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, opener))
  return held
}

function countOpen(held) {
  return held.filter((connection) => connection.isOpen()).length
}

async function memory() {
  for (let times = 0; times < 3; times += 1) {
    globalThis.gc()
    await sleep(50)
  }
  return process.memoryUsage()
}

/** Returns a function that requests the server's number of pings, over all connections. */
async function pingCounter(open, url) {
  let answered
  const connection = await open(url.replace('/echo', '/pings'), (message) => answered(message))
  return () =>
    new Promise((resolve) => {
      answered = ({ pings }) => resolve(pings)
      connection.send({ type: 'pings' })
    })
}
