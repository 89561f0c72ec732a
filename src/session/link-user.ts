import { encodeWith } from '../codecs/codec.js'
import { toError } from '../core/error-text.js'
import { syncAnswer } from '../core/thenable.js'
import type { ConnectionDiagnostic } from '../diagnostics/payloads.js'
import type { HeartbeatTimeoutError } from '../errors/connection-errors.js'
import type { BackpressureError } from '../errors/request-errors.js'
import type { Stage } from '../errors/stage.js'
import { Link } from '../link/link.js'
import type { LinkOwner } from '../link/link.js'
import type { LinkEnd } from '../link/link-closing.js'
import type { LinkSettings } from '../link/link-settings.js'
import type { AckOnArrival, InboundTarget } from '../messages/inbound.js'
import type { PendingRequests } from '../requests/pending-requests.js'
import type { Transport } from '../transports/transport.js'
import { lostError } from './disconnect.js'
import type { Loss } from './disconnect.js'
import type { HandlerConnection } from './handler-connection.js'
import type { MessageHub } from './message-hub.js'
import type { ConnectionListener, SessionHandlers, SessionPort } from './session-handlers.js'

/** Identifies a link and the attempt that opened it. */
export interface LinkIdentity {
  /** Name that the lifecycle gives to the attempt and its link. */
  readonly name: number
  /** Number of the link within its connection, starting at 1. */
  readonly number: number
  /** Number of the attempt that opened the link. */
  readonly attempt: number
}

/** Provides the parts that all links of a connection share. */
export interface LinkUserOwner<S> {
  readonly hub: MessageHub
  /** Returns the connection bound to this session's link. */
  connectionOf(session: S): HandlerConnection
  /** Returns the facts for diagnostics about one link. */
  factsOf(connectionNumber: number): ConnectionDiagnostic
  /** Reports an error that does not affect the connection. */
  report(error: Error, stage: Stage, consequence: string, message?: unknown): void
}

/** Everything that uses one link: its handlers, and the requests and waiters that await its messages. */
export abstract class LinkUser implements LinkOwner, InboundTarget, SessionPort {
  readonly name: number
  /** Number of the attempt that opened the link. */
  readonly attempt: number
  readonly link: Link<LinkUser>
  readonly handlers: SessionHandlers
  protected readonly owner: LinkUserOwner<this>
  /** perf: saves 1,630 B per idle connection. */
  protected requestsIfAny: PendingRequests | undefined
  /** perf: saves 40 B per idle connection. */
  #connection: HandlerConnection | undefined

  /** @param listener creates the handlers' side of the session */
  constructor(
    { name, number, attempt }: LinkIdentity,
    transport: Transport,
    settings: LinkSettings,
    owner: LinkUserOwner<never>,
    listener: Pick<ConnectionListener, 'openSession'>,
  ) {
    this.name = name
    this.attempt = attempt
    this.owner = owner
    this.link = new Link<LinkUser>(number, transport, settings, this, owner.hub)
    this.handlers = listener.openSession(this)
  }

  get facts(): ConnectionDiagnostic {
    return this.owner.factsOf(this.link.number)
  }

  get pendingRequests(): number {
    return this.requestsIfAny?.size ?? 0
  }

  get connection(): HandlerConnection {
    return (this.#connection ??= this.owner.connectionOf(this))
  }

  get requests(): PendingRequests {
    if (!this.requestsIfAny) {
      this.requestsIfAny = this.owner.hub.takers.createRequests(this)
      if (this.loss) this.requestsIfAny.onLost(lostError(this.loss.disconnect))
    }
    return this.requestsIfAny
  }

  /** Loss of the link, if it is lost. */
  abstract get loss(): Loss | undefined
  abstract get isLive(): boolean
  /** True while the caller is part of this session's `@OnOpen`. */
  abstract get isCaller(): boolean
  /** True if the caller can send immediately. */
  abstract get canSend(): boolean
  abstract get acceptsMessages(): boolean
  abstract get readyAt(): number | undefined
  abstract runInScope<T>(run: () => T): T
  abstract onLinkDead(error: HeartbeatTimeoutError): void
  abstract onLinkEnd(end: LinkEnd): void

  // --- reports from the link --------------------------------------------------------------------------------------------

  onLinkPing(data: Uint8Array): void {
    if (this.readyAt !== undefined && this.isLive) this.handlers.onPing(data)
  }

  onLinkPong(data: Uint8Array): void {
    if (this.readyAt !== undefined && this.isLive) this.handlers.onPong(data)
  }

  /** Called when reading has stopped because too many messages are pending. No reply can arrive then. */
  onReadOverflow(error: BackpressureError): void {
    this.requestsIfAny?.rejectAll(error)
    this.owner.hub.takersIfAny?.rejectWaiters(this.link, error)
  }

  /** Returns a heartbeat message, with an ID if the API requires one. */
  withRequestId(message: unknown): unknown {
    return this.owner.hub.heartbeatsHaveIds ? this.requests.withId(message) : message
  }

  onHeartbeatError(thrown: unknown): void {
    this.owner.report(toError(thrown), 'heartbeat', 'heartbeat skipped')
  }

  intercept(message: unknown): boolean {
    const { hasRequests, takersIfAny } = this.owner.hub
    const { ackOnArrival } = this.link
    const requests = hasRequests ? this.requests : this.requestsIfAny
    const isReply = requests?.take(message) ?? false
    // Read this first, because the takers call user functions, and another message can arrive during those calls.
    const isUnmatched = takersIfAny?.takeUnmatched() ?? false
    const isTaken = isReply || (takersIfAny?.offer(message, this) ?? false)
    if (!isTaken && this.link.heartbeat.isReply(message)) return true
    if (isUnmatched && !isTaken) takersIfAny?.countUnmatched()
    if (ackOnArrival) this.#acknowledge(ackOnArrival, message)
    return isTaken
  }

  /** Sends the acknowledgment for a message immediately, unless messages are no longer handled. */
  #acknowledge(ackOnArrival: AckOnArrival, message: unknown): void {
    if (!this.#canAcknowledge()) return
    try {
      const ack = syncAnswer(ackOnArrival(message), 'ackOnArrival')
      if (ack === undefined || ack === null) return
      const data = encodeWith(this.link.codec, ack)
      // The ackOnArrival function may have closed the connection.
      if (this.#canAcknowledge()) this.link.sendAck(data)
    } catch (thrown) {
      this.handlers.onAckError(toError(thrown), message)
    }
  }

  #canAcknowledge(): boolean {
    return this.acceptsMessages && this.link.isOpen
  }

  mayWant(text: string, from: number, to: number): boolean {
    const { hub } = this.owner
    const hasRequests = hub.hasRequests || this.requestsIfAny !== undefined
    return (
      this.readyAt === undefined ||
      !this.acceptsMessages ||
      hub.wantsEach ||
      this.link.heartbeat.awaitsReply ||
      (hasRequests && hub.mayBeReply(text.slice(from, to)))
    )
  }
}
