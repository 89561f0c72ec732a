import { checksumOfTurns, fold } from '../payloads.js'

/** Number of types. Only messages of the first one are wanted: one in ten. */
const TYPES = ['ticker', 'trade', 'book', 'candle', 'status', 'rate', 'index', 'mark', 'quote', 'news']

/** Floods in which one message of ten is wanted: the number of messages per second for a client that handles few of them. */
export const unwanted = {
  name: 'unwanted',
  title: 'Unwanted messages',
  metrics: [
    { key: 'rate', unit: 'messages/s', isRate: true },
    { key: 'cpu', unit: 'µs of CPU time per message' },
  ],
  cells: [
    { key: '120', label: '120 B', size: 120, count: 1_200_000, needs: 'select', rounds: 7, isQuick: true },
    { key: '1k', label: '1 KB', size: 1_000, count: 300_000, needs: 'select', rounds: 7 },
  ],

  specOf: ({ size, count }) => ({
    path: `/flood?size=${size}&types=${TYPES.join()}`,
    size,
    count,
    warmup: Math.ceil(count / 2),
  }),

  async run({ select }, { url, size, count, warmup }) {
    let seen = 0
    let checksum = 0
    let expected = 0
    let finish
    const connection = await select(url, TYPES[0], (message) => {
      checksum = fold(checksum, message.id)
      seen += 1
      if (seen === expected) finish()
    })
    const flood = async (length) => {
      seen = 0
      checksum = 0
      expected = checksumOfTurns(length, size, TYPES.length).wanted
      const before = connection.unwanted()
      const finished = new Promise((resolve) => (finish = resolve))
      const start = performance.now()
      const cpuBefore = process.cpuUsage()
      connection.send({ type: 'flood', count: length })
      await finished
      const { user, system } = process.cpuUsage(cpuBefore)
      const seconds = (performance.now() - start) / 1000
      // The messages after the last wanted one, and surplus ones, would arrive now.
      await new Promise((resolve) => setTimeout(resolve, 20))
      const unwanted = connection.unwanted() - before
      return { unwanted, rate: length / seconds, cpu: (user + system) / length }
    }
    await flood(warmup)
    const costs = await flood(count)
    return { count: seen, checksum, ...costs }
  },

  check(result, { size, count }) {
    const { wanted, checksum } = checksumOfTurns(count, size, TYPES.length)
    return result.count === wanted && result.unwanted === count - wanted && result.checksum === checksum
  },
}
