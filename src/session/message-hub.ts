import { encodeWith } from '../codecs/codec.js'
import { BackpressureError, toError } from '../errors/errors.js'
import type { MessageDroppedError } from '../errors/errors.js'
import type { ConnectionSettings } from '../options/options.js'
import { Incoming } from '../messages/inbound.js'
import type { Unseen } from './session-handlers.js'
import { MessageStreams } from '../messages/message-stream.js'
import type { PacedFrame } from '../link/rate-limited-transport.js'
import { PendingRequests } from '../requests/pending-requests.js'
import { RateLimiter } from '../link/rate-limiter.js'
import { Sending } from '../messages/sender.js'
import type { SendingLink, SendingPort } from '../messages/sender.js'
import type { Stage } from './state.js'
import { Subscriptions } from '../messages/subscriptions.js'
import { Waiters } from '../messages/waiters.js'

/** What the traffic asks of its machine. */
export interface TrafficPort {
  /** The link over which the caller may send now; `undefined` while that has to wait. */
  openLink(): SendingLink | undefined
  /** The link that is open or being opened, whoever asks. */
  readonly link: SendingLink | undefined
  readonly state: { readonly status: string }
  /** Reports something that befell a message. */
  report(error: Error, stage: Stage, consequence: string, message?: unknown): void
  /** Called whenever somebody begins or ends to wait for a message. */
  waitingChanged(): void
}

/**
 * All that rides on a connection and outlives its links: what is sent, what arrives, and who waits for it. What a connection may
 * never need is made when it is first asked for.
 */
export class Traffic implements SendingPort {
  readonly incoming: Incoming
  /** Keeps what is sent below a rate, over all links; `undefined` where there is no limit. */
  readonly limiter: RateLimiter<PacedFrame> | undefined
  #skipped = 0
  #unhandled = 0
  readonly #settings: ConnectionSettings
  readonly #port: TrafficPort
  #sending: Sending | undefined
  #waiters: Waiters | undefined
  #subscriptions: Subscriptions | undefined
  #requests: PendingRequests | undefined
  #streams: MessageStreams | undefined
  /** The link whose `@OnOpen` has settled, while it lives. */
  #readyLink: SendingLink | undefined

  constructor(id: string, settings: ConnectionSettings, port: TrafficPort) {
    const { clock, codec, hasRequests, heartbeat, rateLimit, unpack } = settings
    this.#settings = settings
    this.#port = port
    if (rateLimit) this.limiter = new RateLimiter(rateLimit, clock, { send: (frame) => frame.run() })
    const hasReplies = hasRequests || (heartbeat.style === 'message' && heartbeat.isReply !== undefined)
    this.incoming = new Incoming(id, codec, this, hasReplies, unpack)
  }

  get sending(): Sending {
    const { clock, outbox, sendHighWaterMark } = this.#settings
    return (this.#sending ??= new Sending(outbox, sendHighWaterMark, clock, this))
  }

  get waiters(): Waiters {
    this.#waiters ??= this.#shared(new Waiters(this.#settings.clock, () => this.#port.waitingChanged()))
    return this.#waiters
  }

  get streams(): MessageStreams {
    this.#streams ??= this.#shared(new MessageStreams({ changed: () => this.#port.waitingChanged() }))
    return this.#streams
  }

  get requests(): PendingRequests {
    this.#requests ??= this.#shared(this.#makeRequests())
    return this.#requests
  }

  get subscriptions(): Subscriptions {
    this.#subscriptions ??= this.#shared(this.#makeSubscriptions())
    return this.#subscriptions
  }

  /** Lets who is new see what arrives. */
  #shared<T>(taker: T): T {
    this.incoming.share()
    return taker
  }

  #makeRequests(): PendingRequests {
    const { clock, codec, requests: settings } = this.#settings
    const port = this.#port
    const requests = new PendingRequests(settings, clock, {
      send: (message) => {
        const link = port.openLink() ?? port.link
        if (link?.isOpen) void link.send(encodeWith(codec, message))
      },
      canSend: () => port.openLink() !== undefined,
      changed: () => port.waitingChanged(),
      failed: (thrown) => port.report(toError(thrown), 'decode', ''),
    })
    if (this.#readyLink) requests.ready()
    return requests
  }

