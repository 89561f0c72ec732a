/** Timeout of a request, in milliseconds. */
const TIMEOUT = 30_000

/** Hand-written requests: a Map of the requests in flight, a counter for IDs, and one timer per request. */
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
    /** Returns whether a message was a reply. */
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
