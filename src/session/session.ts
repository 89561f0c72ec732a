import { RESOLVED } from '../core/deferred.js'
import type { HeartbeatTimeoutError } from '../errors/connection-errors.js'
import { dropChannel } from '../diagnostics/channels.js'
import { UnprocessedMessagesError } from '../errors/message-errors.js'
import type { LinkEnd } from '../link/link-closing.js'
import type { PendingRequest } from '../requests/pending-request.js'
import { lostError } from './disconnect.js'
import type { CloseInfo, Loss } from './disconnect.js'
import { LinkUser } from './link-user.js'
import type { LinkUserOwner } from './link-user.js'
import { OnOpenScope } from './on-open-scope.js'
import type { ClosingInfo, OpenOutcome } from './session-handlers.js'
import type { OpenInfo } from './state.js'

/**
 * Finds the `@OnOpen` or `@OnClosing` that a call belongs to. Shared by all connections. Messages sent inside `@OnOpen` go out immediately,
 * while all others wait until it has settled. `@OnClosing` can still send when other code no longer can.
 */
const scope = new OnOpenScope<Session>()

/** Receives the reports from a session, and provides the parts that all sessions of a connection share. */
export interface SessionOwner extends LinkUserOwner<Session> {
  /** Called when `@OnOpen` completes or failed. */
  onOpenSettled(session: Session, outcome: Exclude<OpenOutcome, 'released'>): void
  onHeartbeatTimeout(session: Session, error: HeartbeatTimeoutError): void
  /** Called when the socket has ended. */
  onLinkEnd(session: Session, end: LinkEnd): void
  onDrained(session: Session): void
  /** Called when `@OnClosing` has settled and everything has been sent. */
  onClosingSettled(session: Session): void
  onCloseSettled(session: Session): void
  /** Returns the name of the handler for an event. */
  nameOf(event: 'open'): string
  /** Reports an `@OnClosing` that did not complete in time. */
  reportLate(event: 'closing', consequence: string): void
}

/** Work that a drain waits for. */
type DrainScope = 'handlers' | 'handlers and requests'

const NO_REQUESTS: readonly PendingRequest[] = []

/** Session of one link: its `@OnOpen`, messages, requests, waiters and `@OnClose`. */
export class Session extends LinkUser {
  declare protected readonly owner: SessionOwner
  #phase: 'new' | 'opening' | 'opened' | 'failed' | 'handling' = 'new'
  /** Settles when `@OnOpen` has settled. */
  #opening: Promise<void> = RESOLVED
  #readyAt: number | undefined
  /** perf: saves 60 B per idle connection. */
  #ending: SessionEnding | undefined

  // --- state ------------------------------------------------------------------------------------------------------------

  /** True once `@OnOpen` has been called. `@OnClose` will then also be called. */
  get hasOpened(): boolean {
    return this.#phase !== 'new'
  }

  /** True from when `@OnOpen` is called until the link is lost. */
  get isLive(): boolean {
    return this.#phase !== 'new' && this.#ending?.loss === undefined
  }

  /** True while the caller is part of this session's `@OnOpen`, even after an await. */
  get isCaller(): boolean {
    return this.#phase === 'opening' && scope.owner === this && this.isLive
  }

  /** True while the caller is part of this session's `@OnClosing`, even after an await, and can still send. */
  get isGoodbyeOfCaller(): boolean {
    return this.#ending?.isSayingGoodbye === true && scope.owner === this && this.link.isOpen
  }

  /** True from when `@OnOpen` completes until the link is lost or replaced. */
  get isReady(): boolean {
    return this.#readyAt !== undefined && this.isLive && this.#ending?.isReplaced !== true
  }

  /** True if the caller can send immediately. */
  get canSend(): boolean {
    return this.link.isOpen && (this.isReady || this.isCaller)
  }

  /** Monotonic time at which the session became ready. */
  get readyAt(): number | undefined {
    return this.#readyAt
  }

  get isReplaced(): boolean {
    return this.#ending?.isReplaced ?? false
  }

  get loss(): Loss | undefined {
    return this.#ending?.loss
  }

