import { toError } from '../core/error-text.js'
import type { ConnectionLostError, HeartbeatTimeoutError } from '../errors/connection-errors.js'
import { ConnectionClosedError } from '../errors/send-errors.js'
import { OnOpenTimeoutError, RetriesExhaustedError } from '../errors/connection-errors.js'
import type { ConnectionSettings } from './settings.js'
import type { Connect, Handshake, Transport } from '../transports/transport.js'
import { Attempt } from './attempt.js'
import type { AttemptListener } from './attempt.js'
import { CloseCode } from '../link/close-code.js'
import type { CloseInfo } from '../session/disconnect.js'
import { LazyDeferred } from '../core/deferred.js'
import { Session } from '../session/session.js'
import type { SessionOwner } from '../session/session.js'
import { withTimes } from '../link/heartbeat.js'
import type { HeartbeatTimes } from '../link/heartbeat.js'
import type { Link } from '../link/link.js'
import type { LinkEnd } from '../link/link-closing.js'
import type { ConnectionListener, SessionHandlers } from '../session/session-handlers.js'
import {
  NEVER_OPENED,
  closeInfoOf,
  disconnectOf,
  failureOf,
  initiatorOf,
  lostError,
} from '../session/disconnect.js'
import type { Disconnect } from '../session/disconnect.js'
import { RetryPolicy } from './retry-policy.js'
import { Handover, allSessions } from './handover.js'
import type { HandoverPort } from './handover.js'
import { Deadline } from '../session/deadline.js'
import type { RetryDecision } from '../session/disconnect.js'
import type { ConnectionState } from '../session/state.js'
import type { Stage } from '../errors/stage.js'
import { StateMachine } from '../session/state.js'
import { MessageHub } from '../session/message-hub.js'
import type { MessageTakersPort } from '../session/message-takers.js'

/** What `ready` is of all connections that have been: they can share one that has settled. */
const READY = new LazyDeferred<void>()
READY.resolve()

const GIVE_UP: RetryDecision = { retry: false, exhausted: false }

/** The shares of `closeTimeout` that the handlers may use, and that are kept for `@OnClose`. */
const DRAIN_SHARE = 1 / 2
const CLOSE_HANDLER_SHARE = 1 / 10

/**
 * What leads a connection from one state to the next: attempts, losses, closing. It is the only one to change the state, and asks
 * pure parts what to do. Nothing connects, wires and retries in one place: a link connects, an session wires, this retries.
 */
export class ConnectionLifecycle implements AttemptListener, SessionOwner, HandoverPort, MessageTakersPort {
  readonly stateMachine: StateMachine
  readonly hub: MessageHub
  /** Settles with the first `@OnOpen`; rejects when the end comes first. */
  ready = new LazyDeferred<void>()
  readonly closed = new LazyDeferred<CloseInfo>()
  #settings: ConnectionSettings
  readonly #connect: Connect
  readonly #retryPolicy: RetryPolicy
  #lastUrl: string | undefined
  #lastSeen: number | undefined
  /** perf: saves 80 B per idle connection. */
  #handoverIfAny: Handover | undefined
  /** perf: saves 220 B per idle connection. */
  #deadlineIfAny: Deadline | undefined
  #listener: ConnectionListener | undefined
  #endPrevious: ((error: Error) => void) | undefined
  #attempt: Attempt | undefined
  #session: Session | undefined
  #openCount = 0
  #hasBeenReady = false
  #lostAt = 0
  #lastClose: CloseInfo | undefined
  #endError: Error | undefined

