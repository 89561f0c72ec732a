import { wholeNow } from '../core/clock.js'
import { RESOLVED } from '../core/deferred.js'
import type { ConnectionLostError } from '../errors/connection-errors.js'
import { OutboxFullError } from '../errors/send-errors.js'
import { frameChannel } from '../diagnostics/channels.js'
import { publishCloseFrame, publishMessageFrame, publishPing } from '../diagnostics/frames.js'
import type { OpenTransportListener, Transport, TransportEnd } from '../transports/transport.js'
import { CloseCode } from './close-code.js'
import { HeartbeatMonitor } from './heartbeat-monitor.js'
import type { HeartbeatHub, HeartbeatOwner } from './heartbeat-monitor.js'
import { LinkClosing } from './link-closing.js'
import type { LinkEnd } from './link-closing.js'
import { LinkFlow } from './link-flow.js'
import type { FlowHub, FlowOwner } from './link-flow.js'
import type { LinkPort, Miss } from './link-port.js'
import type { LinkSettings } from './link-settings.js'
import { QueuedTransport } from './queued-transport.js'

/** Parts of the hub that a link uses. All links of a connection share one hub. */
export interface LinkHub<Owner> extends FlowHub {
  /** Receives the messages of every link. */
  readonly inbound: {
    /** Common start of the text messages that can be skipped, if there are any. */
    readonly skippedHead: Uint8Array | undefined
    skip(owner: Owner, text: string, from: number, keyEnd: number, to: number): boolean
    /** @param receivedAt monotonic time, in whole milliseconds */
    receive(owner: Owner, data: string | Uint8Array, receivedAt: number): void
  }
  /** Counts a message that does not reach its destination. */
  count(miss: Miss, raw?: string | Uint8Array): void
  /** Called with messages that waited for the rate limiter and never reached the socket. */
  onUnsent(messages: readonly unknown[]): void
}

/** Receives the events of a link, except its messages. */
export interface LinkOwner extends FlowOwner, HeartbeatOwner, HeartbeatHub {
  onLinkPing(data: Uint8Array): void
  onLinkPong(data: Uint8Array): void
  /** Called once, as the last event. */
  onLinkEnd(end: LinkEnd): void
}

