import { wholeNow } from '../core/clock.js'
import type { Clock, Timer } from '../core/clock.js'
import {
  ConnectFailedError,
  ConnectTimeoutError,
  ConnectionLostError,
  InvalidUrlError,
} from '../errors/connection-errors.js'
import { HoldfastError } from '../errors/holdfast-error.js'
import { toError } from '../core/error-text.js'
import type {
  Connect,
  Handshake,
  Transport,
  TransportEnd,
  TransportListener,
  TransportRequest,
} from '../transports/transport.js'
import { redactUrl } from '../core/url.js'
import type { HeartbeatSettings } from './heartbeat.js'
import { LazySignal } from '../core/lazy-signal.js'
import type { LinkSettings } from './link-settings.js'
import type { LinkPort, ReadCounter, Unseen } from './link-port.js'
import { RESOLVED } from '../core/deferred.js'
import { OpenLink } from './open-link.js'
import type { OpenLinkOwner } from './open-link.js'
import { RateLimitedTransport } from './rate-limited-transport.js'
import type { RateLimitedFrame } from './rate-limited-transport.js'
import type { RateLimiter } from './rate-limiter.js'

/** How a link ended. */
export interface LinkEnd extends TransportEnd {
  /** Why an attempt failed, or why a link that had opened was given up or lost. */
  readonly error?: Error
}

/** What a link tells its owner. */
export interface LinkOwner extends OpenLinkOwner {
  onLinkOpen(handshake: Handshake): void
  /** @param receivedAt monotonic time */
  onLinkMessage(data: string | Uint8Array, receivedAt: number): void
  onLinkPing(data: Uint8Array): void
  onLinkPong(data: Uint8Array): void
  /** An arrival that no handler sees. */
  onUnseen(unseen: Unseen): void
  /** Called once, last. */
  onLinkEnd(end: LinkEnd): void
  /** Keeps all links of a connection below a rate, where there is one. */
  readonly limiter: RateLimiter<RateLimitedFrame> | undefined
  /** Messages that waited for the rate limiter were never handed to the socket. */
  onLinkUnsent(messages: readonly (string | Uint8Array)[]): void
}

/** One physical socket's life: its opening within the deadline, its beats, its back-pressure, its signal, its one end. */
export class Link implements LinkPort, TransportListener {
  readonly number: number
  #madeGone: LazySignal | undefined
  readonly #settings: LinkSettings
  readonly #clock: Clock
  readonly #owner: LinkOwner
  #url: string | undefined
  #transport: Transport | undefined
  #open: OpenLink | undefined
  #rateLimited: RateLimitedTransport | undefined
  #timer: Timer | undefined
  #seenAt = 0
  #isSeen = false
  #isEnded = false
  #isClosedHere = false
  #sentCode: number | undefined
  #failure: Error | undefined
  #disconnect: ConnectionLostError | undefined

  constructor(number: number, settings: LinkSettings, owner: LinkOwner) {
    this.number = number
    this.#settings = settings
    this.#clock = settings.clock
    this.#owner = owner
  }

  get #gone(): LazySignal {
    return (this.#madeGone ??= new LazySignal())
  }

  get signal(): AbortSignal {
    return this.#gone.signal
  }

  /** The true url of this attempt; `undefined` until it is known. */
  get url(): string | undefined {
    return this.#url
  }

  get protocol(): string {
    return this.#transport?.protocol ?? ''
  }

  get bufferedAmount(): number {
    return this.#transport?.bufferedAmount ?? 0
  }

  /** True while messages can be sent. */
  get isOpen(): boolean {
    return !this.#isEnded && this.#transport?.isOpen === true
  }

  /** The close code that this side sent first, if it did. */
  get sentCode(): number | undefined {
    return this.#sentCode
  }

  /** True when this side began to close, or cut the socket. */
  get isClosedHere(): boolean {
    return this.#isClosedHere
  }

  get lastSeen(): number | undefined {
    return this.#open?.heartbeat.lastSeen
  }

  /**
   * Opens the socket within `connectTimeout`.
   *
   * @param resolve finds out what to connect to; called once, after the timeout has started
   */
  open(connect: Connect, resolve: () => Promise<TransportRequest>): void {
    const { connectTimeout } = this.#settings
    if (connectTimeout !== Infinity) {
      this.#timer = this.#clock.setTimeout(() => this.#timedOut(connectTimeout), connectTimeout)
    }
    resolve().then(
      (request) => this.#dial(connect, request),
      (thrown: unknown) => this.#end({ code: 1006, reason: '', error: toError(thrown) }),
    )
  }

  #dial(connect: Connect, request: TransportRequest): void {
    if (this.#isEnded) return
    this.#url = request.url
    try {
      this.#transport = this.#paced(connect(request, this))
    } catch (thrown) {
      this.#end({ code: 1006, reason: '', error: unusable(request.url, toError(thrown)) })
    }
  }

