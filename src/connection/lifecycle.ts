import { OnOpenTimeoutError, RetriesExhaustedError } from '../errors/connection-errors.js'
import type { ConnectionLostError, HeartbeatTimeoutError } from '../errors/connection-errors.js'
import type { Stage } from '../errors/stage.js'
import { CloseCode } from '../link/close-code.js'
import type { LinkEnd } from '../link/link-closing.js'
import { closeInfoOf, disconnectOf, failureOf, initiatorOf, lostError } from '../session/disconnect.js'
import type { Disconnect, RetryDecision } from '../session/disconnect.js'
import { MessageHub } from '../session/message-hub.js'
import type { MessageTakersPort } from '../session/message-takers.js'
import { Session } from '../session/session.js'
import type { SessionOwner } from '../session/session.js'
import type { ConnectionListener } from '../session/session-handlers.js'
import { StateMachine } from '../session/state.js'
import type { ConnectionState } from '../session/state.js'
import type { Connect, Handshake, Transport } from '../transports/transport.js'
import { Attempt } from './attempt.js'
import type { AttemptListener } from './attempt.js'
import type { AttemptInfo } from './attempt-options.js'
import { Closing } from './closing.js'
import type { ClosingPort } from './closing.js'
import type { HandoverPort } from './handover.js'
import { Links } from './links.js'
import { Openings } from './openings.js'
import { RetryPolicy } from './retry-policy.js'
import type { ConnectionSettings } from './settings.js'

const GIVE_UP: RetryDecision = { retry: false, exhausted: false }

/**
 * Leads a connection from one state to the next: attempts, losses, handovers. It alone changes the state. An attempt connects, a session
 * runs handlers, the retry policy decides; this connects the three.
 */
