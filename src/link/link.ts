import { wholeNow } from '../core/clock.js'
import { RESOLVED } from '../core/deferred.js'
import type { ConnectionLostError } from '../errors/connection-errors.js'
import { OutboxFullError } from '../errors/send-errors.js'
import type { OpenTransportListener, Transport, TransportEnd } from '../transports/transport.js'
import { HeartbeatMonitor } from './heartbeat-monitor.js'
import type { HeartbeatHub, HeartbeatOwner } from './heartbeat-monitor.js'
import { LinkClosing } from './link-closing.js'
import type { LinkEnd } from './link-closing.js'
import { LinkFlow } from './link-flow.js'
import type { FlowHub, FlowOwner } from './link-flow.js'
import type { LinkPort, Miss } from './link-port.js'
import type { LinkSettings } from './link-settings.js'
import { RateLimitedTransport } from './rate-limited-transport.js'

/** The parts of the hub that a link uses. All links of a connection share one hub. */
export interface LinkHub<Owner> extends FlowHub {
  /** The way in, which each link is handed when it opens. */
  readonly inbound: {
    /** How texts begin that need not be received, if any need not. */
    readonly skippedHead: Uint8Array | undefined
    skip(owner: Owner, text: string, from: number, keyEnd: number, to: number): boolean
    /** @param receivedAt monotonic time, in whole milliseconds */
    receive(owner: Owner, data: string | Uint8Array, receivedAt: number): void
  }
  /** Counts a message that does not get where it was to go. */
  count(miss: Miss, raw?: string | Uint8Array): void
  /** Messages that waited for the rate limiter were never handed to the socket. */
  onUnsent(messages: readonly unknown[]): void
}

/** Receives the events of a link, but for its messages. */
export interface LinkOwner extends FlowOwner, HeartbeatOwner, HeartbeatHub {
  onLinkPing(data: Uint8Array): void
  onLinkPong(data: Uint8Array): void
  /** Called once, last. */
  onLinkEnd(end: LinkEnd): void
}

