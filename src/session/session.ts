import { wholeNow } from '../core/clock.js'
import type { Timer } from '../core/clock.js'
import type { HeartbeatTimeoutError } from '../errors/connection-errors.js'
import { MessageDroppedError } from '../errors/send-errors.js'
import { OnOpenTimeoutError } from '../errors/connection-errors.js'
import { UnprocessedMessagesError } from '../errors/message-errors.js'
import { toError } from '../core/error-text.js'
import type { LinkSettings } from '../link/link-settings.js'
import type { Handshake } from '../transports/transport.js'
import type { InboundMessage } from '../messages/inbound.js'
import type { CloseInfo } from './disconnect.js'
import { RESOLVED } from '../core/deferred.js'
import type { InboundTarget } from '../messages/inbound.js'
import { Link } from '../link/link.js'
import type { LinkEnd, LinkOwner } from '../link/link.js'
import type { OpenOutcome, SessionHandlers } from './session-handlers.js'
import type { Unseen } from '../link/link-port.js'
import { closeInfoOf, initiatorOf } from './disconnect.js'
import type { Disconnect } from './disconnect.js'
import type { RateLimitedFrame } from '../link/rate-limited-transport.js'
import { OnOpenScope } from './on-open-scope.js'
import type { Deadline } from './deadline.js'
import type { RateLimiter } from '../link/rate-limiter.js'
import type { OpenInfo } from './state.js'
import type { Stage } from '../errors/stage.js'
import type { MessageHub } from './message-hub.js'

/** What a session needs to know. */
export interface SessionSettings extends LinkSettings {
  readonly onOpenTimeout: number
}

/** What an session tells its machine, and has from it. */
export interface SessionOwner {
  /** The transport has opened. */
  onTransportOpen(session: Session, handshake: Handshake): void
  /**
   * `@OnOpen` has settled well, and the link still lives: what has waited for that is sent before any message is handled.
   *
   * @returns a promise where messages have to wait on, for the link that this one replaces
   */
  onSessionReady(session: Session): Promise<void> | undefined
  /** `@OnOpen` has thrown, or taken too long, while the link still lives. */
  onOpenFailed(session: Session, error: Error): void
  /** The heartbeat's decision. */
  onHeartbeatTimeout(session: Session, error: HeartbeatTimeoutError): void
  /** The socket has gone; or the attempt has failed. */
  onLinkEnd(session: Session, end: LinkEnd): void
  /** Something to be reported, that changes nothing. */
  report(error: Error, stage: Stage, consequence: string, message?: unknown): void
  /** True once nothing new is to be begun. */
  readonly isClosing: boolean
  readonly hub: MessageHub
  readonly deadline: Deadline
}

/** Which session's `@OnOpen` a call comes from: what that sends goes out at once, while all else waits until it has settled. */
const onOpenScope = new OnOpenScope<Session>()

/** One link's part in a connection: from the attempt, through `@OnOpen` and its messages, to `@OnClose`. */
export class Session implements LinkOwner, InboundTarget {
  readonly link: Link
  readonly attempt: number
  readonly #settings: SessionSettings
  readonly #owner: SessionOwner
  #handlers: SessionHandlers | undefined
  #opening: Promise<void> = RESOLVED
  #readyAt: number | undefined
  #latency: number | undefined
  #drained: Promise<void> | undefined
  #handlesMessages = false
  #onOpenTimer: Timer | undefined
  /** Set once the link is lost or the attempt has failed: late events of it change nothing. */
  disconnect: Disconnect | undefined
  /** Settles with the `@OnError` of the disconnect. */
  reported: Promise<void> = RESOLVED

  /** @param number which physical connection this will be, if it opens */
  constructor(number: number, attempt: number, settings: SessionSettings, owner: SessionOwner) {
    this.attempt = attempt
    this.#settings = settings
    this.#owner = owner
    this.link = new Link(number, settings, this)
  }