export class ConnectionLifecycle
  implements AttemptListener, SessionOwner, HandoverPort, MessageTakersPort, ClosingPort
{
  readonly stateMachine: StateMachine
  readonly hub: MessageHub
  readonly links: Links
  readonly openings = new Openings()
  /** perf: saves 72 B per idle connection. */
  #closing: Closing | undefined
  readonly #connect: Connect
  readonly #retryPolicy: RetryPolicy
  listener: ConnectionListener | undefined
  #endPrevious: ((error: Error) => void) | undefined

  constructor(id: string, settings: ConnectionSettings, connect: Connect) {
    this.#connect = connect
    this.stateMachine = new StateMachine(id, settings.clock)
    this.hub = new MessageHub(id, settings, this)
    this.links = new Links(settings, this)
    this.#retryPolicy = new RetryPolicy(settings.reconnect, settings, this)
  }

  get closing(): Closing {
    return (this.#closing ??= new Closing(this.links.settings, this))
  }

  // --- attempts ---------------------------------------------------------------------------------------------------------

  /** Begins with the first attempt, unless the connection has been closed already. */
  start(listener: ConnectionListener): void {
    this.listener = listener
    if (!this.stateMachine.isClosing) this.#connectAgain()
  }

  #connectAgain(): void {
    const attempt = new Attempt(this.#retryPolicy.countAttempt(), this.links.settings, this)
    this.links.onAttempt(attempt)
    if (this.stateMachine.state.status === 'waiting')
      this.transitionTo({ status: 'connecting', attempt: attempt.number })
    if (!this.stateMachine.isClosing) attempt.start(this.#connect, this.#attemptInfo)
  }

  attemptCandidate(): Attempt {
    this.#retryPolicy.resetIfStable(this.links.current?.readyAt)
    const attempt = new Attempt(this.#retryPolicy.countAttempt(), this.links.settings, this)
    attempt.start(this.#connect, this.#attemptInfo)
    return attempt
  }

  get #attemptInfo(): Pick<AttemptInfo, 'isReconnect' | 'failure'> {
    return { isReconnect: this.openings.count > 0, failure: this.#retryPolicy.lastFailure }
  }

  onAttemptOpen(attempt: Attempt, transport: Transport, handshake: Handshake): void {
    const isCandidate = attempt === this.links.handoverIfAny?.attempt
    const replaces = isCandidate ? this.links.current?.link.number : undefined
    const info = this.openings.next(attempt.number, handshake, replaces, this.links.settings.clock.now())
    const { connectionNumber, protocol } = info
    const listener = this.listener as ConnectionListener
    const { settings } = this.links
    const session = new Session(connectionNumber, attempt.number, transport, settings, this, listener)
    attempt.deliverTo(session.link)
    this.links.onAttemptEnd(attempt, session)
    if (replaces === undefined) this.transitionTo({ status: 'open', connectionNumber, protocol })
    if (this.stateMachine.state.status !== 'open') return
    this.openings.onOpen()
    session.open(info)
  }

  onAttemptFailed(attempt: Attempt, end: LinkEnd): void {
    const { code, reason, error } = end
    const disconnect: Disconnect = { initiator: initiatorOf(end), stage: 'connect', error, code, reason }
    if (!this.stateMachine.isClosing && !attempt.isAbandoned) this.#onFailure(attempt, disconnect)
    this.links.onAttemptEnd(attempt)
    this.goOn()
  }

  onSessionReady(session: Session): Promise<void> | undefined {
    const { link } = session
    const { maxAge } = this.links.settings
    const { current, handoverIfAny } = this.links
    const old = session === handoverIfAny?.candidate ? current : undefined
    const handedOver = old && handoverIfAny?.takeOver(old)
    if (old) {
      this.links.onReplaced(session)
      const { protocol } = link.transport
      this.stateMachine.updateFacts({ status: 'open', connectionNumber: link.number, protocol })
      this.#endPrevious = this.hub.onLinkReplaced(link)
    } else this.hub.onLinkReady(link)
    if (this.stateMachine.isClosing) return handedOver
    this.openings.onSuccess()
    if (maxAge !== Infinity) this.links.handover.startIn(maxAge)
    return handedOver
  }

  onOpenFailed(session: Session, error: Error): void {
    // A hanging @OnOpen is worth another try; one that throws the first time will throw again.
    const isRetryable = this.openings.hasSucceeded || error instanceof OnOpenTimeoutError
    const decision = isRetryable ? undefined : GIVE_UP
    const sentCode = CloseCode.RECONNECTING
    this.#onFailure(session, { initiator: 'local', stage: 'open', error, sentCode, decision })
    session.link.closing.close(sentCode, '@OnOpen failed', this.links.settings.closeTimeout)
  }

  // --- losing -----------------------------------------------------------------------------------------------------------

  onHeartbeatTimeout(session: Session, error: HeartbeatTimeoutError): void {
    if (!session.disconnect && !this.stateMachine.isClosing && session === this.links.current)
      this.#onFailure(session, { initiator: 'network', stage: 'heartbeat', error })
    session.link.closing.giveUp(error)
  }

  onSessionLost(session: Session, end: LinkEnd): void {
    if (!session.disconnect) {
      const disconnect = disconnectOf(session.link, end)
      const isLeaving = this.stateMachine.isClosing || session === this.links.handoverIfAny?.previous
      if (isLeaving) this.#release(session, disconnect)
      else this.#onFailure(session, disconnect)
    }
    void this.#endSession(session, end)
  }

  /** A session was lost, or an attempt has failed: decides, once, what follows from it. */
  #onFailure(lost: Session | Attempt, disconnect: Disconnect): void {
    const { current, attempt, handoverIfAny } = this.links
    if (lost === current || lost === attempt) {
      this.openings.onLost(this.links.settings.clock.now())
      this.#retryPolicy.resetIfStable(current?.readyAt)
      handoverIfAny?.stop()
      this.#onLost(lost, disconnect)
      return
    }
    // The candidate has failed: the current session stays, and the next candidate waits.
    const decision = this.#decide(lost, disconnect)
    this.#release(lost, disconnect)
    if (decision.retry && !this.stateMachine.isClosing) handoverIfAny?.startIn(decision.delay)
    if (disconnect.error) this.report(disconnect.error, disconnect.stage, 'the old connection stays')
  }

  #onLost(lost: Session | Attempt, disconnect: Disconnect): void {
    const decision = this.#decide(lost, disconnect)
    const cause = this.#release(lost, disconnect)
    const error = disconnect.error ?? cause
    // Code of the user that was called for the decision, or for the loss, may have closed the connection.
    if (!this.stateMachine.isClosing) {
      if (decision.retry) {
        const { delay } = decision
        const state = {
          status: 'waiting',
          attempt: this.#retryPolicy.nextAttempt,
          delay,
          cause: error,
        } as const
        this.stateMachine.transitionTo(state)
        // The timer runs before anyone hears of the state: they may end it.
        this.stateMachine.startTimer(delay, () => this.goOn())
        this.listener?.onStateChange(state)
      } else {
        const reason = decision.exhausted ? new RetriesExhaustedError(attemptOf(lost), error) : error
        this.closing.giveUp(reason, disconnect)
      }
    }
    if (!disconnect.error) return
    const reported = this.#reportLoss(lost, disconnect.error, disconnect.stage, decision)
    if (lost instanceof Session) lost.lose(disconnect, reported)
  }

  /** Notes how a session was lost, so that its late events change nothing, and decides what follows. */
  #decide(lost: Session | Attempt, disconnect: Disconnect): RetryDecision {
    const hasBeenOpen = lost instanceof Session && lost.hasOpened
    if (lost instanceof Session) lost.lose(disconnect)
    const { elapsed } = this.#retryPolicy
    const { lastMessage } = this.hub.inbound
    const facts = { attempt: attemptOf(lost), elapsed, lastMessage, hasBeenOpen }
    return this.#retryPolicy.decide(failureOf(disconnect, facts), disconnect.decision)
  }

  async #reportLoss(
    lost: Session | Attempt,
    error: Error,
    stage: Stage,
    decision: RetryDecision,
  ): Promise<void> {
    const { signal } = lost instanceof Session ? lost.link : lost
    const consequence = decision.retry ? `trying again in ${Math.round(decision.delay)} ms` : 'giving up'
    await this.listener?.onError({ error, stage, fatal: !decision.retry, consequence, signal })
  }

  /** Lets go of everything that depends on a link; returns what that is told. */
  #release(lost: Session | Attempt, disconnect: Disconnect): ConnectionLostError {
    const error = lostError(disconnect)
    if (!(lost instanceof Session)) return error
    lost.link.release(error)
    if (lost === this.links.handoverIfAny?.previous) this.#endPrevious?.(error)
    else if (lost === this.links.current && lost.hasOpened) this.hub.takers.onLinkLost(error)
    return error
  }

  /** Ends a session whose socket is gone: its handlers, its `@OnClose`, and then whatever comes next. */
  async #endSession(session: Session, end: LinkEnd): Promise<void> {
    const { drainTimeout } = this.links.settings
    const unsentBytes = session.link.transport.bufferedAmount
    if (session.hasOpened) {
      await session.drain(drainTimeout)
      const { isClosing, state } = this.stateMachine
      const isCurrent = session === this.links.current
      const replaced = session === this.links.handoverIfAny?.previous || undefined
      const willReconnect = state.status === 'waiting' || (!isCurrent && !replaced && !isClosing)
      const facts = { willReconnect, replaced, unsentBytes }
      const close = closeInfoOf(session.link, end, session.disconnect, facts)
      if (isCurrent) this.openings.onClose(close)
      await session.ending.close(close, drainTimeout)
    }
    this.links.onSessionEnd(session)
    this.goOn()
  }

  goOn(): void {
    if (!this.links.isEmpty) return
    const { status } = this.stateMachine.state
    if (status === 'waiting' && !this.stateMachine.isTiming) this.#connectAgain()
    else if (status === 'closing') this.closing.finish()
  }

  // --- what the user asks -----------------------------------------------------------------------------------------------

  /** Drops the connection, or the wait for one, and connects at once. */
  reconnect(isOverlap: boolean): void {
    const { current } = this.links
    const { status } = this.stateMachine.state
    if (isOverlap && current?.readyAt !== undefined && status === 'open') this.links.handover.start()
    else if (status === 'waiting') {
      this.stateMachine.cancelTimer()
      this.goOn()
    } else if (status === 'open' && current) {
      const sentCode = CloseCode.RECONNECTING
      const decision = { retry: true, delay: 0 } as const
      this.#onFailure(current, { initiator: 'local', stage: 'close', sentCode, decision })
      current.link.closing.close(sentCode, 'reconnecting', this.links.settings.closeTimeout)
    }
  }

  report(error: Error, stage: Stage, consequence: string, message?: unknown): void {
    const signal = this.links.current?.link.signal ?? this.stateMachine.signal
    void this.listener?.onError({ error, stage, fatal: false, consequence, signal, message })
  }

  transitionTo(state: ConnectionState): void {
    this.stateMachine.transitionTo(state)
    this.listener?.onStateChange(state)
  }
}

function attemptOf(lost: Session | Attempt): number {
  return lost instanceof Session ? lost.attempt : lost.number
}
