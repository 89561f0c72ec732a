import { encodeWith } from '../codecs/codec.js'
import { LateMessage } from '../codecs/late-message.js'
import type { Clock } from '../core/clock.js'
import { toError } from '../core/error-text.js'
import { rejected } from '../core/deferred.js'
import { syncAnswer } from '../core/thenable.js'
import type { DiagnosticSource } from '../diagnostics/payloads.js'
import type { Stage } from '../errors/stage.js'
import type { ReadDemand } from '../link/read-flow.js'
import type { InboundPipeline } from '../messages/inbound.js'
import { MessageStreams } from '../messages/message-stream.js'
import type { SenderLink } from '../messages/sender.js'
import type { SubscriptionsSettings } from '../subscriptions/subscribe-options.js'
import { Subscriptions } from '../subscriptions/subscriptions.js'
import { Waiters } from '../messages/waiters.js'
import type { WaitOptions } from '../messages/waiters.js'
import { PendingRequests } from '../requests/pending-requests.js'
import type { PendingRequest } from '../requests/pending-request.js'
import type { RequestsSettings } from '../requests/request-options.js'
import { lostError } from './disconnect.js'
import type { Loss } from './disconnect.js'

export interface MessageTakersSettings {
  readonly clock: Clock
  readonly requests: RequestsSettings
  readonly subscriptions: SubscriptionsSettings | undefined
  /** True if the API is known to have requests, so that unmatched replies are counted. */
  readonly hasRequests: boolean
}

/** The parts of a session that takers use. */
export interface TakersSession {
  readonly link: SenderLink
  /** True if the caller can send immediately. */
  readonly canSend: boolean
  /** True while the caller is part of this session's `@OnOpen`. */
  readonly isCaller: boolean
  /** Loss of the link, if it is lost. */
  readonly loss: Loss | undefined
  readonly requests: PendingRequests
  readonly handlers: {
    /** Takes the oldest matching message that has arrived but has not been handled. */
    takeEarly(match: (message: unknown) => boolean): { readonly value: unknown } | undefined
  }
}

/** Provides the sessions of a connection, and receives reports. */
export interface MessageTakersPort extends DiagnosticSource {
  readonly links: {
    /** Session that calls use: inside `@OnOpen`, the session that is opening; otherwise, the serving session. */
    readonly callersSession: TakersSession | undefined
    /** Session that is ready and has been neither lost nor replaced. */
    readonly servingSession: TakersSession | undefined
    /** True while there are two links, or a link and an attempt. */
    readonly isHandover: boolean
  }
  readonly holder: { readonly state: { readonly status: string } }
  report(error: Error, stage: Stage, consequence: string, message?: unknown): void
  /** Called when the server has assigned an ID to a subscription. */
  onSubscriptionIds(keyOf: (id: unknown) => string | undefined): void
  warn(message: string): void
}

/** The parts of the hub that takers use. */
export interface TakersHub {
  /** Intercepts messages once there is a taker. */
  readonly inbound: InboundPipeline
  /** Counts callers that wait for a message, and iterators that have fallen behind. */
  readonly demand: ReadDemand
  /** Limits the rate of sends; `undefined` if there is no limit. */
  readonly limiter: object | undefined
}

/**
 * Requests, waiters, subscriptions and iterators. They take messages before the handlers do, or only observe them. Each is created on first
 * use.
 *
 * perf: saves 300 (waiters), 1,310 (subscriptions), 1,630 (requests) and 360 B (iterators) per idle connection.
 */
export class MessageTakers {
  readonly #settings: MessageTakersSettings
  readonly #port: MessageTakersPort
  readonly #hub: TakersHub
  #waiters: Waiters | undefined
  #subscriptions: Subscriptions | undefined
  /** Requests that wait for a link. */
  #lobby: PendingRequests | undefined
  #streams: MessageStreams | undefined
  #unmatchedReplies = 0
  /** True if the last message offered to the requests was a reply that matched none of them. */
  #isUnmatched = false

