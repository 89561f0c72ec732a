import { blockOf, checksumOfIds, fold } from '../payloads.js'

/** Requests of about 130 B. Each of the parallel loops sends the next one when the reply has arrived. */
export const requests = {
  name: 'requests',
  title: 'Requests',
  metrics: [{ key: 'time', unit: 'µs of CPU per request' }],
  cells: [
    { key: '1', label: '1 in flight', depth: 1, count: 20_000, needs: 'requests', rounds: 7 },
    {
      key: '1024',
      label: '1,024 in flight',
      depth: 1_024,
      count: 300_000,
      needs: 'requests',
      rounds: 7,
      isQuick: true,
    },
  ],

  specOf({ depth, count }) {
    return { path: '/echo', depth, count, warmup: Math.ceil(count / 3) }
  },

  async run({ open }, { url, depth, count, warmup }) {
    const connection = await open(url, () => undefined)
    const messages = questions()
    const ask = async (length) => {
      let asked = 0
      let answered = 0
      let checksum = 0
      const asker = async () => {
        while (asked < length) {
          const message = messages[asked % messages.length]
          asked += 1
          const reply = await connection.request(message)
          answered += 1
          checksum = fold(checksum, reply.number)
        }
      }
      const start = process.cpuUsage()
      await Promise.all(Array.from({ length: depth }, asker))
      const { user, system } = process.cpuUsage(start)
      return { count: answered, checksum, time: (user + system) / length }
    }
    await ask(warmup)
    return ask(count)
  },

  check(result, { count }) {
    return result.count === count && result.checksum === checksumOfIds(count, 120)
  },
}

/** Messages without a number in `id`, because the client writes the `id`. */
function questions() {
  return blockOf(120).map(({ id, ...message }) => ({ ...message, number: id }))
}
