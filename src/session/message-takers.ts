import { encodeWith } from '../codecs/codec.js'
import type { Codec } from '../codecs/codec.js'
import type { Clock } from '../core/clock.js'
import { toError } from '../core/error-text.js'
import { BackpressureError } from '../errors/request-errors.js'
import type { Stage } from '../errors/stage.js'
import type { ReadDemand } from '../link/read-flow.js'
import type { InboundPipeline, Interceptors } from '../messages/inbound.js'
import { MessageStreams } from '../messages/message-stream.js'
import type { SenderLink } from '../messages/sender.js'
import { Subscriptions } from '../messages/subscriptions.js'
import { Waiters } from '../messages/waiters.js'
import { PendingRequests } from '../requests/pending-requests.js'
import type { RequestsSettings } from '../requests/request-options.js'

/** Settings of everyone who takes messages. */
export interface MessageTakersSettings {
  readonly clock: Clock
  readonly codec: Codec
  readonly requests: RequestsSettings
  /** True if the API is known to have requests: then heartbeats take an ID, too, and unmatched replies are counted. */
  readonly hasRequests: boolean
}

/** Has the links that requests and subscriptions are sent on, and receives reports. */
export interface MessageTakersPort {
  readonly links: {
    /** The link over which the caller may send now; `undefined` while that has to wait. */
    openLink(): SenderLink | undefined
    /** The link that is open, whoever asks. */
    readonly link: SenderLink | undefined
    /** Somebody begins or ends to wait for a message. */
    updateReading(): void
  }
  readonly stateMachine: { readonly state: { readonly status: string } }
  /** Reports something that befell a message. */
  report(error: Error, stage: Stage, consequence: string, message?: unknown): void
}

/**
 * Everyone who takes messages before the handlers do, or looks on: requests, waiters, subscriptions and iterators. Each is made when it
 * is first needed.
 *
 * perf: saves 300 (waiters), 1,310 (subscriptions), 1,630 (requests) and 360 B (iterators) per idle connection.
 */
export class MessageTakers implements Interceptors, ReadDemand {
  readonly #settings: MessageTakersSettings
  readonly #port: MessageTakersPort
  /** Intercepts messages from the first taker on. */
  readonly #hub: { readonly inbound: InboundPipeline }
  #waiters: Waiters | undefined
  #subscriptions: Subscriptions | undefined
  #requests: PendingRequests | undefined
  #streams: MessageStreams | undefined
  /** The link whose `@OnOpen` has settled, while it is there. */
  #readyLink: SenderLink | undefined

  constructor(
    settings: MessageTakersSettings,
    port: MessageTakersPort,
    hub: { readonly inbound: InboundPipeline },
  ) {
    this.#settings = settings
    this.#port = port
    this.#hub = hub
  }

  get waiters(): Waiters {
    this.#waiters ??= this.#add(new Waiters(this.#settings.clock, () => this.#port.links.updateReading()))
    return this.#waiters
  }

  get streams(): MessageStreams {
    this.#streams ??= this.#add(new MessageStreams({ onChange: () => this.#port.links.updateReading() }))
    return this.#streams
  }

  get requests(): PendingRequests {
    if (!this.#requests) {
      this.#requests = this.#add(this.#makeRequests())
      if (this.#readyLink) this.#requests.onReady()
    }
    return this.#requests
  }

  get subscriptions(): Subscriptions {
    this.#subscriptions ??= this.#add(this.#makeSubscriptions())
    return this.#subscriptions
  }

  #add<T>(taker: T): T {
    this.#hub.inbound.enableInterception()
    return taker
  }