  constructor(settings: MessageTakersSettings, port: MessageTakersPort, hub: TakersHub) {
    this.#settings = settings
    this.#port = port
    this.#hub = hub
  }

  /** Number of requests that wait for a link. */
  get waitingRequests(): number {
    return this.#lobby?.size ?? 0
  }

  get streams(): MessageStreams {
    this.#streams ??= this.#add(
      new MessageStreams(this.#settings.clock, {
        onBacklog: (before, after) => this.#hub.demand.onBacklog(before, after),
        warn: (message) => this.#port.warn(message),
      }),
    )
    return this.#streams
  }

  get lobby(): PendingRequests {
    return (this.#lobby ??= this.#makeRequests(undefined))
  }

  get subscriptions(): Subscriptions {
    this.#subscriptions ??= this.#add(this.#makeSubscriptions())
    return this.#subscriptions
  }

  #add<T>(taker: T): T {
    this.#hub.inbound.enableInterception()
    return taker
  }

  /** Creates the requests of one link. */
  createRequests(session: TakersSession): PendingRequests {
    return this.#add(this.#makeRequests(session))
  }

  /** @param session `undefined` for requests that wait for a link */
  #makeRequests(session: TakersSession | undefined): PendingRequests {
    const { clock, requests: settings } = this.#settings
    const port = this.#port
    const onWaiting = waitingCounter(this.#hub.demand)
    const requests: PendingRequests = new PendingRequests(
      settings,
      clock,
      {
        get facts() {
          return port.facts
        },
        send: (message) => {
          if (session) void session.link.send(encodeWith(session.link.codec, message))
        },
        sendLate: (source, request) =>
          void session?.link.sendLate(new LateMessage(source, undefined, request)),
        isRateLimited: this.#hub.limiter !== undefined,
        canSend: () => session?.canSend ?? false,
        isOpen: () => session?.link.isOpen ?? false,
        onCancelError: (thrown) => this.#port.report(toError(thrown), 'encode', 'no cancel message sent'),
        onChange: () => onWaiting(requests.size),
        onError: (thrown) => this.#port.report(toError(thrown), 'decode', ''),
        onUnmatched: () => {
          this.#isUnmatched = true
        },
      },
      session === undefined,
    )
    return requests
  }

  #makeSubscriptions(): Subscriptions {
    const port = this.#port
    const onWaiting = waitingCounter(this.#hub.demand)
    const sendOn = (session: TakersSession, message: unknown, left: () => void): void => {
      session.requests.markUsed(message)
      void session.link.send(encodeWith(session.link.codec, message), left)
    }
    return new Subscriptions(
      {
        get callersSession() {
          return port.links.callersSession
        },
        sendOn,
        send: (message, left) => {
          const session = port.links.servingSession
          if (session) sendOn(session, message, left)
        },
        asRequest: (message) => (port.links.servingSession?.requests ?? this.lobby).identify(message),
        canSend: ({ link }: TakersSession) => link.isOpen && !ENDING.includes(port.holder.state.status),
        // Inside the @OnOpen of a link that will replace this one, nothing else is sent on this one.
        isReady: () => {
          const session = port.links.servingSession
          return (
            session?.link.isOpen === true &&
            port.holder.state.status === 'open' &&
            port.links.callersSession === session
          )
        },
        report: (error) => port.report(error, 'send', ''),
        onAckError: (thrown, message) => port.report(toError(thrown), 'decode', '', message),
        onFirstId: () => port.onSubscriptionIds((id) => this.#subscriptions?.keyOf(id)),
        onPendingAcksChange: () => onWaiting(this.#subscriptions?.pendingAcks ?? 0),
      },
      this.#settings.clock,
      this.#settings.subscriptions,
    )
  }

  // --- waits and messages -----------------------------------------------------------------------------------------------

  /**
   * Waits for a message. Inside `@OnOpen`, the message may already have arrived.
   *
   * @param session session whose messages are matched; `undefined` for the next session
   */
  waitFor(
    session: TakersSession | undefined,
    match: (message: unknown) => boolean,
    options: WaitOptions,
  ): Promise<unknown> {
    this.#waiters ??= this.#add(new Waiters(this.#settings.clock, this.#hub.demand))
    if (session?.loss) return rejected(lostError(session.loss.disconnect))
    if (session?.isCaller && !options.signal?.aborted) {
      try {
        const early = session.handlers.takeEarly((message) =>
          syncAnswer(match(message), 'The match function of waitFor'),
        )
        if (early) return Promise.resolve(early.value)
      } catch (thrown) {
        return rejected(toError(thrown))
      }
    }
    return this.#waiters.add(match, options, session?.link)
  }

  /** Offers a message from a link to waiters and subscriptions. Returns true if one of them took it. */
  offer(message: unknown, session: TakersSession): boolean {
    const isWaitedFor = this.#waiters?.offer(message, session.link) ?? false
    return isWaitedFor || (this.#subscriptions?.intercept(message, session) ?? false)
  }

  /** Returns true if the last message offered to the requests was a reply that matched none of them. Resets the flag. */
  takeUnmatched(): boolean {
    const isUnmatched = this.#isUnmatched
    this.#isUnmatched = false
    return isUnmatched
  }

  countUnmatched(): void {
    this.#unmatchedReplies += 1
  }

  /** True while iterators observe messages. */
  get isLookedAt(): boolean {
    return this.#streams !== undefined && this.#streams.size > 0
  }

  /** Passes a message that was not taken to the iterators. */
  publish(message: unknown): void {
    this.#streams?.push(message)
  }

  /** Rejects the `waitFor` calls that wait for messages from a link. */
  rejectWaiters(link: SenderLink, error: Error): void {
    this.#waiters?.rejectAll(link, error)
  }

  /** Number of replies that matched no request. */
  get unmatchedReplies(): number {
    return this.#unmatchedReplies
  }

  // --- events from the links --------------------------------------------------------------------------------------------

  /** Called when a link has opened. Binds waiters that have no link to it. */
  onSessionOpen({ link }: TakersSession): void {
    this.#waiters?.attach(link)
  }

  /** Called when a link is ready. Sends the subscriptions again, even if the previous link still exists. */
  sendSubscriptions(session: TakersSession): void {
    this.#subscriptions?.onReady(session)
  }

  /** Called when a link is ready and everything else has been sent. Sends the requests that were waiting for a link. */
  sendRequests(session: TakersSession): void {
    if (this.#lobby && this.#lobby.size > 0) session.requests.adopt(this.#lobby.release())
  }

  /**
   * Called when a link is lost. Waiters reject, the given requests wait for the next link, and subscriptions will be sent again.
   *
   * @param requests requests of the link to send again
   */
  onSessionLost(session: TakersSession, error: Error, requests: readonly PendingRequest[]): void {
    const { servingSession } = this.#port.links
    this.#waiters?.rejectAll(session.link, error)
    this.#subscriptions?.onLost(session, servingSession !== undefined)
    if (requests.length > 0) (servingSession?.requests ?? this.lobby).adopt(requests)
  }

  /**
   * Called when the connection ends. Settles every pending promise.
   *
   * @param cause error that ended the connection; `undefined` if the connection was closed intentionally
   */
  end(error: Error, cause: Error | undefined): void {
    this.#lobby?.onClosed(error)
    if (cause) this.#streams?.fail(cause)
    else this.#streams?.end()
    this.#subscriptions?.onClosed(error)
    this.#waiters?.end(error)
  }
}

/** States in which nothing new is sent. */
const ENDING: readonly string[] = ['closing', 'closed']

/** Returns a function that reports to `demand` how many callers wait for one kind of message. */
function waitingCounter(demand: ReadDemand): (count: number) => void {
  let before = 0
  return (count) => {
    const more = count - before
    before = count
    if (more > 0) demand.add(more)
    else if (more < 0) demand.remove(-more)
  }
}
