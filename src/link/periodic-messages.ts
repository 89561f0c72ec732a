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

/** Options for a message that is sent at a fixed interval while the connection is ready. Holdfast does not expect a reply. */
export interface PeriodicOptions {
  /** Time between messages, in milliseconds. The first message is sent one interval after the connection becomes ready. */
  readonly interval?: number | undefined
  /**
   * Message, or a function that returns one each time. The codec encodes it. The function must be synchronous. If it returns `undefined`,
   * nothing is sent that time.
   */
  readonly message?: unknown
}

/** Periodic options with defaults filled in. */
export interface PeriodicSettings {
  readonly interval: number
  readonly message: unknown
}

/** Link that periodic messages are sent on. */
export interface PeriodicLink {
  /** Aborts when the link is lost. */
  readonly signal: AbortSignal
  readonly isOpen: boolean
  /** Sends a message ahead of ordinary ones; `flushed` is called once it has been sent or never will be. */
  sendUrgent(data: string | Uint8Array, flushed: () => void): void
}

/** Decides how long periodic messages are sent, and receives their errors. */
export interface PeriodicPort {
  readonly clock: Clock
  readonly codec: Codec
  /** Returns false once the link is no longer in use, and never true again. */
  isWanted(): boolean
  /** Called when a message could not be created or encoded. */
  onError(error: Error): void
}

/** Sends a message on one link at an interval, starting when the link is ready. */
export class PeriodicMessages implements ScheduledItem {
  readonly #settings: PeriodicSettings
  readonly #link: PeriodicLink
  readonly #port: PeriodicPort
  /** True until the last message has been sent: another one would pile up behind it. */
  #isWaiting = false
  dueAt: number
  heapIndex = -1

  private constructor(settings: PeriodicSettings, link: PeriodicLink, port: PeriodicPort) {
    this.#settings = settings
    this.#link = link
    this.#port = port
    this.dueAt = wholeNow(port.clock) + settings.interval
  }

  /** Starts sending on a ready link. Sending stops when the link is lost. */
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
    // After a sleep, missed messages are skipped instead of being sent in a burst.
    this.dueAt = following > now ? following : now + this.#settings.interval
    if (!this.#port.isWanted()) this.dueAt = Infinity
    else if (!this.#isWaiting) this.#send()
  }

  #send(): void {
    try {
      const message = this.#make()
      // The message function may have closed the connection.
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
    // The function is not called again on this link, so that the error is reported only once.
    if (isThenable(made)) this.dueAt = Infinity
    return refusePromise(made, NAME)
  }
}

const NAME = 'periodic.message'