  /** True once `@OnOpen` was called: it will have its `@OnClose`. */
  get hasOpened(): boolean {
    return this.#handlers !== undefined
  }

  /** When it was ready, by the monotonic clock. */
  get readyAt(): number | undefined {
    return this.#readyAt
  }

  /** The link, where the caller may send now: once it is ready, and before that from within its `@OnOpen`. */
  get openLink(): Link | undefined {
    if (this.disconnect || !this.link.isOpen || !this.#handlers) return undefined
    return this.#handlesMessages || onOpenScope.owner === this ? this.link : undefined
  }

  /** The last measured round trip, in milliseconds. */
  get latency(): number | undefined {
    return this.#latency
  }

  // --- what the link tells ----------------------------------------------------------------------------------------------

  onLinkOpen(handshake: Handshake): void {
    this.#owner.onTransportOpen(this, handshake)
  }

  onLinkMessage(data: string | Uint8Array, receivedAt: number): void {
    this.#owner.hub.inbound.receive(this, data, receivedAt)
  }

  onLinkPing(data: Uint8Array): void {
    if (this.#readyAt !== undefined && !this.disconnect) this.#handlers?.onPing(data)
  }

  onLinkPong(data: Uint8Array): void {
    if (this.#readyAt !== undefined && !this.disconnect) this.#handlers?.onPong(data)
  }

  onLinkLatency(latency: number): void {
    this.#latency = latency
  }

  onUnseen(unseen: Unseen): void {
    this.#owner.hub.count(unseen)
  }

  onReadOverflow(pending: number): void {
    this.#owner.hub.onReadOverflow(pending)
  }

  onLinkDead(error: HeartbeatTimeoutError): void {
    this.#owner.onHeartbeatTimeout(this, error)
  }

  onLinkEnd(end: LinkEnd): void {
    this.#stopOnOpenTimer()
    this.#owner.onLinkEnd(this, end)
  }

  isWaiting(): boolean {
    return this.#owner.hub.isWaiting
  }

  get limiter(): RateLimiter<RateLimitedFrame> | undefined {
    return this.#owner.hub.limiter
  }

  onLinkUnsent(messages: readonly (string | Uint8Array)[]): void {
    this.#owner.hub.onDropped(new MessageDroppedError('lost', messages), messages[0])
  }

  iteratorsFull(): boolean {
    return this.#owner.hub.iteratorsFull
  }

  iteratorsOverLimit(): boolean {
    return this.#owner.hub.iteratorsOverLimit
  }

  sendHeartbeat(message: unknown): void {
    if (this.link.isOpen) this.link.sendUrgent(this.#owner.hub.encodeHeartbeat(message))
  }

  onHeartbeatError(thrown: unknown): void {
    this.#owner.report(toError(thrown), 'heartbeat', 'the beat is left out')
  }

  // --- opening ----------------------------------------------------------------------------------------------------------

  /** Runs `@OnOpen`, and what follows from how it ends. */
  open(handlers: SessionHandlers, info: OpenInfo): void {
    this.#handlers = handlers
    this.#opening = this.#open(handlers, info)
  }

  async #open(handlers: SessionHandlers, info: OpenInfo): Promise<void> {
    const opening = handlers.hasOnOpen ? this.#runOnOpen(handlers, info) : 'opened'
    // No turn between: what @OnOpen has set going without waiting for it finds the connection ready.
    const outcome = opening instanceof Promise ? await opening : opening
    if (outcome === 'opened') await this.#becomeReady(handlers)
    else if (outcome === 'late') this.#fail(new OnOpenTimeoutError(this.#settings.onOpenTimeout))
    else if (outcome !== 'released') this.#fail(toError(outcome.thrown))
    // perf: saves 43 B per idle connection; all connections share one settled promise.
    this.#opening = RESOLVED
  }

  /** Runs `@OnOpen`, for `onOpenTimeout` at most if it returns a promise. */
  #runOnOpen(handlers: SessionHandlers, info: OpenInfo): OpenOutcome | Promise<OpenOutcome | 'late'> {
    const running = onOpenScope.run(this, () => handlers.onOpen(info))
    if (!(running instanceof Promise)) return running
    const { clock, onOpenTimeout } = this.#settings
    return new Promise((resolve) => {
      const end = (outcome: OpenOutcome | 'late'): void => {
        this.#stopOnOpenTimer()
        resolve(outcome)
      }
      if (onOpenTimeout !== Infinity) this.#onOpenTimer = clock.setTimeout(() => end('late'), onOpenTimeout)
      void running.then(end)
    })
  }

  #stopOnOpenTimer(): void {
    this.#onOpenTimer?.cancel()
    this.#onOpenTimer = undefined
  }

  async #becomeReady(handlers: SessionHandlers): Promise<void> {
    this.#handlesMessages = true
    if (!this.disconnect) {
      this.#readyAt = wholeNow(this.#settings.clock)
      this.link.onReady()
      const handover = this.#owner.onSessionReady(this)
      if (handover) await handover
    }
    handlers.onReady()
  }

