import { frameChannel } from '../diagnostics/channels.js'
import { publishMessageFrame } from '../diagnostics/frames.js'
import type { Codec } from '../codecs/codec.js'
import { ChunkedMessage } from '../codecs/chunked-message.js'
import type { LateMessage } from '../codecs/late-message.js'
import { RESOLVED, deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { HARD_LIMIT_FACTOR, LOW_WATER_SHARE } from '../core/water-marks.js'
import { toError } from '../core/error-text.js'
import { ConnectionLostError } from '../errors/connection-errors.js'
import { MessageDroppedError } from '../errors/send-errors.js'
import type { SendOptions, Transport } from '../transports/transport.js'
import { CloseCode } from './close-code.js'
import { FragmentedSend } from './fragmented-send.js'
import type { LinkClosing } from './link-closing.js'
import type { LinkSettings } from './link-settings.js'
import { QueuedTransport } from './queued-transport.js'
import type { QueuedFrame } from './queued-transport.js'
import type { RateLimiter } from './rate-limiter.js'
import type { ReadDemand } from './read-flow.js'
import { ReadFlow, probeIntervalOf } from './read-flow.js'
import type { ReadFlowPort } from './read-flow.js'

/** Parts of the hub that the flow of a link uses. All links of a connection share one hub. */
export interface FlowHub {
  /** Rate limiter that all links of a connection share, if there is a limit. */
  readonly limiter: RateLimiter<QueuedFrame> | undefined
  /** Counts the callers that wait for a message, and the iterators that have fallen behind. */
  readonly demand: ReadDemand
  /** True while an iterator has fallen behind. */
  readonly isBehind: boolean
  /** Called when a message could not be created or encoded. */
  onEncodeError(error: Error, message: unknown, consequence?: string): void
  /** Counts and reports messages that will never be sent. */
  drop(error: MessageDroppedError, message: unknown): void
}

export interface FlowOwner extends ReadFlowPort {
  /** Time at which `@OnOpen` completed; `undefined` before that. Until then, the link keeps being read. */
  readonly readyAt: number | undefined
}

/** Flow control for one open socket, in both directions, with high-water marks. */
export abstract class LinkFlow<Owner extends FlowOwner = FlowOwner, Hub extends FlowHub = FlowHub> {
  /** Number of the link within its connection, starting at 1. */
  readonly number: number
  /** Transport of this link. Replaced when the first message is sent in fragments, because other messages then have to wait. */
  transport: Transport
  protected readonly settings: LinkSettings
  protected readonly owner: Owner
  protected readonly hub: Hub
  /** Shared by all pending sends. perf: one promise for all of them, and none per idle connection. */
  #drained: Deferred<void> | undefined
  /** perf: created on first use, saves 155 B per silent connection. */
  readFlowIfAny: ReadFlow | undefined

  constructor(number: number, transport: Transport, settings: LinkSettings, owner: Owner, hub: Hub) {
    const { limiter } = hub
    this.number = number
    this.transport = limiter ? new QueuedTransport(transport, limiter, owner) : transport
    this.settings = settings
    this.owner = owner
    this.hub = hub
  }

  /** True while messages can be sent. */
  abstract get isOpen(): boolean
  /** Ends the link. */
  abstract get closing(): Pick<LinkClosing, 'close'>
  /** Error with which the link was lost, if it was. */
  protected abstract get lostWith(): Error | undefined

  // --- reading ----------------------------------------------------------------------------------------------------------

  /** Monotonic time at which reading last resumed; `Infinity` while the link is paused, because silence then proves nothing. */
  get readSince(): number {
    return this.readFlowIfAny?.readSince ?? 0
  }

  /** True if far too many messages are pending while the link is still being read because it is closing. Later messages are discarded. */
  get isFlooded(): boolean {
    return this.readFlowIfAny?.isFlooded ?? false
  }

  get readCounter(): ReadFlow {
    return (this.readFlowIfAny ??= this.#createReadFlow())
  }

  #createReadFlow(): ReadFlow {
    const { highWaterMark, highWaterBytes, heartbeat, clock } = this.settings
    const settings = { highWaterMark, highWaterBytes, probeInterval: probeIntervalOf(heartbeat) }
    const readFlow = new ReadFlow(settings, clock, this.transport, this.hub.demand, this.owner)
    if (this.owner.readyAt !== undefined) readFlow.onReady()
    return readFlow
  }

  /** Called when the first frame of a chunk arrives. */
  protected onFrame(): void {
    this.readFlowIfAny?.onFrame()
  }

  /** Called when `@OnOpen` completes and reading no longer has to continue for it. */
  protected readByDemand(): void {
    if (this.readFlowIfAny || this.hub.isBehind) this.readCounter.onReady()
  }

  // --- sending ----------------------------------------------------------------------------------------------------------

  /** Error to throw for a send on this link; `undefined` while the link is open. */
  get refusal(): ConnectionLostError | undefined {
    if (this.isOpen) return undefined
    const message = `Cannot send: connection #${this.number} was lost`
    const cause = this.lostWith
    return new ConnectionLostError(message, 1006, '', cause && { cause })
  }

  /** Codec for this link's messages. */
  get codec(): Codec {
    return this.settings.codec
  }

  /** Bytes waiting to be sent, if they exceed 16 times the high-water mark; otherwise `undefined`. */
  get excess(): number | undefined {
    // perf: below the mark, the transport is not queried.
    return this.#drained && this.excessOf(this.transport.bufferedAmount)
  }

  /** Returns the bytes waiting to be sent if they exceed 16 times the high-water mark. */
  protected excessOf(bufferedAmount: number): number | undefined {
    return bufferedAmount > this.settings.sendHighWaterMark * HARD_LIMIT_FACTOR ? bufferedAmount : undefined
  }

  /**
   * Passes a frame to the transport.
   *
   * @param left called once the frame has been sent or never will be
   * @returns a promise for flow control only. Below the high-water mark, it is already resolved. Otherwise, it resolves at the low-water
   * mark or when the link ends. It never rejects
   * @throws ConnectionLostError unless the link is open
   */
  send(data: string | Uint8Array, left?: () => void, options?: SendOptions): Promise<void> {
    const { refusal, transport } = this
    if (refusal) throw refusal
    const mark = this.settings.sendHighWaterMark
    const isHigh = this.#drained !== undefined || transport.bufferedAmount + data.length >= mark
    if (!isHigh) {
      this.write(data, left, options)
      return RESOLVED
    }
    const flushed = (): void => {
      this.#onFlushed()
      left?.()
    }
    this.write(data, flushed, options)
    if (transport.bufferedAmount < mark) return RESOLVED
    this.#drained ??= deferred()
    return this.#drained.promise
  }

  /** Passes a frame to the transport. A queue publishes it only when it is passed to the socket. */
  protected write(data: string | Uint8Array, flushed?: () => void, options?: SendOptions): void {
    const { transport } = this
    if (frameChannel.hasSubscribers && !(transport instanceof QueuedTransport))
      publishMessageFrame(this.owner, 'transmit', data)
    transport.send(data, flushed, options)
  }

  /** Number of messages that are held back by the rate limit and are not encoded yet. */
  get lateWaiting(): number {
    return this.transport instanceof QueuedTransport ? this.transport.waitingLate : 0
  }

  /**
   * Encodes a message and passes it to the transport, immediately or when the rate limit allows. Encoding errors are reported, not thrown.
   *
   * @returns like {@link send}
   * @throws ConnectionLostError unless the link is open
   */
  sendLate(late: LateMessage | ChunkedMessage): Promise<void> {
    const { refusal, transport } = this
    if (refusal) throw refusal
    if (late instanceof ChunkedMessage) return this.#sendChunked(late)
    if (transport instanceof QueuedTransport && transport.isQueueing) {
      transport.sendLate(
        late,
        () => this.#make(late),
        () => this.#onFlushed(),
        optionsOf(late),
      )
      return RESOLVED
    }
    const data = this.#make(late)
    return data === undefined ? RESOLVED : this.send(data, undefined, optionsOf(late))
  }

  #sendChunked(message: ChunkedMessage): Promise<void> {
    const { clock, sendHighWaterMark: highWaterMark } = this.settings
    const queue =
      this.transport instanceof QueuedTransport
        ? this.transport
        : new QueuedTransport(this.transport, undefined, this.owner)
    this.transport = queue
    const onError = (error: Error, isIncomplete: boolean): void => {
      if (isIncomplete) this.closing.close(CloseCode.INTERNAL_ERROR, 'incomplete message')
      const consequence = isIncomplete ? `closing the link with ${CloseCode.INTERNAL_ERROR}` : 'not sent'
      this.hub.onEncodeError(error, message.source, consequence)
    }
    queue.sendChunked(
      message,
      (onEnd) =>
        new FragmentedSend(message, queue.socket, {
          clock,
          highWaterMark,
          source: this.owner,
          onEnd,
          onError,
        }),
    )
    return message.over
  }

  /** Returns the frame of a message, or `undefined` if there is none or if the message function has closed the link. */
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

  /** Resolves the promise that all pending sends share. */
  #releaseSenders(): void {
    this.#drained?.resolve()
    this.#drained = undefined
  }

  /** Resolves when the rate limiter no longer holds anything back. */
  whenDrained(): Promise<void> {
    return this.transport instanceof QueuedTransport ? this.transport.whenDrained() : RESOLVED
  }

  /** Releases everything that is waiting, because the link is lost. Returns the messages that never reached the socket. */
  protected endFlow(): readonly unknown[] {
    const unsent = this.transport instanceof QueuedTransport ? this.transport.clear() : []
    this.#releaseSenders()
    this.readFlowIfAny?.release()
    return unsent
  }
}

function optionsOf({ mayCompress }: LateMessage): SendOptions | undefined {
  return mayCompress ? undefined : { compress: false }
}
