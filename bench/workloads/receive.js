import { checksumOfIds, fold } from '../payloads.js'

/** Floods of one size: the number of messages per second that are parsed and passed to a handler. */
export const receive = {
  name: 'receive',
  title: 'Receive flood',
  metrics: [
    { key: 'rate', unit: 'messages/s', isRate: true },
    // Same result as the rate on an idle machine, and still meaningful on a busy one.
    { key: 'cpu', unit: 'µs of CPU time per message' },
  ],
  cells: [
    { key: '120', label: '120 B', size: 120, count: 600_000, needs: 'receive', rounds: 7, isQuick: true },
    { key: '1k', label: '1 KB', size: 1_000, count: 150_000, needs: 'receive', rounds: 3 },
    { key: '16k', label: '16 KB', size: 16_000, count: 15_000, needs: 'receive', rounds: 3 },
    { key: '64k', label: '64 KB', size: 64_000, count: 4_000, needs: 'long', rounds: 7 },
    { key: '256k', label: '256 KB', size: 256_000, count: 1_000, needs: 'long', rounds: 7 },
    { key: '1m', label: '1 MB', size: 1_000_000, count: 250, needs: 'long', rounds: 7 },
    { key: 'binary', label: '64 KB, binary', size: 64_000, count: 4_000, needs: 'binary', rounds: 7 },
    { key: 'nested', label: '120 B, nested', size: 120, count: 600_000, needs: 'nested', rounds: 7 },
    { key: 'deflate', label: '1 KB, deflate', size: 1_000, count: 15_000, needs: 'deflate', rounds: 3 },
    { key: 'wss', label: '120 B, wss', size: 120, count: 600_000, needs: 'wss', rounds: 3 },
  ],

  specOf({ size, count, needs }, share) {
    const flag = ['deflate', 'binary', 'nested'].includes(needs) ? `&${needs}` : ''
    const scaled = Math.ceil(count * share)
    const path = `/flood?size=${size}${flag}`
    return { path, isSecure: needs === 'wss', size, count: scaled, warmup: Math.ceil(scaled / 2) }
  },

  async run({ open }, { url, count, warmup }) {
    let seen = 0
    let checksum = 0
    let expected = 0
    let finish
    const connection = await open(url, (message) => {
      checksum = fold(checksum, message.id)
      seen += 1
      if (seen === expected) finish()
    })
    const flood = async (length) => {
      seen = 0
      checksum = 0
      expected = length
      const finished = new Promise((resolve) => (finish = resolve))
      const start = performance.now()
      const before = process.cpuUsage()
      connection.send({ type: 'flood', count: length })
      await finished
      const { user, system } = process.cpuUsage(before)
      return { rate: length / ((performance.now() - start) / 1000), cpu: (user + system) / length }
    }
    await flood(warmup)
    const costs = await flood(count)
    // Surplus messages would arrive now.
    await new Promise((resolve) => setTimeout(resolve, 20))
    return { count: seen, checksum, ...costs }
  },

  check(result, { size, count }) {
    return result.count === count && result.checksum === checksumOfIds(count, size)
  },
}