  get acceptsMessages(): boolean {
    return this.#ending === undefined || (this.#ending.isTaking && !this.link.isFlooded)
  }

  // --- reports from the link --------------------------------------------------------------------------------------------

  onLinkDead(error: HeartbeatTimeoutError): void {
    this.owner.onHeartbeatTimeout(this, error)
  }

  onLinkEnd(end: LinkEnd): void {
    this.owner.onLinkEnd(this, end)
  }

  // --- effects of the lifecycle -----------------------------------------------------------------------------------------

  /** Runs `@OnOpen`. */
  open(info: OpenInfo): void {
    this.#phase = 'opening'
    const outcome = this.handlers.hasOnOpen ? scope.run(this, () => this.handlers.onOpen(info)) : 'opened'
    // No turn of the event loop in between, so that work that @OnOpen started but did not await finds the connection ready.
    if (outcome instanceof Promise) this.#opening = outcome.then((settled) => this.#onOpened(settled))
    else this.#onOpened(outcome)
  }

  #onOpened(outcome: OpenOutcome): void {
    if (this.#phase === 'opening' && outcome === 'opened') this.#phase = 'opened'
    else if (this.#phase === 'opening') this.#failOpening()
    // perf: saves 43 B per idle connection; all connections share one settled promise.
    this.#opening = RESOLVED
    if (outcome !== 'released') this.owner.onOpenSettled(this, outcome)
  }

  #failOpening(): void {
    this.#phase = 'failed'
    void this.handlers.earlySettled()
  }

  /** Called when `@OnOpen` completes and the link is in use. Sends the messages that were waiting, then handles received messages. */
  becomeReady(now: number): void {
    this.#readyAt = now
    this.link.onReady()
    this.owner.hub.onSessionReady(this)
    this.#handleMessages()
  }

  #handleMessages(): void {
    if (this.#phase !== 'opened') return
    this.#phase = 'handling'
    this.handlers.onReady()
  }

  /**
   * Closes the link. If `@OnOpen` is still running, it is not awaited, and none of the link's messages are handled. If a drain is waiting
   * for handlers, they are abandoned.
   */
  closeLink(code: number, reason: string): void {
    const isOpening = this.#phase === 'opening'
    if (isOpening) {
      this.#failOpening()
      this.#opening = RESOLVED
    }
    this.link.readCounter.release()
    this.link.closing.close(code, reason)
    this.#ending?.endWait(isOpening)
  }

  /** Releases everything that depends on the link, before the current turn ends. */
  lose(loss: Loss): void {
    this.ending.onLost(loss)
    const error = lostError(loss.disconnect)
    this.link.release(error)
    const requests = this.requestsIfAny?.onLost(error) ?? NO_REQUESTS
    this.owner.hub.takersIfAny?.onSessionLost(this, error, requests)
  }

  /**
   * Resolves when `@OnOpen` has settled and all received messages have been handled. The result is false if the link's messages are never
   * handled.
   */
  async handled(): Promise<boolean> {
    await this.#opening
    await this.#ending?.reported
    this.#handleMessages()
    if (this.#phase !== 'handling') {
      await this.handlers.earlySettled()
      return false
    }
    await this.handlers.drained()
    return true
  }

  /** Resolves when no request is pending. */
  async answered(): Promise<void> {
    await this.requestsIfAny?.idle()
  }

  /** Runs a handler. Calls that it makes belong to this session, even after an await. */
  runInScope<T>(run: () => T): T {
    return scope.run(this, run)
  }

  /** True while `@OnOpen` runs and is awaited. */
  get isOpening(): boolean {
    return this.#phase === 'opening'
  }

  /** State and steps of the session's end. Created on first use. */
  get ending(): SessionEnding {
    return (this.#ending ??= new SessionEnding(this, this.owner))
  }
}

/** Ends a session: drains its messages, and runs `@OnClosing` and `@OnClose`. */
class SessionEnding {
  readonly #session: Session
  readonly #owner: SessionOwner
  #isTaking = true
  #isReplaced = false
  /** Number of drains started. Only the latest one reports to the owner. */
  #drains = 0
  #isDraining = false
  #isSayingGoodbye = false
  #loss: Loss | undefined
  #reported: Promise<void> | undefined