  #paced(transport: Transport): Transport {
    const { limiter } = this.#owner
    if (!limiter) return transport
    this.#rateLimited = new RateLimitedTransport(transport, limiter)
    return this.#rateLimited
  }

  #timedOut(timeout: number): void {
    const url = this.#url === undefined ? undefined : redactUrl(this.#url)
    this.giveUp(new ConnectTimeoutError(url, timeout))
  }

  // --- what the transport tells -----------------------------------------------------------------------------------------

  onOpen(handshake: Handshake): void {
    const transport = this.#transport
    if (this.#isEnded || !transport) return
    this.#stopTimer()
    this.#open = new OpenLink(transport, this.#settings, this.#owner)
    this.#owner.onLinkOpen(handshake)
  }

  onMessage(data: string | Uint8Array): void {
    if (!this.#onData()) return
    this.#owner.onLinkMessage(data, this.#seenAt)
  }

  onPing(data: Uint8Array): void {
    if (!this.#onData()) return
    this.#owner.onLinkPing(data)
  }

  onPong(data: Uint8Array): void {
    if (!this.#onData()) return
    this.#open?.heartbeat.onPong(data)
    this.#owner.onLinkPong(data)
  }

  onClose(end: TransportEnd): void {
    this.#end(end)
  }

  #onData(): boolean {
    if (this.#isEnded) return false
    if (!this.#isSeen) this.#noteTime()
    return true
  }

  /** Notes the time once for all that one chunk brings: it has arrived together, and is delivered before any microtask. */
  #noteTime(): void {
    this.#isSeen = true
    void RESOLVED.then(() => {
      this.#isSeen = false
    })
    this.#seenAt = wholeNow(this.#clock)
    this.#open?.onData(this.#seenAt)
  }

  // --- what the connection asks -----------------------------------------------------------------------------------------

  get refusal(): ConnectionLostError | undefined {
    return this.isOpen && this.#open ? undefined : this.#refuse()
  }

  send(data: string | Uint8Array): Promise<void> {
    if (!this.isOpen || !this.#open) throw this.#refuse()
    return this.#open.writeFlow.send(data)
  }

  #refuse(): ConnectionLostError {
    const message = `Connection ${this.number} is gone, and with it whom this was for`
    return new ConnectionLostError(message, 1006, '', this.#disconnect && { cause: this.#disconnect })
  }

  /** Sends a heartbeat, which waits for nothing else. */
  sendUrgent(data: string | Uint8Array): void {
    if (this.#rateLimited) this.#rateLimited.sendUrgent(data)
    else void this.send(data)
  }

  /** Resolves when the rate limiter holds nothing back any more. */
  whenDrained(): Promise<void> {
    return this.#rateLimited?.whenDrained() ?? RESOLVED
  }

  get readCounter(): ReadCounter {
    // Nothing arrives on a link that has not opened.
    return (this.#open as OpenLink).readFlow
  }

  count(unseen: Unseen): void {
    this.#owner.onUnseen(unseen)
  }

  /** Decides anew whether to read; to be called when somebody begins or ends to wait for a message. */
  updateReading(): void {
    this.#open?.updateReading()
  }

  /** Notes that `@OnOpen` has settled. */
  onReady(): void {
    this.#open?.onReady()
  }

  /** Tells whether a message is the answer to a beat. */
  isHeartbeatReply(message: unknown): boolean {
    return this.#open?.heartbeat.isReply(message) ?? false
  }

  sendPing(): Promise<number> {
    return (
      this.#open?.heartbeat.ping() ??
      Promise.reject(new ConnectionLostError('There is no connection', 1006, ''))
    )
  }

  configureHeartbeat(settings: HeartbeatSettings): void {
    this.#open?.heartbeat.configure(settings)
  }

  /** Lets go of everybody who depends on this link; what it still receives is only for its closing. */
  release(reason: ConnectionLostError): void {
    this.#disconnect ??= reason
    this.#open?.heartbeat.stop(reason)
    const unsent = this.#rateLimited?.clear() ?? []
    this.#open?.writeFlow.end()
    this.#open?.release()
    this.#gone.abort(reason)
    if (unsent.length > 0) this.#owner.onLinkUnsent(unsent)
  }

  /** Reads on for good, so that the peer's answers and its close frame are seen. */
  readOn(): void {
    this.#open?.release()
  }

  /** Starts the closing handshake; past `timeout` milliseconds the socket is cut. */
  close(code: number, reason: string, timeout: number): void {
    if (this.#isEnded || !this.#transport) return
    if (this.#transport.isOpen) {
      this.#isClosedHere = true
      this.#sentCode = code
    }
    this.#transport.close(code, reason)
    this.#stopTimer()
    this.#timer = this.#clock.setTimeout(() => this.terminate(), timeout)
  }

  /** Cuts the socket and says why; the end follows when the transport has told of it. */
  giveUp(error: Error): void {
    this.#failure ??= error
    this.terminate()
  }

  /** Cuts the socket. */
  terminate(): void {
    this.#isClosedHere ||= this.isOpen
    if (this.#transport) this.#transport.terminate()
    else this.#end({ code: 1006, reason: '' })
  }

  #end(end: TransportEnd): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#stopTimer()
    this.#sentCode ??= end.sentCode
    this.#owner.onLinkEnd({ ...end, error: this.#chooseError(end.error) })
  }

  /** A server that did answer is a better reason than the deadline that cut its answer short. */
  #chooseError(told: Error | undefined): Error | undefined {
    return told instanceof HoldfastError && !(told instanceof ConnectFailedError)
      ? told
      : (this.#failure ?? told)
  }

  #stopTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}

function unusable(url: string, thrown: Error): Error {
  if (thrown instanceof HoldfastError) return thrown
  if (thrown instanceof SyntaxError)
    return new InvalidUrlError(`${redactUrl(url)}: ${thrown.message}`, { cause: thrown })
  return new ConnectFailedError(redactUrl(url), thrown)
}