/** One open socket, on either side of the wire: its flow, its heartbeat, its signal, its one end. */
export class Link<Owner extends LinkOwner = LinkOwner>
  extends LinkFlow<Owner, LinkHub<Owner>>
  implements LinkPort, OpenTransportListener
{
  readonly heartbeat: HeartbeatMonitor
  /**
   * Why the link was lost, once it is, or what is to tell those who have asked for the signal.
   *
   * perf: a controller is made when somebody asks: it weighs more than all else that an idle link has.
   */
  #gone: AbortController | ConnectionLostError | undefined
  /** perf: saves 80 B per idle connection. */
  #closing: LinkClosing | undefined
  /** When the current chunk arrived; 0 between chunks. */
  #seenAt = 0
  #lastSeen: number
  /**
   * Stands in the way of messages: how the link ended, or a text to consume.
   *
   * perf: one field for both, so that where neither is there, a message costs one look, and an idle connection nothing.
   */
  #barrier: LinkEnd | TextReply | undefined

  constructor(
    number: number,
    transport: Transport,
    settings: LinkSettings,
    owner: Owner,
    hub: LinkHub<Owner>,
  ) {
    super(number, transport, settings, owner, hub)
    this.#lastSeen = wholeNow(settings.clock)
    this.heartbeat = new HeartbeatMonitor(settings, this, owner, owner)
  }

  /** Aborts when the link is lost. */
  get signal(): AbortSignal {
    if (this.#gone instanceof AbortController) return this.#gone.signal
    const controller = new AbortController()
    if (this.#gone) controller.abort(this.#gone)
    this.#gone = controller
    return controller.signal
  }

  /** How it has ended, once its socket has. */
  get #end(): LinkEnd | undefined {
    const barrier = this.#barrier
    return barrier === undefined || barrier instanceof TextReply ? undefined : barrier
  }

  get isOpen(): boolean {
    // perf: each send asks twice, and a private getter (#end) costs 10 ns each time.
    const barrier = this.#barrier
    return (barrier === undefined || barrier instanceof TextReply) && this.transport.isOpen
  }

  protected get lostWith(): Error | undefined {
    return this.#gone instanceof AbortController
      ? (this.#gone.signal.reason as Error | undefined)
      : this.#gone
  }

  /** When the last frame arrived, or it opened, by the monotonic clock. */
  get lastSeen(): number {
    return this.#lastSeen
  }

  // --- what the transport reports ---------------------------------------------------------------------------------------

  onMessage(data: string | Uint8Array): void {
    if (this.#barrier === undefined || this.#passes(this.#barrier, data)) {
      this.hub.inbound.receive(this.owner, data, this.#seenAt || this.#onChunk())
    }
  }

  /** Tells whether a message gets past what stands in its way. */
  #passes(barrier: LinkEnd | TextReply, data: string | Uint8Array): boolean {
    if (!(barrier instanceof TextReply)) return false
    // perf: a comparison of two texts looks at their lengths first.
    if (data !== barrier.text) return true
    if (this.#seenAt === 0) this.#onChunk()
    this.heartbeat.onTextReply()
    return false
  }

  get skippedHead(): Uint8Array | undefined {
    return this.#end ? undefined : this.hub.inbound.skippedHead
  }

  skip(text: string, from: number, keyEnd: number, to: number): boolean {
    if (this.#seenAt === 0) this.#onChunk()
    return this.hub.inbound.skip(this.owner, text, from, keyEnd, to)
  }

  onPing(data: Uint8Array): void {
    if (this.#end) return
    if (this.#seenAt === 0) this.#onChunk()
    this.owner.onLinkPing(data)
  }

  onPong(data: Uint8Array): void {
    if (this.#end) return
    if (this.#seenAt === 0) this.#onChunk()
    this.heartbeat.onPong(data)
    this.owner.onLinkPong(data)
  }

  /**
   * Notes the time once for everything in one chunk: it arrived together, and is delivered before any microtask.
   *
   * perf: saves 7 % of the instructions of receiving 120 B.
   */
  #onChunk(): number {
    const now = wholeNow(this.settings.clock)
    this.#seenAt = this.#lastSeen = now
    void RESOLVED.then(() => {
      this.#seenAt = 0
    })
    if (this.heartbeat.countsFrames) this.heartbeat.onData(now)
    this.onFrame()
    return now
  }

  onClose(end: TransportEnd): void {
    if (this.#end) return
    this.#barrier = this.#closing ? this.#closing.onEnd(end) : end
    this.owner.onLinkEnd(this.#barrier)
  }

  // --- its end ----------------------------------------------------------------------------------------------------------

  /** Ends the link, in good order or at once. */
  get closing(): LinkClosing {
    return (this.#closing ??= new LinkClosing(this.transport))
  }

  /** How it has ended, as far as there is a word of it. */
  get end(): LinkEnd {
    return this.#end ?? this.closing.end
  }

  /** True if this side began to close, or terminated the socket. */
  get isLocalEnd(): boolean {
    return this.#closing?.isLocal ?? false
  }

  /** The close code that this side sent first, if it did. */
  get sentCode(): number | undefined {
    return this.#closing?.sentCode ?? this.#end?.sentCode
  }

  /** Lets go of everything that depends on this link. What it still receives is only for its closing. */
  release(reason: ConnectionLostError): void {
    this.heartbeat.stop(reason)
    const unsent = this.endFlow()
    if (this.#gone instanceof AbortController) this.#gone.abort(reason)
    else this.#gone = reason
    if (unsent.length > 0) this.hub.onUnsent(unsent)
  }

  // --- what sessions and handlers ask -----------------------------------------------------------------------------------

  /** Makes the acknowledgement of each message on arrival, if the API wants one. */
  get ackOnArrival(): LinkSettings['ackOnArrival'] {
    return this.settings.ackOnArrival
  }

  /**
   * Sends the acknowledgement of a message, which waits for nothing else.
   *
   * @throws OutboxFullError if the peer sends and does not read
   */
  sendAck(data: string | Uint8Array): void {
    const excess = this.excessOf(this.transport.bufferedAmount)
    if (excess !== undefined) throw new OutboxFullError(0, excess, this.settings.sendHighWaterMark)
    this.sendUrgent(data)
  }

  /** Sends a heartbeat, which waits for nothing else; `flushed` is called when it has left or never will. */
  sendUrgent(data: string | Uint8Array, flushed?: () => void): void {
    if (this.transport instanceof RateLimitedTransport) this.transport.sendUrgent(data, flushed)
    else this.transport.send(data, flushed)
  }

  /** Consumes text messages that equal this one: they are answers to heartbeats. A late one comes also under another style. */
  consumeText(reply: string): void {
    if (!this.#end) this.#barrier = new TextReply(reply)
  }

  count(miss: Miss, raw?: string | Uint8Array): void {
    this.hub.count(miss, raw)
  }

  /** `@OnOpen` has settled. */
  onReady(): void {
    this.readByDemand()
    this.heartbeat.onReady()
  }
}

/** The text that a server answers a text heartbeat with. */
class TextReply {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}