  constructor(session: Session, owner: SessionOwner) {
    this.#session = session
    this.#owner = owner
  }

  /** True while new messages are dispatched to handlers. */
  get isTaking(): boolean {
    return this.#isTaking
  }

  /** True once another link has replaced this session's link. */
  get isReplaced(): boolean {
    return this.#isReplaced
  }

  /** Loss of the link, once it is lost. */
  get loss(): Loss | undefined {
    return this.#loss
  }

  /** Settles when `@OnError` has settled for the loss. */
  get reported(): Promise<void> | undefined {
    return this.#reported
  }

  /** True while `@OnClosing` runs. */
  get isSayingGoodbye(): boolean {
    return this.#isSayingGoodbye
  }

  onLost(loss: Loss): void {
    this.#loss = loss
  }

  /** Called when `@OnError` runs for the loss. `@OnClose` waits for it. */
  onReported(reported: Promise<void>): void {
    this.#reported = reported
  }

  /** Called when another link has replaced this session's link. Replies still arrive, but the session accepts no new requests. */
  retire(): void {
    this.#isReplaced = true
  }

  /** Starts no more handlers for new messages. Messages are still read. */
  stopTaking(): void {
    this.#isTaking = false
    this.#session.link.readCounter.release()
  }

  /**
   * Waits until `@OnOpen` has settled and all received messages have been handled, then reports to the owner. A later drain replaces this
   * one.
   */
  drain(scope: DrainScope): void {
    this.#drains += 1
    this.#isDraining = true
    void this.#drain(scope, this.#drains)
  }

  async #drain(scope: DrainScope, drain: number): Promise<void> {
    if (!(await this.#session.handled())) this.discard(true)
    if (scope === 'handlers and requests') await this.#session.answered()
    if (drain !== this.#drains) return
    this.#isDraining = false
    this.#owner.onDrained(this.#session)
  }

  /** Called when the close frame must be sent. Abandons the drain, or reports an `@OnClosing` that is still running. */
  endWait(isOpening: boolean): void {
    if (this.#isDraining) this.discard(true, { isOpening })
    else if (this.#isSayingGoodbye) this.#owner.reportLate('closing', '')
  }

  /**
   * Discards pending messages and running handlers, and reports them.
   *
   * @param wasWaitedFor true if handlers have had time to settle
   */
  discard(wasWaitedFor: boolean, { isOpening }: Pick<Session, 'isOpening'> = this.#session): void {
    const { handlers, loss } = this.#session
    const { unhandled, running } = handlers.discard()
    if (dropChannel.hasSubscribers && unhandled > 0) this.#owner.hub.publishDrop('discarded', unhandled)
    const opening = isOpening ? [this.#owner.nameOf('open')] : []
    const late = wasWaitedFor ? [...opening, ...running] : []
    if (unhandled === 0 && late.length === 0) return
    const mayWaitForClose = loss === undefined && !this.#isReplaced
    this.#owner.report(new UnprocessedMessagesError(unhandled, late, mayWaitForClose), 'handle', '')
  }

  /** Runs `@OnClosing` if the link can still send, and waits until the messages that it sent have been passed to the operating system. */
  sayGoodbye(info: ClosingInfo): void {
    const { handlers, link } = this.#session
    const said = handlers.hasOnClosing && link.isOpen ? this.#runOnClosing(info) : RESOLVED
    void said.then(() => link.whenDrained()).then(() => this.#owner.onClosingSettled(this.#session))
  }

  async #runOnClosing(info: ClosingInfo): Promise<void> {
    this.#isSayingGoodbye = true
    await this.#session.runInScope(() => this.#session.handlers.onClosing(info))
    this.#isSayingGoodbye = false
  }

  /** Runs `@OnClose`. */
  close(info: CloseInfo): void {
    void this.#session.handlers.onClose(info).then(() => this.#owner.onCloseSettled(this.#session))
  }
}
