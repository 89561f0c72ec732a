import { wholeNow } from '../core/clock.js'
import type { Timer } from '../core/clock.js'
import type { HeartbeatTimeoutError } from '../errors/connection-errors.js'
import { MessageDroppedError } from '../errors/send-errors.js'
import { OnOpenTimeoutError } from '../errors/connection-errors.js'
import { UnprocessedMessagesError } from '../errors/message-errors.js'
import { toError } from '../core/error-text.js'
import type { LinkSettings } from '../link/link-settings.js'
import type { Transport } from '../transports/transport.js'
import type { InboundMessage } from '../messages/inbound.js'
import type { CloseInfo } from './disconnect.js'
import { RESOLVED } from '../core/deferred.js'
import type { InboundTarget } from '../messages/inbound.js'
import { Link } from '../link/link.js'
import type { LinkOwner } from '../link/link.js'
import type { LinkEnd } from '../link/link-closing.js'
import type { OpenOutcome, SessionHandlers } from './session-handlers.js'
import type { Unseen } from '../link/link-port.js'
import { closeInfoOf, initiatorOf } from './disconnect.js'
import type { Disconnect } from './disconnect.js'
import { OnOpenScope } from './on-open-scope.js'
import type { Deadline } from './deadline.js'
import type { OpenInfo } from './state.js'
import type { Stage } from '../errors/stage.js'
import type { ReadDemand } from '../link/read-flow.js'
import type { MessageHub } from './message-hub.js'

/** What a session needs to know. */
export interface SessionSettings extends LinkSettings {
  readonly onOpenTimeout: number
}

/** How a link was lost, and the `@OnError` of that. */
interface Loss {
  readonly disconnect: Disconnect
  readonly reported: Promise<void>
}

/** What a session reports to the lifecycle of its connection, and has from it. */
export interface SessionOwner {
  /**
   * `@OnOpen` has settled well, and the link is still there: what has waited for that is sent before any message is handled.
   *
   * @returns a promise if messages have to wait for the link that this one replaces
   */
  onSessionReady(session: Session): Promise<void> | undefined
  /** `@OnOpen` has thrown, or taken too long, while the link is still there. */
  onOpenFailed(session: Session, error: Error): void
  onHeartbeatTimeout(session: Session, error: HeartbeatTimeoutError): void
  /** The socket is gone. */
  onSessionLost(session: Session, end: LinkEnd): void
  /** Reports something that changes nothing. */
  report(error: Error, stage: Stage, consequence: string, message?: unknown): void
  /** True once nothing new is to begin. */
  readonly isClosing: boolean
  readonly hub: MessageHub
  readonly deadline: Deadline
}

/** Which session's `@OnOpen` a call comes from: what that sends goes out at once, while all else waits until it has settled. */
const onOpenScope = new OnOpenScope<Session>()

/** One link's part in a connection: its `@OnOpen`, its messages, its `@OnClose`. */
export class Session implements LinkOwner, InboundTarget {
  readonly link: Link
  /** The number of the attempt that opened it. */
  readonly attempt: number
  readonly #settings: SessionSettings
  readonly #owner: SessionOwner
  readonly #handlers: SessionHandlers
  #opening: Promise<void> = RESOLVED
  #readyAt: number | undefined
  #drained: Promise<void> | undefined
  #handlesMessages = false
  #onOpenTimer: Timer | undefined
  #hasOpened = false
  #loss: Loss | undefined

  /**
   * @param number which link of the connection it is, from 1
   * @param attempt the number of the attempt that opened it
   * @param openHandlers makes the handlers' side of the session
   */
  constructor(
    number: number,
    attempt: number,
    transport: Transport,
    settings: SessionSettings,
    owner: SessionOwner,
    openHandlers: (link: Link) => SessionHandlers,
  ) {
    this.attempt = attempt
    this.#settings = settings
    this.#owner = owner
    this.link = new Link(number, transport, settings, this, owner.hub.limiter)
    this.#handlers = openHandlers(this.link)
  }

  /** When it became ready, by the monotonic clock. */
  get readyAt(): number | undefined {
    return this.#readyAt
  }

  /** True once `@OnOpen` was called: `@OnClose` will be, too. */
  get hasOpened(): boolean {
    return this.#hasOpened
  }

  /** How the link was lost, once it is: late events change nothing. */
  get disconnect(): Disconnect | undefined {
    return this.#loss?.disconnect
  }

  /**
   * Notes how the link was lost.
   *
   * @param reported settles with the `@OnError` of that
   */
  lose(disconnect: Disconnect, reported: Promise<void> = RESOLVED): void {
    this.#loss = { disconnect, reported }
  }

