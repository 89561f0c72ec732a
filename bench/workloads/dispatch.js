import { setImmediate as nextTurn } from 'node:timers/promises'
import { blockOf, checksumOfIds, fold } from '../payloads.js'

/** Number of messages per turn. */
const TURN = 512

/** The time per message by the number of handlers of the class. Holdfast only, in memory. */
export const dispatch = {
  name: 'dispatch',
  title: 'Routed dispatch',
  metrics: [{ key: 'time', unit: 'µs of CPU per message' }],
  compares: 'holdfast',
  cells: [
    { key: '1', label: '1 key', keys: 1, rounds: 5, isQuick: true },
    { key: '20', label: '20 keys', keys: 20, rounds: 5, isQuick: true },
    { key: '200', label: '200 keys', keys: 200, rounds: 5, isQuick: true },
    { key: 'nest', label: '1 key, in a Nest application', keys: 1, inNest: true, rounds: 5, isQuick: true },
  ],
  // Each of 200 handlers must become as hot as a single one.
  specOf: ({ keys, inNest = false }) => ({ keys, inNest, count: 1_000_000, warmup: 3_000_000 }),

  async run(_client, { keys: number, inNest, count, warmup }) {
    const { connectInMemory, connectInNest, feedWith, keysOf } = await import('./memory-feed.js')
    let seen = 0
    let checksum = 0
    const keys = keysOf(number)
    const Feed = feedWith(keys, (message, key) => {
      if (message.type === key) checksum = fold(checksum, message.id)
      seen += 1
    })
    const { peer } = await (inNest ? connectInNest(Feed) : connectInMemory(Feed))
    const texts = textsOf(keys)
    const deliver = async (length) => {
      seen = 0
      checksum = 0
      const start = process.cpuUsage()
      for (let index = 0; index < length; index += 1) {
        peer.send(texts[index % texts.length])
        if (index % TURN === TURN - 1) await nextTurn()
      }
      while (seen < length) await nextTurn()
      const { user, system } = process.cpuUsage(start)
      return (user + system) / length
    }
    await deliver(warmup)
    const time = await deliver(count)
    return { count: seen, checksum, time }
  },

  check(result, { count }) {
    return result.count === count && result.checksum === checksumOfIds(count, 120)
  },
}

/** Largest number of keys of a cell. */
const MOST = 200

/**
 * Creates the messages. All cells contain the same number of different short texts, whether keys or products. `JSON.parse` looks each
 * text up in a table and gets slower with their number, which is not a cost of dispatch.
 */
function textsOf(keys) {
  const products = Array.from(
    { length: MOST + 1 - keys.length },
    (_, index) => `C${String(index).padStart(3, '0')}-EU`,
  )
  return blockOf(120, keys).map((message, index) =>
    JSON.stringify({ ...message, product: products[index % products.length] }),
  )
}
