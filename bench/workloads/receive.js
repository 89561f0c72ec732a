import { checksumOfIds, fold } from '../payloads.js'

/** Floods of one size: how many messages a second are parsed and handed to a handler. */
export const receive = {
  name: 'receive',
  title: 'Receive flood',
  unit: 'messages/s',
  cells: [
    { key: '120', label: '120 B', size: 120, count: 300_000, needs: 'receive', isQuick: true },
    { key: '1k', label: '1 KB', size: 1_000, count: 80_000, needs: 'receive' },
    { key: '16k', label: '16 KB', size: 16_000, count: 6_000, needs: 'receive' },
    { key: 'deflate', label: '1 KB, deflate', size: 1_000, count: 15_000, needs: 'deflate' },
    { key: 'wss', label: '120 B, wss', size: 120, count: 250_000, needs: 'wss' },
  ],

  specOf({ size, count, needs }) {
    const path = `/flood?size=${size}${needs === 'deflate' ? '&deflate' : ''}`
    return { path, isSecure: needs === 'wss', count, warmup: Math.ceil(count / 4) }
  },

  async run(open, { url, count, warmup }) {
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
      connection.send({ type: 'flood', count: length })
      await finished
      return (performance.now() - start) / 1000
    }
    await flood(warmup)
    const seconds = await flood(count)
    // What is too much would come now.
    await new Promise((resolve) => setTimeout(resolve, 20))
    return { count: seen, checksum, score: count / seconds }
  },

  check(result, { count }) {
    return result.count === count && result.checksum === checksumOfIds(count)
  },
}