  /** The link, if the caller may send now: once it is ready, and before that from inside its `@OnOpen`. */
  get openLink(): Link | undefined {
    if (this.#loss || !this.link.isOpen || !this.#hasOpened) return undefined
    return this.#handlesMessages || onOpenScope.owner === this ? this.link : undefined
  }

  // --- what the link reports and asks -----------------------------------------------------------------------------------

  get demand(): ReadDemand {
    return this.#owner.hub.takers
  }

  onLinkMessage(data: string | Uint8Array, receivedAt: number): void {
    this.#owner.hub.inbound.receive(this, data, receivedAt)
  }

  onLinkPing(data: Uint8Array): void {
    if (this.#isServing) this.#handlers.onPing(data)
  }

  onLinkPong(data: Uint8Array): void {
    if (this.#isServing) this.#handlers.onPong(data)
  }

  get #isServing(): boolean {
    return this.#readyAt !== undefined && !this.#loss
  }

  onUnseen(unseen: Unseen): void {
    this.#owner.hub.count(unseen)
  }

  onLinkDead(error: HeartbeatTimeoutError): void {
    this.#owner.onHeartbeatTimeout(this, error)
  }

  onHeartbeatError(thrown: unknown): void {
    this.#owner.report(toError(thrown), 'heartbeat', 'the beat is left out')
  }

  prepareHeartbeat(message: unknown): unknown {
    return this.#owner.hub.withRequestId(message)
  }

  onLinkUnsent(messages: readonly (string | Uint8Array)[]): void {
    this.#owner.hub.onDropped(new MessageDroppedError('lost', messages), messages[0])
  }

  onLinkEnd(end: LinkEnd): void {
    this.#stopOnOpenTimer()
    this.#owner.onSessionLost(this, end)
  }

  // --- opening ----------------------------------------------------------------------------------------------------------

  /** Runs `@OnOpen`, and what follows from how it ends. */
  open(info: OpenInfo): void {
    this.#hasOpened = true
    this.#opening = this.#open(info)
  }

  async #open(info: OpenInfo): Promise<void> {
    const handlers = this.#handlers
    const opening = handlers.hasOnOpen ? this.#runOnOpen(info) : 'opened'
    // No turn between: what @OnOpen has set going without waiting for it finds the connection ready.
    const outcome = opening instanceof Promise ? await opening : opening
    if (outcome === 'opened') await this.#becomeReady()
    else if (outcome === 'late') this.#fail(new OnOpenTimeoutError(this.#settings.onOpenTimeout))
    else if (outcome !== 'released') this.#fail(toError(outcome.thrown))
    // perf: saves 43 B per idle connection; all connections share one settled promise.
    this.#opening = RESOLVED
  }

  /** Runs `@OnOpen`, for `onOpenTimeout` at most if it returns a promise. */
  #runOnOpen(info: OpenInfo): OpenOutcome | Promise<OpenOutcome | 'late'> {
    const running = onOpenScope.run(this, () => this.#handlers.onOpen(info))
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

  async #becomeReady(): Promise<void> {
    this.#handlesMessages = true
    if (!this.#loss) {
      this.#readyAt = wholeNow(this.#settings.clock)
      this.link.onReady()
      const handover = this.#owner.onSessionReady(this)
      if (handover) await handover
    }
    this.#handlers.onReady()
  }

  #fail(error: Error): void {
    if (!this.#loss && !this.#owner.isClosing) this.#owner.onOpenFailed(this, error)
    else if (error !== this.link.signal.reason)
      this.#owner.report(error, 'open', 'the connection has ended already')
  }

  // --- handling, and the end --------------------------------------------------------------------------------------------

  get isLive(): boolean {
    return this.#hasOpened && !this.#loss
  }

  get acceptsMessages(): boolean {
    return !this.#owner.isClosing
  }

  isHeartbeatReply(message: unknown): boolean {
    return this.link.heartbeat.isReply(message)
  }

  /** Passes on what is for the handlers. */
  receive(message: InboundMessage): void {
    this.#handlers.receive(message)
  }

  /** Waits until nothing is left to be handled for a moment, up to `timeout` ms. */
  async idle(timeout: number): Promise<void> {
    if (this.#handlesMessages) await this.#owner.deadline.settlesWithin(this.#handlers.drained(), timeout)
  }

  /** Waits up to `timeout` ms for `@OnOpen` and pending handlers, then discards and reports the rest. */
  drain(timeout: number): Promise<void> {
    this.#drained ??= this.#drain(timeout)
    return this.#drained
  }

  async #drain(timeout: number): Promise<void> {
    if (!this.#hasOpened) return
    const everything = Promise.all([this.#loss?.reported, this.#opening]).then(async () => {
      if (this.#handlesMessages) await this.#handlers.drained()
    })
    await this.#owner.deadline.settlesWithin(everything, timeout)
    const count = this.#handlers.discard()
    if (count > 0)
      this.#owner.report(new UnprocessedMessagesError(count), 'handle', 'the connection has ended')
  }

  /** Returns how it was lost, as far as the socket's end tells. */
  disconnectOf(end: LinkEnd): Disconnect {
    const { code, reason, error } = end
    const initiator = this.link.closing.isLocal ? 'local' : initiatorOf(end)
    return { initiator, stage: 'close', error, code, reason }
  }

  /** Returns what `@OnClose` receives. */
  closeInfo(end: LinkEnd, facts: Pick<CloseInfo, 'willReconnect' | 'replaced' | 'unsentBytes'>): CloseInfo {
    const { closing, number: connectionNumber } = this.link
    const isLocal = closing.isLocal && !end.error
    const initiator = isLocal ? 'local' : (this.#loss?.disconnect.initiator ?? initiatorOf(end))
    return closeInfoOf(end, { ...facts, initiator, connectionNumber, sentCode: closing.sentCode })
  }

  /** Runs `@OnClose` after everything else, and waits up to `timeout` ms for it. */
  async close(info: CloseInfo, timeout: number): Promise<void> {
    if (await this.#owner.deadline.settlesWithin(this.#handlers.onClose(info), timeout)) return
    this.#owner.report(new Error('@OnClose has not settled in time'), 'close', 'going on without it')
  }
}
