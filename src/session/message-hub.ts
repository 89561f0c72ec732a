import { sharedCodec } from '../codecs/codec.js'
import type { Codec, CodecFactory } from '../codecs/codec.js'
import { MessageDroppedError } from '../errors/send-errors.js'
import { dropChannel, messageChannel } from '../diagnostics/channels.js'
import type { DropReason } from '../diagnostics/payloads.js'
import type { HeartbeatSettings } from '../link/heartbeat.js'
import type { LinkHub } from '../link/link.js'
import type { Miss } from '../link/link-port.js'
import type { QueuedFrame } from '../link/queued-transport.js'
import { RateLimiter } from '../link/rate-limiter.js'
import { PeriodicMessages } from '../link/periodic-messages.js'
import type { PeriodicLink, PeriodicSettings } from '../link/periodic-messages.js'
import { ReadDemand } from '../link/read-flow.js'
import type { RateLimitSettings } from '../link/rate-limiter.js'
import { InboundPipeline } from '../messages/inbound.js'
import type { AckOnArrival, InboundTarget, Onlookers, Unpack } from '../messages/inbound.js'
import { mayBeReply } from '../requests/request-options.js'
import type { OutboxSettings } from '../messages/outbox.js'
import { Sender } from '../messages/sender.js'
import { MessageCounter } from './connection-stats.js'
import type { ConnectionStats } from './connection-stats.js'
import { MessageTakers } from './message-takers.js'
import type { MessageTakersPort, MessageTakersSettings, TakersSession } from './message-takers.js'

export interface MessageHubSettings extends MessageTakersSettings {
  readonly codec: Codec | CodecFactory
  readonly unpack: Unpack | undefined
  readonly ackOnArrival?: AckOnArrival | undefined
  /** Property that contains a message's key, if unhandled messages are skipped without parsing; otherwise `undefined`. */
  readonly skipBy: string | undefined
  readonly heartbeat: HeartbeatSettings
  readonly outbox: OutboxSettings | false
  readonly sendHighWaterMark: number
  readonly rateLimit: RateLimitSettings | undefined
  readonly periodic: PeriodicSettings | undefined
}

const NOTHING = { size: 0, bytes: 0 } as const

/** The message handling of a connection that outlives its links: sending, receiving, and the takers of messages. */
export class MessageHub implements LinkHub<InboundTarget>, Onlookers {
  readonly inbound: InboundPipeline
  /** Limits the rate of sends across all links; `undefined` if there is no limit. */
  readonly limiter: RateLimiter<QueuedFrame> | undefined
  readonly #settings: MessageHubSettings
  readonly #port: MessageTakersPort
  /** Takers of messages. Created on first use. perf: saves 80 B per idle connection. */
  takersIfAny: MessageTakers | undefined
  /** perf: saves 60 B per idle connection. */
  #demand: ReadDemand | undefined
  /** perf: saves 90 B per idle connection. */
  #sender: Sender | undefined
  /** perf: saves 40 B per idle connection. */
  #counter: MessageCounter | undefined

  constructor(settings: MessageHubSettings, port: MessageTakersPort) {
    const { ackOnArrival, clock, codec, hasRequests, heartbeat, rateLimit, unpack } = settings
    this.#settings = settings
    this.#port = port
    if (rateLimit) this.limiter = new RateLimiter(rateLimit, clock, { send: (frame) => frame.run() })
    const hasReplies = hasRequests || (heartbeat.style === 'message' && heartbeat.isReply !== undefined)
    this.inbound = new InboundPipeline(
      sharedCodec(codec),
      this,
      hasReplies || ackOnArrival !== undefined,
      unpack,
    )
  }

