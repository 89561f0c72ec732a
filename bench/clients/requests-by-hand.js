/** How long a request may take, in milliseconds. */
const TIMEOUT = 30_000

/** Requests as one writes them by hand: a Map of those in flight, a counter for ids, and a timer for each. */
export function requestsByHand(send) {
  const pending = new Map()
  let count = 0
  return {
    request: (message) =>
      new Promise((resolve, reject) => {
        count += 1
        const id = count
        const timer = setTimeout(() => {
          pending.delete(id)
          reject(new Error(`Request ${id} timed out`))
        }, TIMEOUT)
        pending.set(id, { resolve, timer })
        send({ ...message, id })
      }),
    /** Tells whether a message was a reply. */
    take(message) {
      const request = pending.get(message.id)
      if (!request) return false
      pending.delete(message.id)
      clearTimeout(request.timer)
      request.resolve(message)
      return true
    },
  }
}