  #makeSubscriptions(): Subscriptions {
    const port = this.#port
    return new Subscriptions(
      {
        send: (message) => {
          this.requests.spend(message)
          void this.#readyLink?.send(encodeWith(this.#settings.codec, message))
        },
        // From within the @OnOpen of a link that is to replace this one, nothing is said on this one any more.
        isReady: () =>
          this.#readyLink !== undefined && this.status() === 'open' && port.openLink() === this.#readyLink,
        report: (error) => port.report(error, 'send', ''),
        waitChanged: () => port.waitingChanged(),
      },
      this.#settings.clock,
    )
  }

  // --- what sending asks ------------------------------------------------------------------------------------------------

  openLink(): SendingLink | undefined {
    return this.#port.openLink()
  }

  status(): string {
    return this.#port.state.status
  }

  dropped(error: MessageDroppedError, message: unknown): void {
    this.#port.report(error, 'send', '', message)
  }

  // --- who waits --------------------------------------------------------------------------------------------------------

  /** True while a message is being waited for. */
  get isWaiting(): boolean {
    const waiting = this.#waiters && this.#waiters.size > 0
    const acks = this.#subscriptions && this.#subscriptions.pendingAcks > 0
    return waiting || acks || this.#hasPendingRequests
  }

  get #hasPendingRequests(): boolean {
    return this.#requests !== undefined && this.#requests.size > 0
  }

  /** True while somebody who iterates over the messages is behind. */
  get isTapFull(): boolean {
    return this.#streams?.isFull ?? false
  }

  /** True while somebody is so far behind that reading must stop, whoever waits. */
  get isTapOverfull(): boolean {
    return this.#streams?.isOverfull ?? false
  }

  /** How many replies came that no request was waiting for. */
  get strayReplies(): number {
    return this.#requests?.stray ?? 0
  }

  /** Returns the user's own key for an id that the server has given a subscription. */
  subscriptionKey(id: unknown): string | undefined {
    return this.#subscriptions?.keyOf(id)
  }

  /** How many messages a newer one has taken the place of. */
  get skipped(): number {
    return this.#skipped
  }

  /** How many messages there was no handler for. */
  get unhandled(): number {
    return this.#unhandled
  }

  count(unseen: Unseen): void {
    if (unseen === 'skipped') this.#skipped += 1
    else this.#unhandled += 1
  }

  /** Gives a message to those who wait for it, before any queue, and tells whether there was somebody: then no handler sees it. */
  take(message: unknown): boolean {
    const hasRequests = this.#settings.hasRequests || this.#hasPendingRequests
    return (
      (hasRequests && this.requests.take(message)) ||
      (this.#waiters?.offer(message) ?? false) ||
      (this.#subscriptions?.take(message) ?? false)
    )
  }

  /** Shows a message that nobody took to those who iterate. */
  show(message: unknown): void {
    this.#streams?.push(message)
  }

  /** Encodes a heartbeat; where the API has requests it takes its id there. */
  encodeBeat(message: unknown): string | Uint8Array {
    return encodeWith(
      this.#settings.codec,
      this.#settings.hasRequests ? this.requests.withId(message) : message,
    )
  }

  // --- what becomes of the links ----------------------------------------------------------------------------------------

  /** `@OnOpen` has settled: what has waited for that goes out, subscriptions first. */
  ready(link: SendingLink): void {
    this.#readyLink = link
    this.#subscriptions?.ready()
    this.#sending?.flush(link)
    // What went out, or was reported, may have led somebody to give the link up.
    if (this.#readyLink === link) this.#requests?.ready()
  }

  /**
   * `@OnOpen` of a new link has settled while the old one lives: the new one is said everything, and what was asked of the old one
   * may still be answered, until the function returned is called.
   */
  replaced(link: SendingLink): ((error: Error) => void) | undefined {
    const endOld = this.#requests?.retire()
    this.#subscriptions?.lost()
    this.ready(link)
    return endOld
  }

  /** The link is gone, and with it what was on its way. */
  lost(error: Error): void {
    this.#readyLink = undefined
    this.#requests?.lost(error)
    this.#subscriptions?.lost()
    this.#waiters?.rejectAll(error)
  }

  /** So much is pending that nobody can be waited for any more. */
  overflowed(pending: number): void {
    const error = new BackpressureError(pending)
    this.#requests?.rejectAll(error)
    this.#waiters?.rejectAll(error)
  }

  /** The connection has ended: everything that is left is settled. `cause` is why, unless it was closed on purpose. */
  end(error: Error, cause: Error | undefined): void {
    this.#requests?.closed(error)
    if (cause) this.#streams?.fail(cause)
    else this.#streams?.end()
    this.#sending?.end()
    this.#subscriptions?.closed()
    this.#waiters?.rejectAll(error)
  }
}
