import type { Clock, Timer } from '../core/clock.js'
import {
  ConnectError,
  ConnectTimeoutError,
  ConnectionLostError,
  HoldfastError,
  InvalidUrlError,
  toError,
} from '../errors/errors.js'
import type { AttemptInfo, ConnectionSettings } from '../options/options.js'
import type {
  Connect,
  Handshake,
  Transport,
  TransportEnd,
  TransportListener,
} from '../transports/transport.js'
import { redactUrl } from '../core/url.js'
import { attemptRequest } from '../connection/attempt.js'
import type { HeartbeatSettings } from './heartbeat.js'
import { LazySignal } from '../core/lazy-signal.js'
import type { LinkPort, Pending, Unseen } from '../session/session-handlers.js'
import { SETTLED } from '../core/deferred.js'
import { OpenLink } from './open-link.js'
import type { OpenLinkOwner } from './open-link.js'
import { PacedTransport } from './rate-limited-transport.js'
import type { PacedFrame } from './rate-limited-transport.js'
import type { RateLimiter } from './rate-limiter.js'

/** How a link ended. */
export interface LinkEnd extends TransportEnd {
  /** Why an attempt failed, or why a link that had opened was given up or lost. */
  readonly error?: Error
}

/** What a link tells its owner. */
export interface LinkOwner extends OpenLinkOwner {
  linkOpened(handshake: Handshake): void
  /** @param receivedAt monotonic time */
  linkReceived(data: string | Uint8Array, receivedAt: number): void
  linkPinged(data: Uint8Array): void
  linkPonged(data: Uint8Array): void
  /** An arrival that no handler sees. */
  linkCounted(unseen: Unseen): void
  /** Called once, last. */
  linkEnded(end: LinkEnd): void
  /** Keeps all links of a connection below a rate, where there is one. */
  readonly limiter: RateLimiter<PacedFrame> | undefined
  /** Messages that waited for the rate limiter were never handed to the socket. */
  linkUnsent(messages: readonly (string | Uint8Array)[]): void
}

/** One physical socket's life: its opening within the deadline, its beats, its back-pressure, its signal, its one end. */
export class Link implements LinkPort, TransportListener {
  readonly number: number
  #madeGone: LazySignal | undefined
  readonly #settings: ConnectionSettings
  readonly #clock: Clock
  readonly #owner: LinkOwner
  #url: string | undefined
  #transport: Transport | undefined
  #open: OpenLink | undefined
  #pacing: PacedTransport | undefined
  #timer: Timer | undefined
  #seenAt = 0
  #isSeen = false
  #isEnded = false
  #isClosedHere = false
  #sentCode: number | undefined
  #failure: Error | undefined
  #loss: ConnectionLostError | undefined

  constructor(number: number, settings: ConnectionSettings, owner: LinkOwner) {
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
    return this.#open?.pulse.lastSeen
  }

  /** Opens the socket: asks the url, headers and protocols functions, and connects, all within `connectTimeout`. */
  open(connect: Connect, attempt: Omit<AttemptInfo, 'signal'>): void {
    const { connectTimeout } = this.#settings
    if (connectTimeout !== Infinity) {
      this.#timer = this.#clock.setTimeout(() => this.#timedOut(connectTimeout), connectTimeout)
    }
    const signalOf = (): AbortSignal => this.signal
    const info = {
      ...attempt,
      get signal() {
        return signalOf()
      },
    }
    attemptRequest(this.#settings, info).then(
      (request) => {
        if (this.#isEnded) return
        this.#url = request.url
        try {
          this.#transport = this.#paced(connect(request, this))
        } catch (thrown) {
          this.#end({ code: 1006, reason: '', error: unusable(request.url, toError(thrown)) })
        }
      },
      (thrown: unknown) => this.#end({ code: 1006, reason: '', error: toError(thrown) }),
    )
  }

  #paced(transport: Transport): Transport {
    const { limiter } = this.#owner
    if (!limiter) return transport
    this.#pacing = new PacedTransport(transport, limiter)
    return this.#pacing
  }