  #fail(error: Error): void {
    if (!this.disconnect && !this.#owner.isClosing) this.#owner.onOpenFailed(this, error)
    else if (error !== this.link.signal.reason)
      this.#owner.report(error, 'open', 'the connection has ended already')
  }

  // --- handling, and the end --------------------------------------------------------------------------------------------

  get isLive(): boolean {
    return this.#handlers !== undefined && !this.disconnect
  }

  get acceptsMessages(): boolean {
    return !this.#owner.isClosing
  }

  isHeartbeatReply(message: unknown): boolean {
    return this.link.isHeartbeatReply(message)
  }

  /** Hands on what is for the handlers. */
  receive(arrival: InboundMessage): void {
    this.#handlers?.receive(arrival)
  }

  /** Waits until nothing is left to be handled for a moment, so long at most. */
  async idle(timeout: number): Promise<void> {
    if (this.#handlers && this.#handlesMessages)
      await this.#owner.deadline.settlesWithin(this.#handlers.drained(), timeout)
  }

  /** Waits for `@OnOpen` and the handlers, so long at most; what is left then is given up, and reported. */
  drain(timeout: number): Promise<void> {
    this.#drained ??= this.#drain(timeout)
    return this.#drained
  }

  async #drain(timeout: number): Promise<void> {
    const handlers = this.#handlers
    if (!handlers) return
    const everything = Promise.all([this.reported, this.#opening]).then(async () => {
      if (this.#handlesMessages) await handlers.drained()
    })
    await this.#owner.deadline.settlesWithin(everything, timeout)
    const count = handlers.discard()
    if (count > 0)
      this.#owner.report(new UnprocessedMessagesError(count), 'handle', 'the connection has ended')
  }

  /** Says how it was lost, as far as the socket's end tells. */
  disconnectOf(end: LinkEnd): Disconnect {
    const { code, reason, error } = end
    const initiator = this.link.isClosedHere ? 'local' : initiatorOf(end)
    return { initiator, stage: this.hasOpened ? 'close' : 'connect', error, code, reason }
  }

  /** Puts together what `@OnClose` is told. */
  closeInfo(end: LinkEnd, facts: Pick<CloseInfo, 'willReconnect' | 'replaced' | 'unsentBytes'>): CloseInfo {
    const { isClosedHere, number: connectionNumber, sentCode } = this.link
    const initiator = isClosedHere && !end.error ? 'local' : (this.disconnect?.initiator ?? initiatorOf(end))
    return closeInfoOf(end, { ...facts, initiator, connectionNumber, sentCode })
  }

  /** Runs `@OnClose` after all else, and waits for it so long at most. */
  async close(info: CloseInfo, timeout: number): Promise<void> {
    if (!this.#handlers) return
    if (await this.#owner.deadline.settlesWithin(this.#handlers.onClose(info), timeout)) return
    this.#owner.report(new Error('@OnClose has not settled in time'), 'close', 'going on without it')
  }
}
