import type { Codec } from '../codecs/codec.js'
import type { LateMessage } from '../codecs/late-message.js'
import { RESOLVED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { HARD_LIMIT_FACTOR, LOW_WATER_SHARE } from '../core/water-marks.js'
import { toError } from '../core/error-text.js'
import { ConnectionLostError } from '../errors/connection-errors.js'
import { MessageDroppedError } from '../errors/send-errors.js'
import type { Transport } from '../transports/transport.js'
import type { LinkSettings } from './link-settings.js'
import { RateLimitedTransport } from './rate-limited-transport.js'
import type { RateLimitedFrame } from './rate-limited-transport.js'
import type { RateLimiter } from './rate-limiter.js'
import type { ReadDemand } from './read-flow.js'
import { ReadFlow, probeIntervalOf } from './read-flow.js'
import type { ReadFlowPort } from './read-flow.js'

/** The parts of the hub that the flow of a link uses. All links of a connection share one hub. */
export interface FlowHub {
  /** Keeps all links of a connection below a rate, if there is a limit. */
  readonly limiter: RateLimiter<RateLimitedFrame> | undefined
  /** Knows who waits for messages, and who is behind. */
  readonly demand: ReadDemand
  /** True while an iterator is behind. */
  readonly isBehind: boolean
  /** A message could not be made or encoded. */
  onEncodeError(error: Error, message: unknown): void
  /** Counts and reports messages that will never be sent. */
  drop(error: MessageDroppedError, message: unknown): void
}

/** The owner of the flow of a link. */
export interface FlowOwner extends ReadFlowPort {
  /** When `@OnOpen` settled, if it has: until then the link is read on. */
  readonly readyAt: number | undefined
}

/** The flow of one open socket in both directions, bounded by marks. */
export abstract class LinkFlow<Owner extends FlowOwner = FlowOwner, Hub extends FlowHub = FlowHub> {
  /** Which link of its connection it is, from 1. */
  readonly number: number
  readonly transport: Transport
  protected readonly settings: LinkSettings
  protected readonly owner: Owner
  protected readonly hub: Hub
  /** Shared by all sends that wait. perf: one promise for all of them, and none per idle connection. */
  #drained: Deferred<void> | undefined
  /** perf: saves 155 B per silent connection. */
  #readFlow: ReadFlow | undefined

  constructor(number: number, transport: Transport, settings: LinkSettings, owner: Owner, hub: Hub) {
    const { limiter } = hub
    this.number = number
    this.transport = limiter ? new RateLimitedTransport(transport, limiter) : transport
    this.settings = settings
    this.owner = owner
    this.hub = hub
  }

  /** True while messages can be sent. */
  abstract get isOpen(): boolean
  /** Why the link was lost, if it is. */
  protected abstract get lostWith(): Error | undefined

  // --- reading ----------------------------------------------------------------------------------------------------------

  /** Since when it has been read without a pause, by the monotonic clock; `Infinity` during one: nothing can be held against the peer. */
  get readSince(): number {
    return this.#readFlow?.readSince ?? 0
  }

  /** True if far too much is pending of a link that is read on because it is closing: the rest is to be discarded. */
  get isFlooded(): boolean {
    return this.#readFlow?.isFlooded ?? false
  }

  get readCounter(): ReadFlow {
    return (this.#readFlow ??= this.#createReadFlow())
  }

  #createReadFlow(): ReadFlow {
    const { highWaterMark, highWaterBytes, heartbeat, clock } = this.settings
    const settings = { highWaterMark, highWaterBytes, probeInterval: probeIntervalOf(heartbeat) }
    const readFlow = new ReadFlow(settings, clock, this.transport, this.hub.demand, this.owner)
    if (this.owner.readyAt !== undefined) readFlow.onReady()
    return readFlow
  }

  /** The first frame of a chunk has come in. */
  protected onFrame(): void {
    this.#readFlow?.onFrame()
  }

  /** `@OnOpen` has settled: nothing has to be read for it any more. */
  protected readByDemand(): void {
    if (this.#readFlow || this.hub.isBehind) this.readCounter.onReady()
  }

  // --- sending ----------------------------------------------------------------------------------------------------------

  /** The error of a send on this link; `undefined` while it is open. */
  get refusal(): ConnectionLostError | undefined {
    if (this.isOpen) return undefined
    const message = `Cannot send: connection #${this.number} was lost`
    const cause = this.lostWith
    return new ConnectionLostError(message, 1006, '', cause && { cause })
  }

  /** The codec of its messages. */
  get codec(): Codec {
    return this.settings.codec
  }

  /** Bytes that wait to be sent, if that is more than 16 times the high-water mark; else `undefined`. */
  get excess(): number | undefined {
    // perf: below the mark nothing is asked of the transport.
    return this.#drained && this.excessOf(this.transport.bufferedAmount)
  }

  /** Returns the bytes that wait, if that is more than 16 times the high-water mark. */
  protected excessOf(bufferedAmount: number): number | undefined {
    return bufferedAmount > this.settings.sendHighWaterMark * HARD_LIMIT_FACTOR ? bufferedAmount : undefined
  }

  /**
   * Hands a frame to the transport.
   *
   * @param left called when it has left this process, or never will
   * @returns a promise that is flow control only: settled already below the high-water mark, resolved at the low mark or at the
   * link's end otherwise; it never rejects
   * @throws ConnectionLostError unless the link is open
   */
  send(data: string | Uint8Array, left?: () => void): Promise<void> {
    const { refusal, transport } = this
    if (refusal) throw refusal
    const mark = this.settings.sendHighWaterMark
    const isHigh = this.#drained !== undefined || transport.bufferedAmount + data.length >= mark
    if (!isHigh) {
      transport.send(data, left)
      return RESOLVED
    }
    transport.send(data, () => {
      this.#onFlushed()
      left?.()
    })
    if (transport.bufferedAmount < mark) return RESOLVED
    this.#drained ??= deferred()
    return this.#drained.promise
  }

  /** Number of messages that the rate limit holds back and that are not made yet. */
  get lateWaiting(): number {
    return this.transport instanceof RateLimitedTransport ? this.transport.waitingLate : 0
  }

  /**
   * Makes a message and hands it to the transport: at once, or when the rate limit lets it go. Failures to make it are reported.
   *
   * @returns like {@link send}
   * @throws ConnectionLostError unless the link is open
   */
  sendLate(late: LateMessage): Promise<void> {
    const { refusal, transport } = this
    if (refusal) throw refusal
    if (transport instanceof RateLimitedTransport) {
      transport.sendLate(
        late,
        () => this.#make(late),
        () => this.#onFlushed(),
      )
      return RESOLVED
    }
    const data = this.#make(late)
    return data === undefined ? RESOLVED : this.send(data)
  }

  /** Returns the frame of a message; `undefined` where there is none, or where its function has closed the link. */
  #make(late: LateMessage): string | Uint8Array | undefined {
    try {
      const data = late.encode(this.settings.codec)
      const { refusal } = this
      if (!refusal) return data
      if (data !== undefined)
        this.hub.drop(new MessageDroppedError('gone', [late.source], { cause: refusal }), late.source)
    } catch (thrown) {
      const error = toError(thrown)
      this.hub.onEncodeError(error, late.source)
      late.fail(error)
    }
    return undefined
  }

  #onFlushed(): void {
    if (this.transport.bufferedAmount <= this.settings.sendHighWaterMark * LOW_WATER_SHARE)
      this.#releaseSenders()
  }

  /** Lets all that wait go on sending. */
  #releaseSenders(): void {
    this.#drained?.resolve()
    this.#drained = undefined
  }

  /** Resolves when the rate limiter holds nothing back any more. */
  whenDrained(): Promise<void> {
    return this.transport instanceof RateLimitedTransport ? this.transport.whenDrained() : RESOLVED
  }

  /** The link is lost: nobody waits for it any more. Returns what was never handed to the socket. */
  protected endFlow(): readonly unknown[] {
    const unsent = this.transport instanceof RateLimitedTransport ? this.transport.clear() : []
    this.#releaseSenders()
    this.#readFlow?.release()
    return unsent
  }
}
