import { encodeWith } from '../codecs/codec.js'
import type { Codec } from '../codecs/codec.js'
import { LateMessage } from '../codecs/late-message.js'
import { MessageDroppedError, NotConnectedError, OutboxFullError } from '../errors/send-errors.js'
import type { Clock } from '../core/clock.js'
import { describeValue } from '../core/describe-value.js'
import { RESOLVED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { HARD_LIMIT_FACTOR, LOW_WATER_SHARE } from '../core/water-marks.js'
import { OUTBOX_DEFAULTS, Outbox } from './outbox.js'
import type { OutboxData, OutboxEntry, OutboxSettings } from './outbox.js'

/** The link that sending is about, as far as it is about it. */
export interface SenderLink {
  readonly isOpen: boolean
  readonly codec: Codec
  /** Bytes that wait to be sent, if that is more than 16 times the high-water mark; else `undefined`. */
  readonly excess: number | undefined
  /** Number of messages that the rate limit holds back and that are not made yet. */
  readonly lateWaiting: number
  /** @param left called when it has left this process, or never will */
  send(data: string | Uint8Array, left?: () => void): Promise<void>
  /** Sends a message that is made when it is handed to the socket. */
  sendLate(late: LateMessage): Promise<void>
}

/** What sending asks of its machine. */
export interface SenderPort {
  /** The link over which the caller may send now; `undefined` while that has to wait. */
  openLink(): SenderLink | undefined
  /** What the connection is doing, for errors. */
  status(): string
  /** Reports messages that will not be sent. */
  onDropped(error: MessageDroppedError, message: unknown): void
}

/** What a connection is asked to send: over its link when it may, else kept in the outbox until it may. */
export class Sender {
  readonly #port: SenderPort
  readonly #highWaterMark: number
  readonly #settings: OutboxSettings | false
  readonly #clock: Clock
  /** Made when something has to be kept. perf: saves 200 B per connection that sends only while open. */
  #outbox: Outbox | undefined
  #drained: Deferred<void> | undefined
  #isFlushing = false

  constructor(outbox: OutboxSettings | false, highWaterMark: number, clock: Clock, port: SenderPort) {
    this.#port = port
    this.#highWaterMark = highWaterMark
    this.#settings = outbox
    this.#clock = clock
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#outbox?.bytes ?? 0
  }

  /**
   * Sends a frame, or keeps it. Bytes that are kept are copied. A late message becomes a frame when it is handed to the socket.
   *
   * @param message what the frame says, for reports and for `conflate`
   * @returns flow control only: see `Connection.send`
   * @throws NotConnectedError where there is no outbox
   * @throws OutboxFullError where it is full, and says so, or where too much waits on the link
   */
  send(data: OutboxData, message: unknown): Promise<void> {
    const link = this.#isFlushing ? undefined : this.#port.openLink()
    return link ? this.#sendNow(link, data) : this.#keep(data, message)
  }

  /**
   * Sends a message through the codec of the link. Without a link it is kept as it is, and encoded by the codec of the link that sends it.
   * Returns and throws like {@link send}.
   *
   * @throws EncodeError when the codec of the link cannot encode it
   */
  sendMessage(message: unknown): Promise<void> {
    const link = this.#isFlushing ? undefined : this.#port.openLink()
    return link
      ? this.#sendNow(link, encodeWith(link.codec, message))
      : this.#keep(new LateMessage(message), message)
  }

  #keep(data: OutboxData, message: unknown): Promise<void> {
    if (this.#settings === false) throw new NotConnectedError(this.#port.status())
    this.#outbox ??= this.#createOutbox(this.#settings)
    const { isAccepted, dropped } = this.#outbox.push({ data, message })
    for (const entry of dropped) this.#report('overflow', [entry])
    // A function that was called meanwhile, such as `conflate`, can have closed the connection.
    if (this.#port.status() === 'closed') this.end()
    if (!isAccepted && this.#settings.overflow === 'reject')
      throw new OutboxFullError(this.#outbox.size, this.#outbox.bytes)
    if (this.#outbox.bytes < this.#highWaterMark) return RESOLVED
    this.#drained ??= deferred()
    return this.#drained.promise
  }

  /**
   * Sends a frame over one link, and over no other: if that is gone, the message is dropped, and reported.
   *
   * @throws OutboxFullError like {@link send}
   */
  sendOver(link: SenderLink, data: OutboxData, message: unknown): Promise<void> {
    if (link.isOpen) return this.#sendNow(link, data)
    this.#report('gone', [{ data, message }])
    return RESOLVED
  }

  #sendNow(link: SenderLink, data: OutboxData): Promise<void> {
    const { excess } = link
    if (excess !== undefined) throw new OutboxFullError(0, excess, this.#highWaterMark)
    return data instanceof LateMessage ? this.#sendLateNow(link, data) : link.send(data)
  }

  /** Messages that are not made yet have no bytes to bound them: their number does. */
  #sendLateNow(link: SenderLink, late: LateMessage): Promise<void> {
    const { lateWaiting } = link
    const { limit } = this.#settings || OUTBOX_DEFAULTS
    if (lateWaiting >= limit) throw new OutboxFullError(lateWaiting, 0, this.#highWaterMark)
    return link.sendLate(late)
  }

  #createOutbox(settings: OutboxSettings): Outbox {
    const bytes = Math.min(settings.bytes, this.#highWaterMark * HARD_LIMIT_FACTOR)
    return new Outbox({ ...settings, bytes }, this.#clock)
  }

  /**
   * Sends the kept messages, in order. Those that the link does not take any more are kept on, in their places and as old as they are.
   * Messages that are sent meanwhile, from a callback, queue up behind.
   */
  flush(link: SenderLink): void {
    if (!this.#outbox) return
    const expired: OutboxEntry[] = []
    this.#isFlushing = true
    try {
      while (link.isOpen) {
        const first = this.#outbox.takeFirst()
        if (!first) break
        const { entry, isExpired } = first
        if (isExpired) expired.push(entry)
        else if (entry.data instanceof LateMessage) void link.sendLate(entry.data)
        else void link.send(entry.data)
      }
    } finally {
      this.#isFlushing = false
    }
    if (expired.length > 0) this.#report('expired', expired)
    this.#resolveDrained()
  }

  /** Reports what was kept and will never be sent, and lets everybody go on. */
  end(): void {
    const left = this.#outbox?.takeAll()
    if (left && left.fresh.length > 0) this.#report('closed', left.fresh)
    if (left && left.expired.length > 0) this.#report('expired', left.expired)
    this.#drained?.resolve()
  }

  #resolveDrained(): void {
    if (this.bytes > this.#highWaterMark * LOW_WATER_SHARE) return
    this.#drained?.resolve()
    this.#drained = undefined
  }

  #report(reason: MessageDroppedError['reason'], entries: readonly OutboxEntry[]): void {
    const messages = entries.map(({ message }) => message)
    this.#port.onDropped(new MessageDroppedError(reason, messages), messages[0])
  }
}

/**
 * Checks what is sent as it is.
 *
 * @throws TypeError for anything but text and bytes, naming the method that was meant
 */
export function checkRaw(data: unknown): asserts data is string | Uint8Array {
  if (typeof data === 'string' || data instanceof Uint8Array) return
  throw new TypeError(
    `send() accepts a string or a Uint8Array, received ${describeValue(data)}. Use sendJson() or sendMessage()`,
  )
}
