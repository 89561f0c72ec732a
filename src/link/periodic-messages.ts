import { encodeWith } from '../codecs/codec.js'
import type { Codec } from '../codecs/codec.js'
import { madeBy, refusePromise } from '../codecs/late-message.js'
import { addAbortCallback } from '../core/abort-callbacks.js'
import { wholeNow } from '../core/clock.js'
import type { Clock } from '../core/clock.js'
import { toError } from '../core/error-text.js'
import { isThenable } from '../core/thenable.js'
import { TOLERANCE, MAX_TOLERANCE } from './heartbeat-schedule.js'
import { SharedHeartbeatTimer } from './heartbeat-timer.js'
import type { ScheduledItem } from './heartbeat-timer.js'

/** A message that is sent now and then while the connection is ready. Nothing is expected in return. */
export interface PeriodicOptions {
  /** Milliseconds between messages. The first one is sent an interval after the connection is ready. */
  readonly interval?: number | undefined
  /**
   * Message, or a function that makes one each time. It is sent through the codec. A function that returns `undefined` sends nothing that
   * time; it must return at once.
   */
  readonly message?: unknown
}

/** The same, complete. */
export interface PeriodicSettings {
  readonly interval: number
  readonly message: unknown
}

/** The link that periodic messages leave on. */
export interface PeriodicLink {
  /** Aborts when the link is lost. */
  readonly signal: AbortSignal
  readonly isOpen: boolean
  /** Sends before all that is not urgent; `flushed` is called when it has left or never will. */
  sendUrgent(data: string | Uint8Array, flushed: () => void): void
}

/** Knows how long periodic messages are wanted, and receives their errors. */
export interface PeriodicPort {
  readonly clock: Clock
  readonly codec: Codec
  /** False for good once the link does not serve any more. */
  isWanted(): boolean
  /** A message could not be made or encoded. */
  onError(error: Error): void
}

/** Sends a message on one link now and then, from when it is ready. */
export class PeriodicMessages implements ScheduledItem {
  readonly #settings: PeriodicSettings
  readonly #link: PeriodicLink
  readonly #port: PeriodicPort
  /** The last message has not left our process: another one would pile up behind it. */
  #isWaiting = false
  dueAt: number
  heapIndex = -1

  private constructor(settings: PeriodicSettings, link: PeriodicLink, port: PeriodicPort) {
    this.#settings = settings
    this.#link = link
    this.#port = port
    this.dueAt = wholeNow(port.clock) + settings.interval
  }

  /** Starts to send on a link that is ready, until it is lost. */
  static start(settings: PeriodicSettings, link: PeriodicLink, port: PeriodicPort): void {
    const messages = new PeriodicMessages(settings, link, port)
    const timer = SharedHeartbeatTimer.on(port.clock)
    timer.update(messages)
    addAbortCallback(link.signal, () => {
      messages.dueAt = Infinity
      timer.update(messages)
    })
  }

  get tolerance(): number {
    return Math.min(this.#settings.interval * TOLERANCE, MAX_TOLERANCE)
  }

  run(): void {
    const now = wholeNow(this.#port.clock)
    const following = this.dueAt + this.#settings.interval
    // Those that were slept through are left out, not sent in a burst.
    this.dueAt = following > now ? following : now + this.#settings.interval
    if (!this.#port.isWanted()) this.dueAt = Infinity
    else if (!this.#isWaiting) this.#send()
  }

  #send(): void {
    try {
      const message = this.#make()
      // Its function may have closed the connection.
      if (message === undefined || !this.#link.isOpen) return
      const data = encodeWith(this.#port.codec, message)
      this.#isWaiting = true
      this.#link.sendUrgent(data, () => {
        this.#isWaiting = false
      })
    } catch (thrown) {
      this.#port.onError(toError(thrown))
    }
  }

  #make(): unknown {
    const { message } = this.#settings
    const made = typeof message === 'function' ? madeBy(message as () => unknown, NAME) : message
    // It is not called again on this link: the mistake is reported once.
    if (isThenable(made)) this.dueAt = Infinity
    return refusePromise(made, NAME)
  }
}

const NAME = 'periodic.message'