/** One open socket, of a client or a server: its flow, heartbeat, signal and end. */
export class Link<Owner extends LinkOwner = LinkOwner>
  extends LinkFlow<Owner, LinkHub<Owner>>
  implements LinkPort, OpenTransportListener
{
  readonly heartbeat: HeartbeatMonitor
  /**
   * Error with which the link was lost or, once `signal` has been read, the controller of the signal.
   *
   * perf: the controller is created on first use because it is larger than the rest of an idle link.
   */
  #gone: AbortController | ConnectionLostError | undefined
  /** perf: created on first use, saves 80 B per idle connection. */
  #closing: LinkClosing | undefined
  /** Time at which the current chunk arrived; 0 between chunks. */
  #seenAt = 0
  #lastSeen: number
  /**
   * End of the link, or a text to consume. Either can prevent a message from being received.
   *
   * perf: one field for both. If neither is set, a message costs one check, and an idle connection costs nothing.
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

  /** End of the link, once its socket has ended. */
  get #end(): LinkEnd | undefined {
    const barrier = this.#barrier
    return barrier === undefined || barrier instanceof TextReply ? undefined : barrier
  }

  get isOpen(): boolean {
    // perf: each send checks this twice, and a private getter (#end) costs 10 ns each time.
    const barrier = this.#barrier
    return (barrier === undefined || barrier instanceof TextReply) && this.transport.isOpen
  }

  protected get lostWith(): Error | undefined {
    return this.#gone instanceof AbortController
      ? (this.#gone.signal.reason as Error | undefined)
      : this.#gone
  }

  /** Monotonic time at which the last frame arrived, or at which the link opened. */
  get lastSeen(): number {
    return this.#lastSeen
  }

  // --- events of the transport ------------------------------------------------------------------------------------------

  onMessage(data: string | Uint8Array): void {
    if (frameChannel.hasSubscribers && !this.#end) publishMessageFrame(this.owner, 'receive', data)
    if (this.#barrier === undefined || this.#passes(this.#barrier, data)) {
      this.hub.inbound.receive(this.owner, data, this.#seenAt || this.#onChunk())
    }
  }

  /** Returns whether to receive a message. A text that answers a heartbeat is consumed instead. */
  #passes(barrier: LinkEnd | TextReply, data: string | Uint8Array): boolean {
    if (!(barrier instanceof TextReply)) return false
    // perf: comparing two strings checks their lengths first.
    if (data !== barrier.text) return true
    if (this.#seenAt === 0) this.#onChunk()
    this.heartbeat.onReply()
    return false
  }

  get skippedHead(): Uint8Array | undefined {
    // A frame that is skipped has no length and no text to publish.
    return this.#end || frameChannel.hasSubscribers ? undefined : this.hub.inbound.skippedHead
  }

  skip(text: string, from: number, keyEnd: number, to: number): boolean {
    if (this.#seenAt === 0) this.#onChunk()
    return this.hub.inbound.skip(this.owner, text, from, keyEnd, to)
  }

  onPing(data: Uint8Array): void {
    if (this.#end) return
    if (this.#seenAt === 0) this.#onChunk()
    if (frameChannel.hasSubscribers) publishPing(this.owner, 'receive', 'ping', data)
    this.owner.onLinkPing(data)
  }

  onPong(data: Uint8Array): void {
    if (this.#end) return
    if (this.#seenAt === 0) this.#onChunk()
    if (frameChannel.hasSubscribers) publishPing(this.owner, 'receive', 'pong', data)
    this.heartbeat.onPong(data)
    this.owner.onLinkPong(data)
  }

  /**
   * Records one arrival time for a whole chunk, all of which is delivered before any microtask runs.
   *
   * perf: saves 7% of the instructions needed to receive 120 B.
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
    if (frameChannel.hasSubscribers && end.code !== CloseCode.ABNORMAL)
      publishCloseFrame(this.owner, 'receive', end.code, end.reason)
    this.#barrier = this.#closing ? this.#closing.onEnd(end) : end
    this.owner.onLinkEnd(this.#barrier)
  }

  // --- its end ----------------------------------------------------------------------------------------------------------

  /** Ends the link, gracefully or immediately. */
  get closing(): LinkClosing {
    return (this.#closing ??= new LinkClosing(this.transport, this.owner))
  }

  /** End of the link, as far as it is known. */
  get end(): LinkEnd {
    return this.#end ?? this.closing.end
  }

  /** True if this side started the closing handshake or terminated the socket. */
  get isLocalEnd(): boolean {
    return this.#closing?.isLocal ?? false
  }

  /** Close code that this side sent, if it was the first to close. */
  get sentCode(): number | undefined {
    return this.#closing?.sentCode ?? this.#end?.sentCode
  }

  /** Releases everything that depends on this link. Anything the link still receives matters only for closing it. */
  release(reason: ConnectionLostError): void {
    this.heartbeat.stop(reason)
    const unsent = this.endFlow()
    if (this.#gone instanceof AbortController) this.#gone.abort(reason)
    else this.#gone = reason
    if (unsent.length > 0) this.hub.onUnsent(unsent)
  }

  // --- calls of sessions and handlers -----------------------------------------------------------------------------------

  /** Function that returns the acknowledgment to send when a message arrives, if the API expects one. */
  get ackOnArrival(): LinkSettings['ackOnArrival'] {
    return this.settings.ackOnArrival
  }

  /**
   * Sends the acknowledgment of a message immediately.
   *
   * @throws OutboxFullError if the peer keeps sending without reading
   */
  sendAck(data: string | Uint8Array): void {
    const excess = this.excessOf(this.transport.bufferedAmount)
    if (excess !== undefined) throw new OutboxFullError(0, excess, this.settings.sendHighWaterMark)
    this.sendUrgent(data)
  }

  /** Sends a heartbeat ahead of everything else; `flushed` is called once it has been sent or never will be. */
  sendUrgent(data: string | Uint8Array, flushed?: () => void): void {
    if (this.transport instanceof QueuedTransport) this.transport.sendUrgent(data, flushed)
    else this.write(data, flushed)
  }

  /**
   * Consumes text messages equal to `reply`, which answer heartbeats. A late one can still arrive after the heartbeat style has changed.
   */
  consumeText(reply: string): void {
    if (!this.#end) this.#barrier = new TextReply(reply)
  }

  count(miss: Miss, raw?: string | Uint8Array): void {
    this.hub.count(miss, raw)
  }

  /** Called when `@OnOpen` completes. */
  onReady(): void {
    this.readByDemand()
    this.heartbeat.onReady()
  }
}

/** Text of the server's reply to a text heartbeat. */
class TextReply {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}