  #makeRequests(): PendingRequests {
    const { clock, codec, requests } = this.#settings
    const port = this.#port
    return new PendingRequests(requests, clock, {
      send: (message) => {
        const link = port.links.openLink() ?? port.links.link
        if (link?.isOpen) void link.send(encodeWith(codec, message))
      },
      canSend: () => port.links.openLink() !== undefined,
      onChange: () => port.links.updateReading(),
      onError: (thrown) => port.report(toError(thrown), 'decode', ''),
    })
  }

  #makeSubscriptions(): Subscriptions {
    const port = this.#port
    const send = (message: unknown): void => {
      this.requests.markUsed(message)
      void this.#readyLink?.send(encodeWith(this.#settings.codec, message))
    }
    // From inside the @OnOpen of a link that is to replace this one, nothing is sent on this one any more.
    const isReady = (): boolean =>
      this.#readyLink !== undefined &&
      port.stateMachine.state.status === 'open' &&
      port.links.openLink() === this.#readyLink
    const report = (error: Error): void => port.report(error, 'send', '')
    return new Subscriptions(
      { send, isReady, report, onPendingAcksChange: () => port.links.updateReading() },
      this.#settings.clock,
    )
  }

  // --- what readers of links ask ----------------------------------------------------------------------------------------

  get isWaiting(): boolean {
    const requests = this.#requests?.size ?? 0
    const acks = this.#subscriptions?.pendingAcks ?? 0
    return requests > 0 || acks > 0 || (this.#waiters?.size ?? 0) > 0
  }

  get iteratorsFull(): boolean {
    return this.#streams?.iteratorsFull ?? false
  }

  get iteratorsOverLimit(): boolean {
    return this.#streams?.iteratorsOverLimit ?? false
  }

  /** So much is pending that nobody can be waited for any more. */
  onReadOverflow(pending: number): void {
    const error = new BackpressureError(pending)
    this.#requests?.rejectAll(error)
    this.#waiters?.rejectAll(error)
  }

  // --- what arrives -----------------------------------------------------------------------------------------------------

  /** Offers a message to those who wait for it, before any queue. Returns whether somebody took it: no handler sees it then. */
  intercept(message: unknown): boolean {
    const hasRequests = this.#settings.hasRequests || (this.#requests?.size ?? 0) > 0
    return (
      (hasRequests && this.requests.take(message)) ||
      (this.#waiters?.offer(message) ?? false) ||
      (this.#subscriptions?.intercept(message) ?? false)
    )
  }

  /** Shows a message that nobody took to the iterators. */
  publish(message: unknown): void {
    this.#streams?.push(message)
  }

  /** Returns the user's own key for an ID that the server has given a subscription. */
  subscriptionKey(id: unknown): string | undefined {
    return this.#subscriptions?.keyOf(id)
  }

  /** Number of replies that no request was waiting for. */
  get unmatchedReplies(): number {
    return this.#requests?.unmatched ?? 0
  }

  // --- what becomes of the links ----------------------------------------------------------------------------------------

  /**
   * `@OnOpen` has settled. Subscriptions are sent first, then the outbox, then requests.
   *
   * @param flush sends the outbox
   */
  onLinkReady(link: SenderLink, flush: () => void): void {
    this.#readyLink = link
    this.#subscriptions?.onReady()
    flush()
    // A message or a report may have led somebody to give the link up.
    if (this.#readyLink === link) this.#requests?.onReady()
  }

  /**
   * `@OnOpen` of a new link has settled while the old one is there: everything is sent on the new one. Requests of the old one may still
   * be answered until the function returned is called.
   */
  onLinkReplaced(link: SenderLink, flush: () => void): ((error: Error) => void) | undefined {
    const endOld = this.#requests?.retire()
    this.#subscriptions?.onLost()
    this.onLinkReady(link, flush)
    return endOld
  }

  /** The link is lost: requests and waiters reject, and subscriptions are to be sent again. */
  onLinkLost(error: Error): void {
    this.#readyLink = undefined
    this.#requests?.onLost(error)
    this.#subscriptions?.onLost()
    this.#waiters?.rejectAll(error)
  }

  /**
   * The connection has ended: everything that is left settles.
   *
   * @param cause why, unless it was closed on purpose
   */
  end(error: Error, cause: Error | undefined): void {
    this.#requests?.onClosed(error)
    if (cause) this.#streams?.fail(cause)
    else this.#streams?.end()
    this.#subscriptions?.onClosed()
    this.#waiters?.rejectAll(error)
  }
}
