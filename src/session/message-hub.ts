import type { Codec } from '../codecs/codec.js'
import type { Clock } from '../core/clock.js'
import type { HeartbeatSettings } from '../link/heartbeat.js'
import type { RateLimitSettings } from '../link/rate-limiter.js'
import type { OutboxSettings } from '../messages/outbox.js'
import type { Unpack } from '../messages/inbound.js'
import type { RequestsSettings } from '../requests/request-options.js'
import { encodeWith } from '../codecs/codec.js'
import { BackpressureError } from '../errors/request-errors.js'
import { toError } from '../core/error-text.js'
import type { MessageDroppedError } from '../errors/send-errors.js'
import { InboundPipeline } from '../messages/inbound.js'
import type { Interceptors } from '../messages/inbound.js'
import type { ReadDemand } from '../link/read-flow.js'
import { MessageCounter } from './connection-stats.js'
import type { Unseen } from '../link/link-port.js'
import { MessageStreams } from '../messages/message-stream.js'
import type { RateLimitedFrame } from '../link/rate-limited-transport.js'
import { PendingRequests } from '../requests/pending-requests.js'
import { RateLimiter } from '../link/rate-limiter.js'
import { Sender } from '../messages/sender.js'
import type { SenderLink } from '../messages/sender.js'
import type { ConnectionStats } from './connection-stats.js'
import type { Stage } from '../errors/stage.js'
import { Subscriptions } from '../messages/subscriptions.js'
import { Waiters } from '../messages/waiters.js'

/** What a message hub needs to know. */
export interface MessageHubSettings {
  readonly clock: Clock
  readonly codec: Codec
  readonly unpack: Unpack | undefined
  readonly heartbeat: HeartbeatSettings
  readonly outbox: OutboxSettings | false
  readonly sendHighWaterMark: number
  readonly rateLimit: RateLimitSettings | undefined
  readonly requests: RequestsSettings
  /** True if the API is known to have requests: then heartbeats take an ID, too, and unmatched replies are counted. */
  readonly hasRequests: boolean
}

/** What the hub asks of its machine. */
export interface MessageHubPort {
  /** The link over which the caller may send now; `undefined` while that has to wait. */
  openLink(): SenderLink | undefined
  /** The link that is open or being opened, whoever asks. */
  readonly link: SenderLink | undefined
  readonly state: { readonly status: string }
  /** Reports something that befell a message. */
  report(error: Error, stage: Stage, consequence: string, message?: unknown): void
  /** Called whenever somebody begins or ends to wait for a message. */
  onWaitingChange(): void
}

/**
 * All that rides on a connection and outlives its links: what is sent, what arrives, and who waits for it. What a connection may
 * never need is made when it is first asked for.
 */
export class MessageHub implements Interceptors, ReadDemand {
  readonly inbound: InboundPipeline
  /** Keeps what is sent below a rate, over all links; `undefined` where there is no limit. */
  readonly limiter: RateLimiter<RateLimitedFrame> | undefined
  /** perf: saves 40 B per idle connection. */
  #counter: MessageCounter | undefined
  readonly #settings: MessageHubSettings
  readonly #port: MessageHubPort
  #sender: Sender | undefined
  #waiters: Waiters | undefined
  #subscriptions: Subscriptions | undefined
  #requests: PendingRequests | undefined
  #streams: MessageStreams | undefined
  /** The link whose `@OnOpen` has settled, while it lives. */
  #readyLink: SenderLink | undefined

  constructor(id: string, settings: MessageHubSettings, port: MessageHubPort) {
    const { clock, codec, hasRequests, heartbeat, rateLimit, unpack } = settings
    this.#settings = settings
    this.#port = port
    if (rateLimit) this.limiter = new RateLimiter(rateLimit, clock, { send: (frame) => frame.run() })
    const hasReplies = hasRequests || (heartbeat.style === 'message' && heartbeat.isReply !== undefined)
    this.inbound = new InboundPipeline(id, codec, this, hasReplies, unpack)
  }