  get takers(): MessageTakers {
    return (this.takersIfAny ??= new MessageTakers(this.#settings, this.#port, this))
  }

  /** Counts callers that wait for a message, and iterators that have fallen behind. */
  get demand(): ReadDemand {
    return (this.#demand ??= new ReadDemand())
  }

  /** True while an iterator has fallen behind. */
  get isBehind(): boolean {
    return this.#demand?.isBehind ?? false
  }

  /** True while anything other than the handlers waits for messages or observes them. Every message is then parsed. */
  get wantsEach(): boolean {
    return (
      this.#demand?.isWaiting === true ||
      this.takersIfAny?.isLookedAt === true ||
      messageChannel.hasSubscribers ||
      this.#port.links.isHandover
    )
  }

  /** Returns true if a message, given as JSON text, can be a reply to a request. */
  mayBeReply(text: string): boolean {
    return mayBeReply(text, this.#settings.requests)
  }

  /** True if the API is known to have requests, so that unmatched replies are counted. */
  get hasRequests(): boolean {
    return this.#settings.hasRequests
  }

  /** True if heartbeat messages must have an ID. */
  get heartbeatsHaveIds(): boolean {
    return this.#settings.requests.heartbeatIds
  }

  publish(message: unknown): void {
    this.takersIfAny?.publish(message)
  }

  get sender(): Sender {
    const { clock, outbox, sendHighWaterMark } = this.#settings
    this.#sender ??= new Sender(outbox, sendHighWaterMark, clock, {
      openLink: () => {
        const session = this.#port.links.callersSession
        return session?.link.isOpen ? session.link : undefined
      },
      status: () => this.#port.holder.state.status,
      onDropped: (error, message) => this.drop(error, message),
    })
    return this.#sender
  }

  /** Number of messages and bytes that wait for a link. */
  get outbox(): { readonly size: number; readonly bytes: number } {
    return this.#sender ?? NOTHING
  }

  /** Called if messages are still waiting for the rate limiter when their link ends. */
  onUnsent(messages: readonly unknown[]): void {
    this.drop(new MessageDroppedError('lost', messages), messages[0])
  }

  /** Counts and reports messages that will never be sent. */
  drop(error: MessageDroppedError, message: unknown): void {
    const { count, reason } = error
    this.#counts.add('dropped', count)
    const isOutbox = reason === 'overflow' || reason === 'expired'
    if (dropChannel.hasSubscribers) this.publishDrop(isOutbox ? 'outbox' : 'unsent', count)
    this.#port.report(error, 'send', '', message)
  }

  onEncodeError(error: Error, message: unknown, consequence = ''): void {
    this.#port.report(error, 'encode', consequence, message)
  }

  get stats(): ConnectionStats {
    const { unhandled = 0, conflated = 0, dropped = 0 } = this.#counter ?? {}
    const unmatchedReplies = this.takersIfAny?.unmatchedReplies ?? 0
    return { unhandledMessages: unhandled, conflated, unmatchedReplies, droppedMessages: dropped }
  }

  /** Publishes dropped messages. Call it only while the channel has subscribers. */
  publishDrop(reason: DropReason, count: number): void {
    dropChannel.publish({ ...this.#port.facts, reason, count })
  }

  get #counts(): MessageCounter {
    return (this.#counter ??= new MessageCounter())
  }

  count(miss: Miss, raw?: string | Uint8Array): void {
    this.#counts.add(miss, 1)
    if (dropChannel.hasSubscribers) this.publishDrop(miss === 'dropped' ? 'unsent' : miss, 1)
    const { skipBy } = this.#settings
    if (raw !== undefined && skipBy !== undefined) this.inbound.onUnhandled(raw, skipBy)
  }

  /** Called when a link has opened, before its `@OnOpen`. */
  onSessionOpen(session: TakersSession): void {
    this.takersIfAny?.onSessionOpen(session)
  }

  /** Called when `@OnOpen` completes. Sends the messages that were waiting for that. */
  onSessionReady(session: TakersSession & { readonly link: PeriodicLink }): void {
    this.takersIfAny?.sendSubscriptions(session)
    this.#sender?.flush(session.link)
    this.takersIfAny?.sendRequests(session)
    const { periodic } = this.#settings
    if (periodic) this.#startPeriodic(periodic, session)
  }

  #startPeriodic(periodic: PeriodicSettings, session: TakersSession & { readonly link: PeriodicLink }): void {
    const { clock } = this.#settings
    const { links, holder } = this.#port
    PeriodicMessages.start(periodic, session.link, {
      clock,
      codec: session.link.codec,
      isWanted: () => links.servingSession === session && holder.state.status === 'open',
      onError: (error) => this.#port.report(error, 'encode', 'periodic message skipped'),
    })
  }

  /**
   * Called when the connection ends. Settles every pending promise.
   *
   * @param cause error that ended the connection; `undefined` if the connection was closed intentionally
   */
  end(error: Error, cause: Error | undefined): void {
    this.takersIfAny?.end(error, cause)
    this.#sender?.end()
  }
}