  #timedOut(timeout: number): void {
    const url = this.#url === undefined ? undefined : redactUrl(this.#url)
    this.giveUp(new ConnectTimeoutError(url, timeout))
  }

  // --- what the transport tells -----------------------------------------------------------------------------------------

  opened(handshake: Handshake): void {
    const transport = this.#transport
    if (this.#isEnded || !transport) return
    this.#stopTimer()
    this.#open = new OpenLink(transport, this.#settings, this.#owner)
    this.#owner.linkOpened(handshake)
  }

  message(data: string | Uint8Array): void {
    if (!this.#seen()) return
    this.#owner.linkReceived(data, this.#seenAt)
  }

  ping(data: Uint8Array): void {
    if (!this.#seen()) return
    this.#owner.linkPinged(data)
  }

  pong(data: Uint8Array): void {
    if (!this.#seen()) return
    this.#open?.pulse.ponged(data)
    this.#owner.linkPonged(data)
  }

  closed(end: TransportEnd): void {
    this.#end(end)
  }

  #seen(): boolean {
    if (this.#isEnded) return false
    if (!this.#isSeen) this.#look()
    return true
  }

  /** Notes the time once for all that one chunk brings: it has arrived together, and is delivered before any microtask. */
  #look(): void {
    this.#isSeen = true
    void SETTLED.then(() => {
      this.#isSeen = false
    })
    // A number with a fraction would be an object more for each message.
    this.#seenAt = Math.trunc(this.#clock.now())
    this.#open?.seen(this.#seenAt)
  }

  // --- what the connection asks -----------------------------------------------------------------------------------------

  get refusal(): ConnectionLostError | undefined {
    return this.isOpen && this.#open ? undefined : this.#refuse()
  }

  send(data: string | Uint8Array): Promise<void> {
    if (!this.isOpen || !this.#open) throw this.#refuse()
    return this.#open.outgoing.send(data)
  }

  #refuse(): ConnectionLostError {
    const message = `Connection ${this.number} is gone, and with it whom this was for`
    return new ConnectionLostError(message, 1006, '', this.#loss && { cause: this.#loss })
  }

  /** Sends a heartbeat, which waits for nothing else. */
  sendBeat(data: string | Uint8Array): void {
    if (this.#pacing) this.#pacing.sendUrgent(data)
    else void this.send(data)
  }

  /** Resolves when the rate limiter holds nothing back any more. */
  paced(): Promise<void> {
    return this.#pacing?.idle() ?? SETTLED
  }

  get pending(): Pending {
    // Nothing arrives on a link that has not opened.
    return (this.#open as OpenLink).pending
  }

  count(unseen: Unseen): void {
    this.#owner.linkCounted(unseen)
  }

  /** Decides anew whether to read; to be called when somebody begins or ends to wait for a message. */
  reconsider(): void {
    this.#open?.reconsider()
  }

  /** Notes that `@OnOpen` has settled. */
  ready(): void {
    this.#open?.ready()
  }

  /** Tells whether a message is the answer to a beat. */
  isBeatReply(message: unknown): boolean {
    return this.#open?.pulse.isReply(message) ?? false
  }

  sendPing(): Promise<number> {
    return (
      this.#open?.pulse.ping() ?? Promise.reject(new ConnectionLostError('There is no connection', 1006, ''))
    )
  }

  configureHeartbeat(settings: HeartbeatSettings): void {
    this.#open?.pulse.configure(settings)
  }

  /** Lets go of everybody who depends on this link; what it still receives is only for its closing. */
  abandon(reason: ConnectionLostError): void {
    this.#loss ??= reason
    this.#open?.pulse.stop(reason)
    const unsent = this.#pacing?.clear() ?? []
    this.#open?.outgoing.end()
    this.#open?.release()
    this.#gone.abort(reason)
    if (unsent.length > 0) this.#owner.linkUnsent(unsent)
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
    this.#owner.linkEnded({ ...end, error: this.#chooseError(end.error) })
  }

  /** A server that did answer is a better reason than the deadline that cut its answer short. */
  #chooseError(told: Error | undefined): Error | undefined {
    return told instanceof HoldfastError && !(told instanceof ConnectError) ? told : (this.#failure ?? told)
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
  return new ConnectError(redactUrl(url), thrown)
}