  get sender(): Sender {
    const { clock, outbox, sendHighWaterMark } = this.#settings
    this.#sender ??= new Sender(outbox, sendHighWaterMark, clock, {
      openLink: () => this.#port.openLink(),
      status: () => this.#port.state.status,
      onDropped: (error, message) => this.onDropped(error, message),
    })
    return this.#sender
  }

  get waiters(): Waiters {
    this.#waiters ??= this.#add(new Waiters(this.#settings.clock, () => this.#port.onWaitingChange()))
    return this.#waiters
  }

  get streams(): MessageStreams {
    this.#streams ??= this.#add(new MessageStreams({ onChange: () => this.#port.onWaitingChange() }))
    return this.#streams
  }

  get requests(): PendingRequests {
    if (!this.#requests) {
      this.#requests = this.#add(createRequests(this.#settings, this.#port))
      if (this.#readyLink) this.#requests.onReady()
    }
    return this.#requests
  }

  get subscriptions(): Subscriptions {
    this.#subscriptions ??= this.#add(
      createSubscriptions(this.#settings, this.#port, {
        requests: () => this.requests,
        readyLink: () => this.#readyLink,
      }),
    )
    return this.#subscriptions
  }

  /** Adds somebody who takes messages before any handler, or looks on. */
  #add<T>(taker: T): T {
    this.inbound.enableInterception()
    return taker
  }

  /** Reports messages that will never be sent. */
  onDropped(error: MessageDroppedError, message: unknown): void {
    this.#counts.add('dropped', error.count)
    this.#port.report(error, 'send', '', message)
  }

  // --- who waits --------------------------------------------------------------------------------------------------------

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

  /** Returns the user's own key for an id that the server has given a subscription. */
  subscriptionKey(id: unknown): string | undefined {
    return this.#subscriptions?.keyOf(id)
  }

  get stats(): ConnectionStats {
    const { unhandled = 0, conflated = 0, dropped = 0 } = this.#counter ?? {}
    return {
      unhandledMessages: unhandled,
      conflated,
      unmatchedReplies: this.#requests?.unmatched ?? 0,
      droppedMessages: dropped,
    }
  }

  get #counts(): MessageCounter {
    return (this.#counter ??= new MessageCounter())
  }

  count(unseen: Unseen): void {
    this.#counts.add(unseen, 1)
  }

  /** Gives a message to those who wait for it, before any queue, and tells whether there was somebody: then no handler sees it. */
  intercept(message: unknown): boolean {
    const hasRequests = this.#settings.hasRequests || (this.#requests?.size ?? 0) > 0
    return (
      (hasRequests && this.requests.take(message)) ||
      (this.#waiters?.offer(message) ?? false) ||
      (this.#subscriptions?.intercept(message) ?? false)
    )
  }

  /** Shows a message that nobody took to those who iterate. */
  publish(message: unknown): void {
    this.#streams?.push(message)
  }

  /** Gives a message an ID if the API has requests. */
  withRequestId(message: unknown): unknown {
    return this.#settings.hasRequests ? this.requests.withId(message) : message
  }

  // --- what becomes of the links ----------------------------------------------------------------------------------------

  /** `@OnOpen` has settled: what has waited for that goes out, subscriptions first. */
  onLinkReady(link: SenderLink): void {
    this.#readyLink = link
    this.#subscriptions?.onReady()
    this.#sender?.flush(link)
    // What went out, or was reported, may have led somebody to give the link up.
    if (this.#readyLink === link) this.#requests?.onReady()
  }

  /**
   * `@OnOpen` of a new link has settled while the old one lives: the new one is said everything, and what was asked of the old one
   * may still be answered, until the function returned is called.
   */
  onLinkReplaced(link: SenderLink): ((error: Error) => void) | undefined {
    const endOld = this.#requests?.retire()
    this.#subscriptions?.onLost()
    this.onLinkReady(link)
    return endOld
  }

  /** The link is gone, and with it what was on its way. */
  onLinkLost(error: Error): void {
    this.#readyLink = undefined
    this.#requests?.onLost(error)
    this.#subscriptions?.onLost()
    this.#waiters?.rejectAll(error)
  }

  /** So much is pending that nobody can be waited for any more. */
  onReadOverflow(pending: number): void {
    const error = new BackpressureError(pending)
    this.#requests?.rejectAll(error)
    this.#waiters?.rejectAll(error)
  }

  /** The connection has ended: everything that is left is settled. `cause` is why, unless it was closed on purpose. */
  end(error: Error, cause: Error | undefined): void {
    this.#requests?.onClosed(error)
    if (cause) this.#streams?.fail(cause)
    else this.#streams?.end()
    this.#sender?.end()
    this.#subscriptions?.onClosed()
    this.#waiters?.rejectAll(error)
  }
}

/** Makes what asks and matches replies. */
function createRequests(
  { clock, codec, requests }: MessageHubSettings,
  port: MessageHubPort,
): PendingRequests {
  return new PendingRequests(requests, clock, {
    send: (message) => {
      const link = port.openLink() ?? port.link
      if (link?.isOpen) void link.send(encodeWith(codec, message))
    },
    canSend: () => port.openLink() !== undefined,
    onChange: () => port.onWaitingChange(),
    onError: (thrown) => port.report(toError(thrown), 'decode', ''),
  })
}

/** What subscriptions have from their hub. */
interface SubscribingHub {
  requests(): PendingRequests
  readyLink(): SenderLink | undefined
}

/** Makes what keeps track of subscriptions, and sends them on the link that is ready. */
function createSubscriptions(
  { clock, codec }: MessageHubSettings,
  port: MessageHubPort,
  hub: SubscribingHub,
): Subscriptions {
  return new Subscriptions(
    {
      send: (message) => {
        hub.requests().markUsed(message)
        void hub.readyLink()?.send(encodeWith(codec, message))
      },
      // From inside the @OnOpen of a link that is to replace this one, nothing is sent on this one any more.
      isReady: () => {
        const link = hub.readyLink()
        return link !== undefined && port.state.status === 'open' && port.openLink() === link
      },
      report: (error) => port.report(error, 'send', ''),
      onPendingAcksChange: () => port.onWaitingChange(),
    },
    clock,
  )
}
