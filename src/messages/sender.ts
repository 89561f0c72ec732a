import { encodeWith } from '../codecs/codec.js'
import type { Codec } from '../codecs/codec.js'
import { ChunkedMessage } from '../codecs/chunked-message.js'
import { LateMessage } from '../codecs/late-message.js'
import { MessageDroppedError, NotConnectedError, OutboxFullError } from '../errors/send-errors.js'
import type { Clock } from '../core/clock.js'
import { RESOLVED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { HARD_LIMIT_FACTOR, LOW_WATER_SHARE } from '../core/water-marks.js'
import type { SendOptions } from '../transports/transport.js'
import { OUTBOX_DEFAULTS, Outbox, isLate } from './outbox.js'
import type { OutboxData, OutboxEntry, OutboxSettings } from './outbox.js'

/** The part of a link that a sender uses. */
export interface SenderLink {
  readonly isOpen: boolean
  readonly codec: Codec
  /** Number of unsent bytes if it exceeds 16 times the high-water mark; otherwise `undefined`. */
  readonly excess: number | undefined
  /** Number of messages that are queued because of the rate limit and have not been created yet. */
  readonly lateWaiting: number
  /** @param left called when the data has been written to the socket, or never will be */
  send(data: string | Uint8Array, left?: () => void, options?: SendOptions): Promise<void>
  /** Sends a message that is created or iterated when it is passed to the socket. */
  sendLate(late: LateMessage | ChunkedMessage): Promise<void>
}

/** The connection that a sender belongs to. */
export interface SenderPort {
  /** Returns the link that the caller may send on now; `undefined` if the message has to wait. */
  openLink(): SenderLink | undefined
  /** Returns the connection's status, for use in errors. */
  status(): string
  /** Reports messages that will not be sent. */
  onDropped(error: MessageDroppedError, message: unknown): void
}

/** Sends messages on the link if the caller may send now. Otherwise, it keeps them in the outbox. */
export class Sender {
  readonly #port: SenderPort
  readonly #highWaterMark: number
  readonly #settings: OutboxSettings | false
  readonly #clock: Clock
  /** Created when the first message has to wait. perf: saves 200 B per connection that sends only while it is open. */
  #outbox: Outbox | undefined
  #drained: Deferred<void> | undefined
  #isFlushing = false

  constructor(outbox: OutboxSettings | false, highWaterMark: number, clock: Clock, port: SenderPort) {
    this.#port = port
    this.#highWaterMark = highWaterMark
    this.#settings = outbox
    this.#clock = clock
  }

  /** Number of messages in the outbox. */
  get size(): number {
    return this.#outbox?.size ?? 0
  }

  /** Number of bytes in the outbox. */
  get bytes(): number {
    return this.#outbox?.bytes ?? 0
  }

  /**
   * Sends a frame, or adds it to the outbox, which copies its bytes. A late message is encoded when it is passed to the socket.
   *
   * @param message the message that the frame contains, for reports and for `conflate`
   * @returns a promise for flow control only; see `Connection.send`
   * @throws NotConnectedError if the message has to wait and `outbox` is `false`
   * @throws OutboxFullError if the outbox is full (with `overflow: 'reject'`), or if the link has too much unsent data
   */
  send(data: OutboxData, message: unknown, options?: SendOptions): Promise<void> {
    const link = this.#isFlushing ? undefined : this.#port.openLink()
    return link ? this.#sendNow(link, data, options) : this.#keep({ data, message, options })
  }

  /**
   * Encodes a message with the link's codec and sends it. If the message has to wait, the outbox keeps it unencoded, and the next link's
   * codec encodes it. Returns and throws like {@link send}.
   *
   * @throws EncodeError if the link's codec cannot encode the message
   */
  sendMessage(message: unknown, options?: SendOptions): Promise<void> {
    const link = this.#isFlushing ? undefined : this.#port.openLink()
    if (link) return this.#sendNow(link, encodeWith(link.codec, message), options)
    return this.#keep({ data: new LateMessage(message, undefined, undefined, !options), message })
  }

  #keep(entry: OutboxEntry): Promise<void> {
    if (this.#settings === false) throw new NotConnectedError(this.#port.status())
    this.#outbox ??= this.#createOutbox(this.#settings)
    const { isAccepted, dropped } = this.#outbox.push(entry)
    for (const each of dropped) this.#report('overflow', [each])
    // A callback that ran during this call, such as `conflate`, may have closed the connection.
    if (this.#port.status() === 'closed') this.end()
    if (!isAccepted && this.#settings.overflow === 'reject')
      throw new OutboxFullError(this.#outbox.size, this.#outbox.bytes)
    if (entry.data instanceof ChunkedMessage) return entry.data.over
    if (this.#outbox.bytes < this.#highWaterMark) return RESOLVED
    this.#drained ??= deferred()
    return this.#drained.promise
  }

  /**
   * Sends a frame on this link only. If the link is lost, the message is dropped and reported.
   *
   * @throws OutboxFullError like {@link send}
   */
  sendOver(link: SenderLink, data: OutboxData, message: unknown, options?: SendOptions): Promise<void> {
    if (link.isOpen) return this.#sendNow(link, data, options)
    this.#report('gone', [{ data, message }])
    return RESOLVED
  }

  #sendNow(link: SenderLink, data: OutboxData, options: SendOptions | undefined): Promise<void> {
    const { excess } = link
    if (excess !== undefined) throw new OutboxFullError(0, excess, this.#highWaterMark)
    if (typeof data === 'string' || data instanceof Uint8Array) return link.send(data, undefined, options)
    return this.#sendLateNow(link, data)
  }

  /** Limits the number of messages that have not been created yet. Their size is unknown, so it cannot be limited. */
  #sendLateNow(link: SenderLink, late: LateMessage | ChunkedMessage): Promise<void> {
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
   * Sends the messages in the outbox, in order. If the link stops accepting messages, the remaining ones keep their place and age. Messages
   * that a callback sends during the flush are queued behind them.
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
        else if (isLate(entry.data)) void link.sendLate(entry.data)
        else void link.send(entry.data, undefined, entry.options)
      }
    } finally {
      this.#isFlushing = false
    }
    if (expired.length > 0) this.#report('expired', expired)
    this.#resolveDrained()
  }

  /** Reports all messages in the outbox as dropped, and resolves the promises of their senders. */
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
    for (const { data } of entries) if (data instanceof ChunkedMessage) data.end()
    const messages = entries.map(({ message }) => message)
    this.#port.onDropped(new MessageDroppedError(reason, messages), messages[0])
  }
}

const UNCOMPRESSED: SendOptions = { compress: false }

/** Returns the options of a message in the form in which they are kept; `undefined` if they are the defaults. */
export function keptOptions(options: SendOptions | undefined): SendOptions | undefined {
  return options?.compress === false ? UNCOMPRESSED : undefined
}
