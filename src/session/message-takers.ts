import { encodeWith } from '../codecs/codec.js'
import { LateMessage } from '../codecs/late-message.js'
import type { Clock } from '../core/clock.js'
import { toError } from '../core/error-text.js'
import { rejected } from '../core/deferred.js'
import { syncAnswer } from '../core/thenable.js'
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

/** Settings of everyone who takes messages. */
export interface MessageTakersSettings {
  readonly clock: Clock
  readonly requests: RequestsSettings
  readonly subscriptions: SubscriptionsSettings | undefined
  /** True if the API is known to have requests: then unmatched replies are counted. */
  readonly hasRequests: boolean
}

/** One link, for those who wait for its messages. */
export interface TakersSession {
  readonly link: SenderLink
  /** True if the caller may send at once. */
  readonly canSend: boolean
  /** True while the caller is part of its `@OnOpen`. */
  readonly isCaller: boolean
  /** How the link was lost, if it is. */
  readonly loss: Loss | undefined
  readonly requests: PendingRequests
  readonly handlers: {
    /** Takes the oldest message that has arrived, that no handler has seen, and that matches. */
    takeEarly(match: (message: unknown) => boolean): { readonly value: unknown } | undefined
  }
}

/** Has the sessions of a connection, and receives reports. */
export interface MessageTakersPort {
  /** ID of the connection, for errors. */
  readonly id: string
  readonly links: {
    /** The session that the caller means: inside `@OnOpen`, the one that opens; everywhere else the one that serves. */
    readonly callersSession: TakersSession | undefined
    /** The session that serves. */
    readonly servingSession: TakersSession | undefined
    /** True while there are two links, or one and an attempt. */
    readonly isHandover: boolean
  }
  readonly holder: { readonly state: { readonly status: string } }
  /** Reports something that befell a message. */
  report(error: Error, stage: Stage, consequence: string, message?: unknown): void
  /** The server has given a subscription an id. */
  onSubscriptionIds(keyOf: (id: unknown) => string | undefined): void
  /** Logs a warning. */
  warn(message: string): void
}

/** The parts of the hub that takers use. */
export interface TakersHub {
  /** Intercepts messages from the first taker on. */
  readonly inbound: InboundPipeline
  /** Is told who waits for messages, and who is behind. */
  readonly demand: ReadDemand
  /** Keeps what is sent below a rate, if there is a limit. */
  readonly limiter: object | undefined
}

/**
 * Everyone who takes messages before the handlers do, or looks on: requests, waiters, subscriptions and iterators. Each is made when it
 * is first needed.
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
  /** True if the message that was just given to requests is a reply that none of them was waiting for. */
  #isUnmatched = false

  constructor(settings: MessageTakersSettings, port: MessageTakersPort, hub: TakersHub) {
    this.#settings = settings
    this.#port = port
    this.#hub = hub
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

  /** Makes the requests of one link. */
  createRequests(session: TakersSession): PendingRequests {
    return this.#add(this.#makeRequests(session))
  }

  /** @param session `undefined` for requests that wait for a link */
  #makeRequests(session: TakersSession | undefined): PendingRequests {
    const { clock, requests: settings } = this.#settings
    const onWaiting = waitingCounter(this.#hub.demand)
    const requests: PendingRequests = new PendingRequests(
      settings,
      clock,
      {
        client: this.#port.id,
        send: (message) => {
          if (session) void session.link.send(encodeWith(session.link.codec, message))
        },
        sendLate: (source, request) =>
          void session?.link.sendLate(new LateMessage(source, undefined, request)),
        isRateLimited: this.#hub.limiter !== undefined,
        canSend: () => session?.canSend ?? false,
        isOpen: () => session?.link.isOpen ?? false,
        onCancelError: (thrown) => this.#port.report(toError(thrown), 'encode', 'the peer is not told'),
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
        // From inside the @OnOpen of a link that is to replace this one, nothing is sent on this one any more.
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

  // --- who waits, and what arrives --------------------------------------------------------------------------------------

  /**
   * Waits for a message. Inside `@OnOpen` it may have arrived already.
   *
   * @param session the link that it is to come on; `undefined` for the next one
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

  /** Offers a message of a link to those who wait for it. Returns whether somebody took it. */
  offer(message: unknown, session: TakersSession): boolean {
    const isWaitedFor = this.#waiters?.offer(message, session.link) ?? false
    return isWaitedFor || (this.#subscriptions?.intercept(message, session) ?? false)
  }

  /** Returns true if the message that was just given to requests is a reply that none of them was waiting for. Asked once. */
  takeUnmatched(): boolean {
    const isUnmatched = this.#isUnmatched
    this.#isUnmatched = false
    return isUnmatched
  }

  countUnmatched(): void {
    this.#unmatchedReplies += 1
  }

  /** True while iterators look on. */
  get isLookedAt(): boolean {
    return this.#streams !== undefined && this.#streams.size > 0
  }

  /** Shows a message that nobody took to the iterators. */
  publish(message: unknown): void {
    this.#streams?.push(message)
  }

  /** Ends the waits for messages of a link. */
  rejectWaiters(link: SenderLink, error: Error): void {
    this.#waiters?.rejectAll(link, error)
  }

  /** Number of replies that no request was waiting for. */
  get unmatchedReplies(): number {
    return this.#unmatchedReplies
  }

  // --- what becomes of the links ----------------------------------------------------------------------------------------

  /** A link has opened: those who wait for one wait for its messages. */
  onSessionOpen({ link }: TakersSession): void {
    this.#waiters?.attach(link)
  }

  /** A link is ready. What was said on the one before, if that is still there, is said anew. */
  sendSubscriptions(session: TakersSession): void {
    this.#subscriptions?.onReady(session)
  }

  /** A link is ready, and all else is sent: requests that have waited for one are. */
  sendRequests(session: TakersSession): void {
    if (this.#lobby && this.#lobby.size > 0) session.requests.adopt(this.#lobby.release())
  }

  /**
   * A link is lost: waiters reject, requests wait for the next link, and subscriptions are to be sent again.
   *
   * @param requests those of the link that go on
   */
  onSessionLost(session: TakersSession, error: Error, requests: readonly PendingRequest[]): void {
    const { servingSession } = this.#port.links
    this.#waiters?.rejectAll(session.link, error)
    this.#subscriptions?.onLost(session, servingSession !== undefined)
    if (requests.length > 0) (servingSession?.requests ?? this.lobby).adopt(requests)
  }

  /**
   * The connection has ended: everything that is left settles.
   *
   * @param cause why, unless it was closed on purpose
   */
  end(error: Error, cause: Error | undefined): void {
    this.#lobby?.onClosed(error)
    if (cause) this.#streams?.fail(cause)
    else this.#streams?.end()
    this.#subscriptions?.onClosed(error)
    this.#waiters?.end(error)
  }
}

/** States in which nothing new is asked for. */
const ENDING: readonly string[] = ['closing', 'closed']

/** Returns what tells the demand how many of one kind wait. */
function waitingCounter(demand: ReadDemand): (count: number) => void {
  let before = 0
  return (count) => {
    const more = count - before
    before = count
    if (more > 0) demand.add(more)
    else if (more < 0) demand.remove(-more)
  }
}
