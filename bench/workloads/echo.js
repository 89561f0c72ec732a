import { checksumOfIds, blockOf, fold } from '../payloads.js'
import { quantile } from '../statistics.js'

/** The round-trip time of a message. Each connection sends the next one when the answer has arrived. */
export const echo = {
  name: 'echo',
  title: 'Echo latency',
  metrics: [
    { key: 'p50', unit: 'µs, p50' },
    { key: 'p99', unit: 'µs, p99' },
  ],
  cells: [
    {
      key: '1',
      label: '1 connection',
      connections: 1,
      count: 8_000,
      needs: 'echo',
      rounds: 7,
      isQuick: true,
    },
    { key: '64', label: '64 connections', connections: 64, count: 800, needs: 'echo', rounds: 7 },
  ],

  specOf({ connections, count }, share) {
    const scaled = Math.ceil(count * share)
    return { path: '/echo', connections, count: scaled, warmup: Math.ceil(scaled / 4) }
  },

  async run({ open }, { url, connections, count, warmup }) {
    const speakers = await Promise.all(Array.from({ length: connections }, () => speakerOf(open, url)))
    await Promise.all(speakers.map((speak) => speak(warmup)))
    const results = await Promise.all(speakers.map((speak) => speak(count)))
    const latencies = results.flatMap((result) => result.latencies)
    const checksums = new Set(results.map(({ checksum }) => checksum))
    return {
      count: latencies.length,
      checksum: checksums.size === 1 ? results[0].checksum : 'of one connection another than of the next',
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
    }
  },

  check(result, { connections, count }) {
    return result.count === connections * count && result.checksum === checksumOfIds(count, 120)
  },
}

/** Opens a connection and returns a function that sends a number of messages over it, one after another. */
async function speakerOf(open, url) {
  const messages = blockOf(120)
  let answered
  const connection = await open(url, (message) => answered(message))
  return (count) =>
    new Promise((resolve) => {
      const latencies = []
      let checksum = 0
      let start = 0
      const next = () => {
        start = performance.now()
        connection.send(messages[latencies.length % messages.length])
      }
      answered = (message) => {
        latencies.push((performance.now() - start) * 1000)
        checksum = fold(checksum, message.id)
        if (latencies.length < count) next()
        else resolve({ latencies, checksum })
      }
      next()
    })
}
