import { toError } from '../core/error-text.js'
import { MessageDroppedError } from '../errors/send-errors.js'
import type { HeartbeatSettings } from '../link/heartbeat.js'
import type { LinkHub } from '../link/link.js'
import type { Unseen } from '../link/link-port.js'
import type { RateLimitedFrame } from '../link/rate-limited-transport.js'
import { RateLimiter } from '../link/rate-limiter.js'
import type { RateLimitSettings } from '../link/rate-limiter.js'
import { InboundPipeline } from '../messages/inbound.js'
import type { Unpack } from '../messages/inbound.js'
import type { OutboxSettings } from '../messages/outbox.js'
import { Sender } from '../messages/sender.js'
import type { SenderLink } from '../messages/sender.js'
import { MessageCounter } from './connection-stats.js'
import type { ConnectionStats } from './connection-stats.js'
import { MessageTakers } from './message-takers.js'
import type { MessageTakersPort, MessageTakersSettings } from './message-takers.js'

/** Settings of a message hub. */
export interface MessageHubSettings extends MessageTakersSettings {
  readonly unpack: Unpack | undefined
  readonly heartbeat: HeartbeatSettings
  readonly outbox: OutboxSettings | false
  readonly sendHighWaterMark: number
  readonly rateLimit: RateLimitSettings | undefined
}

/** Everything that rides on a connection and outlives its links: what is sent, what arrives, and who takes it. */
export class MessageHub implements LinkHub {
  readonly inbound: InboundPipeline
  readonly takers: MessageTakers
  /** Keeps what is sent below a rate, over all links, if there is a limit. */
  readonly limiter: RateLimiter<RateLimitedFrame> | undefined
  readonly #settings: MessageHubSettings
  readonly #port: MessageTakersPort
  /** perf: saves 90 B per idle connection. */
  #sender: Sender | undefined
  /** perf: saves 40 B per idle connection. */
  #counter: MessageCounter | undefined

  constructor(id: string, settings: MessageHubSettings, port: MessageTakersPort) {
    const { clock, codec, hasRequests, heartbeat, rateLimit, unpack } = settings
    this.#settings = settings
    this.#port = port
    if (rateLimit) this.limiter = new RateLimiter(rateLimit, clock, { send: (frame) => frame.run() })
    this.takers = new MessageTakers(settings, port, this)
    const hasReplies = hasRequests || (heartbeat.style === 'message' && heartbeat.isReply !== undefined)
    this.inbound = new InboundPipeline(id, codec, this.takers, hasReplies, unpack)
  }

  get sender(): Sender {
    const { clock, outbox, sendHighWaterMark } = this.#settings
    this.#sender ??= new Sender(outbox, sendHighWaterMark, clock, {
      openLink: () => this.#port.links.openLink(),
      status: () => this.#port.stateMachine.state.status,
      onDropped: (error, message) => this.#onDropped(error, message),
    })
    return this.#sender
  }

  /** Messages that waited for the rate limiter were never handed to the socket. */
  onUnsent(messages: readonly (string | Uint8Array)[]): void {
    this.#onDropped(new MessageDroppedError('lost', messages), messages[0])
  }

  /** Reports messages that will never be sent. */
  #onDropped(error: MessageDroppedError, message: unknown): void {
    this.#counts.add('dropped', error.count)
    this.#port.report(error, 'send', '', message)
  }

  get stats(): ConnectionStats {
    const { unhandled = 0, conflated = 0, dropped = 0 } = this.#counter ?? {}
    const { unmatchedReplies } = this.takers
    return { unhandledMessages: unhandled, conflated, unmatchedReplies, droppedMessages: dropped }
  }

  get #counts(): MessageCounter {
    return (this.#counter ??= new MessageCounter())
  }

  count(unseen: Unseen): void {
    this.#counts.add(unseen, 1)
  }

  /** Gives a message an ID if the API has requests. */
  withRequestId(message: unknown): unknown {
    return this.#settings.hasRequests ? this.takers.requests.withId(message) : message
  }

  onHeartbeatError(thrown: unknown): void {
    this.#port.report(toError(thrown), 'heartbeat', 'the beat is left out')
  }

  /** `@OnOpen` has settled: what has waited for that is sent. */
  onLinkReady(link: SenderLink): void {
    this.takers.onLinkReady(link, () => this.#sender?.flush(link))
  }

  /** The same for a link that replaces another one; see `MessageTakers.onLinkReplaced`. */
  onLinkReplaced(link: SenderLink): ((error: Error) => void) | undefined {
    return this.takers.onLinkReplaced(link, () => this.#sender?.flush(link))
  }

  /**
   * The connection has ended: everything that is left settles.
   *
   * @param cause why, unless it was closed on purpose
   */
  end(error: Error, cause: Error | undefined): void {
    this.takers.end(error, cause)
    this.#sender?.end()
  }
}