  constructor(id: string, settings: ConnectionSettings, connect: Connect) {
    this.#settings = settings
    this.#connect = connect
    this.stateMachine = new StateMachine(id, settings.clock)
    this.hub = new MessageHub(id, settings, this)
    this.#retryPolicy = new RetryPolicy(settings.reconnect, {
      random: settings.random,
      date: () => settings.clock.date(),
      now: () => settings.clock.now(),
      report: (thrown) => this.report(toError(thrown), 'connect', 'the default holds'),
    })
  }

  // --- what the connection shows ----------------------------------------------------------------------------------------

  /** The true url of the latest attempt. */
  get url(): string | undefined {
    return this.#attempt?.url ?? this.#lastUrl
  }

  /** The last measured round trip of the current link, in milliseconds. */
  get latency(): number | undefined {
    return this.#session?.disconnect ? undefined : this.#session?.link.heartbeat.latency
  }

  /** When the last frame arrived, by the monotonic clock. */
  get lastSeen(): number | undefined {
    return this.#session?.link.heartbeat.lastSeen ?? this.#lastSeen
  }

  get state(): ConnectionState {
    return this.stateMachine.state
  }

  get isClosing(): boolean {
    return this.stateMachine.isClosing
  }

  get deadline(): Deadline {
    return (this.#deadlineIfAny ??= new Deadline(this.#settings.clock))
  }

  /** The link that is open. */
  get link(): Link | undefined {
    return this.#session?.disconnect ? undefined : this.#session?.link
  }

  get #handover(): Handover {
    return (this.#handoverIfAny ??= new Handover(this.#settings, this))
  }

  openLink(): Link | undefined {
    return this.#handoverIfAny?.candidate?.openLink ?? this.#session?.openLink
  }

  onWaitingChange(): void {
    for (const { link } of allSessions(this.#session, this.#handoverIfAny)) link.updateReading()
  }

  configureHeartbeat(times: HeartbeatTimes): void {
    const heartbeat = withTimes(this.#settings.heartbeat, times)
    this.#settings = { ...this.#settings, heartbeat }
    this.link?.heartbeat.configure(heartbeat)
  }

  // --- attempts ---------------------------------------------------------------------------------------------------------

  /** Begins with the first attempt, unless the connection has been closed already. */
  start(listener: ConnectionListener): void {
    this.#listener = listener
    if (!this.isClosing) this.#connectAgain()
  }

  #connectAgain(): void {
    const attempt = this.#newAttempt()
    this.#attempt = attempt
    if (this.state.status === 'waiting') this.#transitionTo({ status: 'connecting', attempt: attempt.number })
    if (!this.isClosing) this.#start(attempt)
  }

  #newAttempt(): Attempt {
    return new Attempt(this.#retryPolicy.countAttempt(), this.#settings, this)
  }

  #start(attempt: Attempt): void {
    attempt.start(this.#connect, {
      isReconnect: this.#openCount > 0,
      failure: this.#retryPolicy.lastFailure,
    })
  }

  attemptCandidate(): Attempt {
    this.#retryPolicy.resetIfStable(this.#session?.readyAt)
    const attempt = this.#newAttempt()
    this.#start(attempt)
    return attempt
  }

  onAttemptOpen(attempt: Attempt, transport: Transport, { protocol, headers }: Handshake): void {
    const isCandidate = attempt === this.#handoverIfAny?.attempt
    const replaces = isCandidate ? this.#session?.link.number : undefined
    const connectionNumber = this.#openCount + 1
    const isReconnect = this.#openCount > 0
    const downtime = isReconnect && replaces === undefined ? this.#settings.clock.now() - this.#lostAt : 0
    const listener = this.#listener as ConnectionListener
    const openHandlers = (link: Link): SessionHandlers => listener.openSession(link)
    const session = new Session(
      connectionNumber,
      attempt.number,
      transport,
      this.#settings,
      this,
      openHandlers,
    )
    attempt.deliverTo(session.link)
    this.#lastUrl = attempt.url
    if (isCandidate) this.#handover.onAttemptEnd(session)
    else {
      this.#attempt = undefined
      this.#session = session
    }
    if (replaces === undefined) this.#transitionTo({ status: 'open', connectionNumber, protocol })
    if (this.state.status !== 'open') return
    this.#openCount += 1
    const { number } = attempt
    session.open({ isReconnect, connectionNumber, attempt: number, replaces, downtime, protocol, headers })
  }

  onAttemptFailed(attempt: Attempt, end: LinkEnd): void {
    const isCandidate = attempt === this.#handoverIfAny?.attempt
    const { code, reason, error } = end
    const disconnect: Disconnect = { initiator: initiatorOf(end), stage: 'connect', error, code, reason }
    this.#lastUrl = attempt.url
    if (!this.isClosing && !attempt.isAbandoned) {
      if (isCandidate) this.#onCandidateFailed(attempt, disconnect)
      else this.#onDisconnect(attempt, disconnect)
    }
    if (isCandidate) this.#handover.onAttemptEnd()
    else this.#attempt = undefined
    this.#goOn()
  }

  onSessionReady(session: Session): Promise<void> | undefined {
    const { link } = session
    const { maxAge } = this.#settings
    const old = session === this.#handoverIfAny?.candidate ? this.#session : undefined
    const handover = old && this.#handover.takeOver(old)
    if (old) {
      this.#session = session
      this.stateMachine.updateFacts({
        status: 'open',
        connectionNumber: link.number,
        protocol: link.transport.protocol,
      })
      this.#endPrevious = this.hub.onLinkReplaced(link)
    } else this.hub.onLinkReady(link)
    if (this.isClosing) return handover
    this.#hasBeenReady = true
    this.ready.resolve()
    this.ready = READY
    if (maxAge !== Infinity) this.#handover.startIn(maxAge)
    return handover
  }

  onOpenFailed(session: Session, error: Error): void {
    // A hanging @OnOpen is worth another try; one that throws the first time will throw again.
    const decision = this.#hasBeenReady || error instanceof OnOpenTimeoutError ? undefined : GIVE_UP
    const sentCode = CloseCode.RECONNECTING
    const disconnect = { initiator: 'local', stage: 'open', error, sentCode, decision } as const
    if (session === this.#session) this.#onDisconnect(session, disconnect)
    else this.#onCandidateFailed(session, disconnect)
    session.link.closing.close(sentCode, '@OnOpen failed', this.#settings.closeTimeout)
  }

  // --- losing -----------------------------------------------------------------------------------------------------------

  onHeartbeatTimeout(session: Session, error: HeartbeatTimeoutError): void {
    if (!session.disconnect && !this.isClosing && session === this.#session)
      this.#onDisconnect(session, { initiator: 'network', stage: 'heartbeat', error })
    session.link.closing.giveUp(error)
  }

  onSessionLost(session: Session, end: LinkEnd): void {
    if (!session.disconnect) {
      const disconnect = disconnectOf(session.link, end)
      if (this.isClosing || session === this.#handoverIfAny?.previous) this.#release(session, disconnect)
      else if (session === this.#session) this.#onDisconnect(session, disconnect)
      else this.#onCandidateFailed(session, disconnect)
    }
    void this.#endSession(session, end)
  }

  /** A session was lost, or an attempt has failed: decides, once, what follows from it. */
  #onDisconnect(lost: Session | Attempt, disconnect: Disconnect): void {
    this.#lostAt = this.#settings.clock.now()
    this.#retryPolicy.resetIfStable(this.#session?.readyAt)
    this.#handoverIfAny?.stop()
    const decision = this.#decide(lost, disconnect)
    const cause = this.#release(lost, disconnect)
    const error = disconnect.error ?? cause
    // Code of the user that was called for the decision, or for the loss, may have closed the connection.
    if (!this.isClosing) {
      if (decision.retry) this.#wait(decision.delay, error)
      else {
        const attempts = lost instanceof Session ? lost.attempt : lost.number
        this.#giveUp(decision.exhausted ? new RetriesExhaustedError(attempts, error) : error, disconnect)
      }
    }
    if (!disconnect.error) return
    const { signal } = lost instanceof Session ? lost.link : lost
    const reported = this.#reportDisconnect(disconnect.error, disconnect.stage, decision, signal)
    if (lost instanceof Session) lost.lose(disconnect, reported)
  }

  /** Notes how a session was lost, so that its late events change nothing, and decides what follows. */
  #decide(lost: Session | Attempt, disconnect: Disconnect): RetryDecision {
    const hasBeenOpen = lost instanceof Session && lost.hasOpened
    const attempt = lost instanceof Session ? lost.attempt : lost.number
    if (lost instanceof Session) lost.lose(disconnect)
    const { elapsed } = this.#retryPolicy
    const facts = { attempt, elapsed, lastMessage: this.hub.inbound.lastMessage, hasBeenOpen }
    return this.#retryPolicy.decide(failureOf(disconnect, facts), disconnect.decision)
  }

  /** The candidate has failed: the current session stays, and the next candidate waits. */
  #onCandidateFailed(lost: Session | Attempt, disconnect: Disconnect): void {
    const decision = this.#decide(lost, disconnect)
    this.#release(lost, disconnect)
    if (decision.retry && !this.isClosing) this.#handover.startIn(decision.delay)
    if (disconnect.error) this.report(disconnect.error, disconnect.stage, 'the old connection stays')
  }

  async #reportDisconnect(
    error: Error,
    stage: Stage,
    decision: RetryDecision,
    signal: AbortSignal,
  ): Promise<void> {
    const consequence = decision.retry ? `trying again in ${Math.round(decision.delay)} ms` : 'giving up'
    await this.#listener?.onError({ error, stage, fatal: !decision.retry, consequence, signal })
  }

  /** Lets go of everything that depends on a link; returns what that is told. */
  #release(lost: Session | Attempt, disconnect: Disconnect): ConnectionLostError {
    const error = lostError(disconnect)
    if (!(lost instanceof Session)) return error
    lost.link.release(error)
    if (lost === this.#handoverIfAny?.previous) this.#endPrevious?.(error)
    else if (lost === this.#session && lost.hasOpened) this.hub.takers.onLinkLost(error)
    return error
  }

  #wait(delay: number, cause: Error): void {
    const state = { status: 'waiting', attempt: this.#retryPolicy.nextAttempt, delay, cause } as const
    this.stateMachine.transitionTo(state)
    this.stateMachine.startTimer(delay, () => this.#goOn())
    this.#listener?.onStateChange(state)
  }

  #giveUp(error: Error, { initiator, sentCode, code, reason = '' }: Disconnect): void {
    this.#endError = error
    const said = sentCode ?? code ?? CloseCode.ABNORMAL
    this.#beginClosing(initiator, said, reason, this.#settings.drainTimeout)
  }

  /** Ends an session whose socket has gone: its handlers, its `@OnClose`, and then whatever comes next. */
  async #endSession(session: Session, end: LinkEnd): Promise<void> {
    const { drainTimeout } = this.#settings
    const unsentBytes = session.link.transport.bufferedAmount
    if (session.hasOpened) {
      await session.drain(drainTimeout)
      const isCurrent = session === this.#session
      const replaced = session === this.#handoverIfAny?.previous || undefined
      const willReconnect = this.state.status === 'waiting' || (!isCurrent && !replaced && !this.isClosing)
      const close = closeInfoOf(session.link, end, session.disconnect, {
        willReconnect,
        replaced: replaced,
        unsentBytes,
      })
      if (isCurrent) this.#lastClose = close
      await session.ending.close(close, drainTimeout)
    }
    if (session === this.#session) {
      this.#lastSeen = session.link.heartbeat.lastSeen
      this.#session = undefined
    }
    this.#handoverIfAny?.onSessionEnd(session)
    this.#goOn()
  }

  /** Takes the next step once all that it has to wait for is over: the delay, and the old link with its `@OnClose`. */
  #goOn(): void {
    if (this.#attempt || this.#session || this.#handoverIfAny?.isBusy) return
    if (this.state.status === 'waiting' && !this.stateMachine.isTiming) this.#connectAgain()
    else if (this.state.status === 'closing') this.#finish()
  }

  // --- what the user asks -----------------------------------------------------------------------------------------------

  /** Drops the connection, or the wait for one, and connects at once. */
  reconnect(isOverlap: boolean): void {
    const session = this.#session
    if (isOverlap && session?.readyAt !== undefined && this.state.status === 'open') this.#handover.start()
    else if (this.state.status === 'waiting') {
      this.stateMachine.cancelTimer()
      this.#goOn()
    } else if (this.state.status === 'open' && session) {
      const sentCode = CloseCode.RECONNECTING
      const decision = { retry: true, delay: 0 } as const
      this.#onDisconnect(session, { initiator: 'local', stage: 'close', sentCode, decision })
      session.link.closing.close(sentCode, 'reconnecting', this.#settings.closeTimeout)
    }
  }

  /** Ends the connection in good order, within `closeTimeout`. */
  close(code: number, reason: string): Promise<CloseInfo> {
    if (this.state.status === 'closing') this.deadline.setTo(this.#settings.closeTimeout)
    else if (!this.isClosing) void this.#close(code, reason)
    return this.closed.promise
  }

  async #close(code: number, reason: string): Promise<void> {
    const { closeTimeout } = this.#settings
    const session = this.#session
    this.#beginClosing('local', code, reason, closeTimeout)
    if (this.#attempt) this.#attempt.terminate()
    else if (!session) this.#goOn()
    else if (!session.hasOpened) session.link.closing.terminate()
    else if (!session.disconnect) {
      session.link.readCounter.release()
      const paced = session.drain(closeTimeout * DRAIN_SHARE).then(() => session.link.whenDrained())
      await this.deadline.settlesWithin(paced, closeTimeout * DRAIN_SHARE)
      const handshake = this.deadline.remaining - closeTimeout * CLOSE_HANDLER_SHARE
      session.link.closing.close(code, reason, Math.max(0, handshake))
    }
  }

  /** Ends the connection at once, without a closing handshake. */
  terminate(): Promise<CloseInfo> {
    if (!this.isClosing) this.#beginClosing('local', CloseCode.ABNORMAL, '', this.#settings.closeTimeout)
    const sessions = allSessions(this.#session, this.#handoverIfAny)
    for (const each of sessions) {
      void each.drain(0)
      each.link.closing.terminate()
    }
    this.#attempt?.terminate()
    this.#goOn()
    return this.closed.promise
  }

  /** Leaves for good: from here on nothing new is begun, and everything has to be over within `timeout`. */
  #beginClosing(initiator: Disconnect['initiator'], code: number, reason: string, timeout: number): void {
    this.#listener?.onClosing()
    this.#handoverIfAny?.stop()
    this.deadline.setTo(timeout)
    this.#transitionTo({ status: 'closing', initiator, code, reason })
    this.stateMachine.abort(new ConnectionClosedError('The connection has been closed'))
  }

  #finish(): void {
    this.#deadlineIfAny?.stop()
    const error = this.#endError
    this.hub.end(
      new ConnectionClosedError('The connection has been closed', error && { cause: error }),
      error,
    )
    const last = this.#lastClose ?? NEVER_OPENED
    const close = { ...last, willReconnect: false, error: error ?? last.error }
    this.#transitionTo({ status: 'closed', close })
    this.ready.reject(error ?? new ConnectionClosedError('The connection was closed before it had opened'))
    this.closed.resolve(close)
  }

  report(error: Error, stage: Stage, consequence: string, message?: unknown): void {
    const signal = this.#session?.link.signal ?? this.stateMachine.signal
    void this.#listener?.onError({ error, stage, fatal: false, consequence, signal, message })
  }

  #transitionTo(state: ConnectionState): void {
    this.stateMachine.transitionTo(state)
    this.#listener?.onStateChange(state)
  }
}
