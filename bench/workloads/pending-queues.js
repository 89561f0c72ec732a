import { RateLimiter } from '../../dist/link/rate-limiter.js'
import { OUTBOX_DEFAULTS } from '../../dist/messages/outbox.js'
import { Sender } from '../../dist/messages/sender.js'

/** A clock whose only timer runs when `run` is called. */
class HandClock {
  #time = 0
  #timer

  now() {
    return this.#time
  }

  setTimeout(callback, delay) {
    const timer = { callback, at: this.#time + delay }
    this.#timer = timer
    return { cancel: () => (this.#timer = this.#timer === timer ? undefined : this.#timer) }
  }

  /** Runs the timer until none is set. */
  run() {
    while (this.#timer) {
      const { callback, at } = this.#timer
      this.#timer = undefined
      this.#time = at
      callback()
    }
  }
}

/** Creates an outbox for `count` messages, and behind it a rate limiter that passes 100 at a time. */
export function queues(limit, send) {
  const clock = new HandClock()
  const limiter = new RateLimiter({ messages: 100, per: 1_000, reserve: 0 }, clock, { send })
  const settings = { ...OUTBOX_DEFAULTS, limit, bytes: Infinity }
  const port = { openLink: () => undefined, status: () => 'waiting', onDropped: () => undefined }
  const sender = new Sender(settings, Infinity, clock, port)
  const link = { isOpen: true, excess: undefined, send: (text) => limiter.push(text) }
  return {
    keep: (text) => void sender.send(text, text),
    flush() {
      sender.flush(link)
      clock.run()
    },
  }
}
