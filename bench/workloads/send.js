import { blockOf, checksumOfTexts } from '../payloads.js'

/** Bursts with flow control: the sender buffers up to 1 MiB, then yields until the buffer has drained. */
export const send = {
  name: 'send',
  title: 'Send bursts',
  metrics: [
    { key: 'rate', unit: 'messages/s', isRate: true },
    { key: 'cpu', unit: 'µs of CPU time per message' },
  ],
  cells: [
    { key: '120', label: '120 B', size: 120, count: 200_000, needs: 'send', rounds: 7, isQuick: true },
    { key: '1k', label: '1 KB', size: 1_000, count: 80_000, needs: 'send', rounds: 3 },
    {
      key: 'json',
      label: '120 B, from an object',
      size: 120,
      count: 150_000,
      needs: 'send',
      rounds: 3,
      isJson: true,
    },
    { key: '16k', label: '16 KB', size: 16_000, count: 10_000, needs: 'long', rounds: 7 },
    { key: '64k', label: '64 KB', size: 64_000, count: 2_500, needs: 'long', rounds: 7 },
    { key: '256k', label: '256 KB', size: 256_000, count: 600, needs: 'long', rounds: 7 },
    { key: '1m', label: '1 MB', size: 1_000_000, count: 150, needs: 'long', rounds: 7 },
    { key: 'binary', label: '64 KB, binary', size: 64_000, count: 2_500, needs: 'binary', rounds: 7 },
  ],

  specOf({ size, count, needs, isJson = false }, share) {
    const scaled = Math.ceil(count * share)
    const warmup = Math.ceil(scaled / 4)
    return {
      path: `/sink?batches=${warmup},${scaled}`,
      size,
      count: scaled,
      warmup,
      isJson,
      isBinary: needs === 'binary',
    }
  },

  async run({ open }, { url, size, count, warmup, isJson, isBinary }) {
    let done
    const connection = await open(url, (message) => done(message))
    const messages = blockOf(size)
    const texts = messages.map((message) => JSON.stringify(message))
    const frames = isBinary ? texts.map((text) => Buffer.from(text)) : texts
    const isText = connection.sendText && !isJson
    const burst = isText ? burstOf(connection, frames, 'sendText') : burstOf(connection, messages, 'send')
    const answer = () => new Promise((resolve) => (done = resolve))
    const warm = answer()
    await burst(warmup)
    await warm
    const arrived = answer()
    const start = performance.now()
    const before = process.cpuUsage()
    await burst(count)
    const { count: received, checksum } = await arrived
    const { user, system } = process.cpuUsage(before)
    const rate = count / ((performance.now() - start) / 1000)
    return { count: received, checksum, rate, cpu: (user + system) / count }
  },

  check(result, { size, count }) {
    const texts = blockOf(size).map((message) => JSON.stringify(message))
    return result.count === count && result.checksum === checksumOfTexts(texts, count)
  },
}

function burstOf(connection, items, member) {
  return async (count) => {
    for (let index = 0; index < count; index += 1) {
      connection[member](items[index % items.length])
      if (connection.isFull()) await connection.drained()
    }
    await connection.drained()
  }
}
