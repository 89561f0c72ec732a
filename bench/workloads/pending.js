import { blockOf, checksumOfIds, fold } from '../payloads.js'

/** The time per waiting message by the number of waiting messages. Holdfast only: its outbox, and then its rate limiter. */
export const pending = {
  name: 'pending',
  title: 'Messages that wait to be sent',
  metrics: [{ key: 'time', unit: 'µs of CPU per message' }],
  compares: 'holdfast',
  cells: [
    { key: '100', label: '100 wait', waiting: 100, rounds: 7, isQuick: true },
    { key: '200k', label: '200,000 wait', waiting: 200_000, rounds: 7, isQuick: true },
  ],
  specOf: ({ waiting }) => ({ waiting, count: 2_000_000, warmup: 400_000 }),

  async run(_client, { waiting, count, warmup }) {
    const { queues } = await import('./pending-queues.js')
    const messages = blockOf(120)
    const texts = messages.map((message) => JSON.stringify(message))
    const indexes = new Map(texts.map((text, index) => [text, index]))
    let sent = 0
    let checksum = 0
    const { keep, flush } = queues(waiting, (text) => {
      checksum = fold(checksum, messages[indexes.get(text)].id)
      sent += 1
    })
    const pass = (length) => {
      sent = 0
      checksum = 0
      const start = process.cpuUsage()
      for (let index = 0; index < length;) {
        for (let kept = 0; kept < waiting; kept += 1, index += 1) keep(texts[index % texts.length])
        flush()
      }
      const { user, system } = process.cpuUsage(start)
      return (user + system) / length
    }
    pass(warmup)
    const time = pass(count)
    return { count: sent, checksum, time }
  },

  check(result, { count }) {
    return result.count === count && result.checksum === checksumOfIds(count, 120)
  },
}
