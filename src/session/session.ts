import { RESOLVED } from '../core/deferred.js'
import type { HeartbeatTimeoutError } from '../errors/connection-errors.js'
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
 * Shared by all connections: finds the `@OnOpen` that a call comes from, whose messages go out immediately, while all others wait until
 * it has settled; and the `@OnClosing`, which may still send where others may not any more.
 */
const scope = new OnOpenScope<Session>()

/** Receives the reports of a session, and has the parts that all sessions of a connection share. */
export interface SessionOwner extends LinkUserOwner<Session> {
  /** `@OnOpen` has settled, well or not. */
  onOpenSettled(session: Session, outcome: Exclude<OpenOutcome, 'released'>): void
  onHeartbeatTimeout(session: Session, error: HeartbeatTimeoutError): void
  /** The socket is gone. */
  onLinkEnd(session: Session, end: LinkEnd): void
  /** The drain is over. */
  onDrained(session: Session): void
  /** `@OnClosing` has settled, and nothing waits to be sent any more. */
  onClosingSettled(session: Session): void
  onCloseSettled(session: Session): void
  /** Returns the name of the handler of an event. */
  nameOf(event: 'open'): string
  /** Reports a handler of the end that has not settled in its time. */
  reportLate(event: 'closing', consequence: string): void
}

/** Things that a drain can wait for. */
type DrainScope = 'handlers' | 'handlers and requests'

const NO_REQUESTS: readonly PendingRequest[] = []

/** One link's part in a connection: its `@OnOpen`, its messages, its requests and waiters, its `@OnClose`. */
export class Session extends LinkUser {
  declare protected readonly owner: SessionOwner
  #phase: 'new' | 'opening' | 'opened' | 'failed' | 'handling' = 'new'
  /** Settles when `@OnOpen` has. */
  #opening: Promise<void> = RESOLVED
  #readyAt: number | undefined
  /** perf: saves 60 B per idle connection. */
  #ending: SessionEnding | undefined

  // --- what it is doing -------------------------------------------------------------------------------------------------

  /** True once `@OnOpen` was called: `@OnClose` will be, too. */
  get hasOpened(): boolean {
    return this.#phase !== 'new'
  }

  /** True from when `@OnOpen` is called until the link is lost. */
  get isLive(): boolean {
    return this.#phase !== 'new' && this.#ending?.loss === undefined
  }

  /** True while the caller is part of its `@OnOpen`, also after an await. */
  get isCaller(): boolean {
    return this.#phase === 'opening' && scope.owner === this && this.isLive
  }

  /** True while the caller is part of its `@OnClosing`, also after an await, and sends still pass. */
  get isGoodbyeOfCaller(): boolean {
    return this.#ending?.isSayingGoodbye === true && scope.owner === this && this.link.isOpen
  }

  /** True from when it serves until the link is lost, or has been replaced. */
  get isReady(): boolean {
    return this.#readyAt !== undefined && this.isLive && this.#ending?.isReplaced !== true
  }

  /** True if the caller may send at once. */
  get canSend(): boolean {
    return this.link.isOpen && (this.isReady || this.isCaller)
  }

  /** When it became ready, by the monotonic clock. */
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

  // --- what the link reports --------------------------------------------------------------------------------------------

  onLinkDead(error: HeartbeatTimeoutError): void {
    this.owner.onHeartbeatTimeout(this, error)
  }

  onLinkEnd(end: LinkEnd): void {
    this.owner.onLinkEnd(this, end)
  }

  // --- what the lifecycle has it do -------------------------------------------------------------------------------------

  /** Runs `@OnOpen`. */
  open(info: OpenInfo): void {
    this.#phase = 'opening'
    const outcome = this.handlers.hasOnOpen ? scope.run(this, () => this.handlers.onOpen(info)) : 'opened'
    // No turn between: what @OnOpen has set going without waiting for it finds the connection ready.
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

  /** `@OnOpen` has settled well, and the link serves: sends what has waited for that, then handles messages. */
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
   * Its link is not wanted any more. An `@OnOpen` that runs is not waited for, and no message of its link is handled. Handlers that a
   * drain waits for have had their time: they are given up.
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

  /** Lets go of everything that depends on the link, in this turn. */
  lose(loss: Loss): void {
    this.ending.onLost(loss)
    const error = lostError(loss.disconnect)
    this.link.release(error)
    const requests = this.requestsIfAny?.onLost(error) ?? NO_REQUESTS
    this.owner.hub.takersIfAny?.onSessionLost(this, error, requests)
  }

  /** Resolves when `@OnOpen` has settled and what was received is handled, and to whether messages are handled at all. */
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

  /** Runs a handler whose calls are known as its own, also after an await. */
  runInScope<T>(run: () => T): T {
    return scope.run(this, run)
  }

  /** True while `@OnOpen` runs and is waited for. */
  get isOpening(): boolean {
    return this.#phase === 'opening'
  }

  /** Its part in the end of the session. */
  get ending(): SessionEnding {
    return (this.#ending ??= new SessionEnding(this, this.owner))
  }
}

/** The end of one session, from when it is to leave: what is still to be handled, its goodbye, its `@OnClose`. */
class SessionEnding {
  readonly #session: Session
  readonly #owner: SessionOwner
  #isTaking = true
  #isReplaced = false
  /** Only the latest drain counts. */
  #drains = 0
  #isDraining = false
  #isSayingGoodbye = false
  #loss: Loss | undefined
  #reported: Promise<void> | undefined

  constructor(session: Session, owner: SessionOwner) {
    this.#session = session
    this.#owner = owner
  }

  /** False once no handler is to be started for what still arrives. */
  get isTaking(): boolean {
    return this.#isTaking
  }

  /** True once another link has taken its place. */
  get isReplaced(): boolean {
    return this.#isReplaced
  }

  /** How the link was lost, once it is. */
  get loss(): Loss | undefined {
    return this.#loss
  }

  /** Settles with the `@OnError` of that. */
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

  /** An `@OnError` has been told of the loss: `@OnClose` waits for it. */
  onReported(reported: Promise<void>): void {
    this.#reported = reported
  }

  /** Another link has taken its place: replies still come, and nothing new is asked of it. */
  retire(): void {
    this.#isReplaced = true
  }

  /** From now on no handler is started for what arrives, and it is read on. */
  stopTaking(): void {
    this.#isTaking = false
    this.#session.link.readCounter.release()
  }

  /** Waits until `@OnOpen` has settled and everything received is handled, and tells the owner. A later drain replaces this one. */
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

  /** The time before the close frame is over: gives up what was waited for. A goodbye that had no time of its own was not. */
  endWait(isOpening: boolean): void {
    if (this.#isDraining) this.discard(true, { isOpening })
    else if (this.#isSayingGoodbye) this.#owner.reportLate('closing', '')
  }

  /**
   * Gives up what has not been handled yet, and reports it.
   *
   * @param wasWaitedFor true if handlers had time to settle
   */
  discard(wasWaitedFor: boolean, { isOpening }: Pick<Session, 'isOpening'> = this.#session): void {
    const { handlers, loss } = this.#session
    const { unhandled, running } = handlers.discard()
    const opening = isOpening ? [this.#owner.nameOf('open')] : []
    const late = wasWaitedFor ? [...opening, ...running] : []
    if (unhandled === 0 && late.length === 0) return
    const mayWaitForClose = loss === undefined && !this.#isReplaced
    this.#owner.report(new UnprocessedMessagesError(unhandled, late, mayWaitForClose), 'handle', '')
  }

  /** Runs `@OnClosing`, if its link can still say something, and waits until what it has sent is out of our hands. */
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
