import type { HeartbeatTimeoutError } from '../errors.js'
import { ConnectionClosedError, ConnectionLostError } from '../errors.js'
import { ReadyTimeoutError, RetriesExhaustedError, toError } from '../errors.js'
import type { ConnectionSettings } from '../options.js'
import type { Connect, Handshake } from '../transport.js'
import { CloseCode } from './close-code.js'
import type { CloseInfo } from './close-code.js'
import { deferred } from './deferred.js'
import type { Deferred } from './deferred.js'
import { Episode } from './episode.js'
import type { EpisodeMachine } from './episode.js'
import { withTimes } from './heartbeat.js'
import type { HeartbeatSettings, HeartbeatTimes } from './heartbeat.js'
import type { Link, LinkEnd } from './link.js'
import type { ConnectionListener } from './listener.js'
import { NEVER_OPENED, closeInfoOf, describeLoss, failureOf, initiatorOf } from './loss.js'
import type { Loss } from './loss.js'
import { Patience } from './patience.js'
import { ReconnectPolicy } from './reconnect-policy.js'
import type { Failure, Verdict } from './reconnect-policy.js'
import type { ConnectionState, Stage } from './state.js'
import { StateHolder } from './state-holder.js'
import { Traffic } from './traffic.js'

const NEVER: Verdict = { retry: false, exhausted: false }

/** The shares of `closeTimeout` that the handlers may use, and that are kept for `@OnClose`. */
const DRAIN_SHARE = 1 / 2
const CLOSE_HANDLER_SHARE = 1 / 10

/**
 * What leads a connection from one state to the next: attempts, losses, closing. It is the only one to change the state, and asks
 * pure parts what to do. Nothing connects, wires and retries in one place: a link connects, an episode wires, this retries.
 */
export class Machine implements EpisodeMachine {
  readonly traffic: Traffic
  readonly patience: Patience
  /** Settles with the first `@OnOpen`; rejects when the end comes first. */
  readonly ready: Deferred<void> = deferred()
  readonly closed: Deferred<CloseInfo> = deferred()
  readonly #settings: ConnectionSettings
  readonly #connect: Connect
  readonly #holder: StateHolder
  readonly #policy: ReconnectPolicy
  /** Aborts when the connection begins to close for good. */
  readonly controller = new AbortController()
  #listener: ConnectionListener | undefined
  #episode: Episode | undefined
  #heartbeat: HeartbeatSettings
  #lastSeen: number | undefined
  #url: string | undefined
  #openCount = 0
  #hasBeenReady = false
  #lostAt: number
  #troubleSince: number
  #lastFailure: Failure | undefined
  #lastClose: CloseInfo | undefined
  #endError: Error | undefined

  constructor(id: string, settings: ConnectionSettings, connect: Connect) {
    const { clock, random } = settings
    this.#settings = settings
    this.#connect = connect
    this.#heartbeat = settings.heartbeat
    this.#lostAt = this.#troubleSince = clock.now()
    this.#holder = new StateHolder(id, clock)
    this.patience = new Patience(clock)
    this.traffic = new Traffic(id, settings, {
      openLink: () => (this.#episode?.isOpenToCaller ? this.#episode.link : undefined),
      status: () => this.state.status,
      currentLink: () => (this.link?.isOpen ? this.link : undefined),
      report: (error, stage, message) => this.report(error, stage, '', message),
      waitingChanged: () => this.link?.reconsider(),
    })
    this.#policy = new ReconnectPolicy(settings.reconnect, {
      random,
      date: () => clock.date(),
      report: (thrown) => this.report(toError(thrown), 'connect', 'the default holds'),
    })
  }

  // --- what the connection shows ----------------------------------------------------------------------------------------

  get state(): ConnectionState {
    return this.#holder.state
  }

  get isClosing(): boolean {
    return this.#holder.isClosing
  }

  /** The link that is open, or being opened. */
  get link(): Link | undefined {
    return this.#episode?.loss ? undefined : this.#episode?.link
  }

  /** The true url of the latest attempt. */
  get url(): string | undefined {
    return this.#episode?.link.url ?? this.#url
  }

  get latency(): number | undefined {
    return this.link && this.#episode?.latency
  }

  /** When the last frame arrived, by the monotonic clock. */
  get lastSeen(): number | undefined {
    return this.#episode?.link.lastSeen ?? this.#lastSeen
  }

  configureHeartbeat(times: HeartbeatTimes): void {
    this.#heartbeat = withTimes(this.#heartbeat, times)
    this.link?.configureHeartbeat(this.#heartbeat)
  }

  whenOpen(): Promise<void> {
    return this.#holder.whenOpen()
  }

  // --- attempts ---------------------------------------------------------------------------------------------------------

  /** Begins with the first attempt, unless the connection has been closed already. */
  start(listener: ConnectionListener): void {
    this.#listener = listener
    if (!this.isClosing) this.#attempt()
  }

  #attempt(): void {
    const attempt = this.#policy.countAttempt()
    const settings = { ...this.#settings, heartbeat: this.#heartbeat }
    const episode = new Episode(this.#openCount + 1, attempt, settings, this)
    this.#episode = episode
    if (this.state.status === 'waiting') this.#enter({ status: 'connecting', attempt })
    if (this.isClosing) return
    episode.link.open(this.#connect, {
      attempt,
      isReconnect: this.#openCount > 0,
      failure: this.#lastFailure,
    })
  }

  opened(episode: Episode, { protocol, headers }: Handshake): void {
    if (this.isClosing || episode.loss) return
    const { attempt, link } = episode
    const connectionNumber = link.number
    const isReconnect = this.#openCount > 0
    const downtime = isReconnect ? this.#settings.clock.now() - this.#lostAt : 0
    this.#openCount += 1
    this.#enter({ status: 'open', connectionNumber, protocol })
    if (this.state.status !== 'open') return
    const session = this.#listener?.session(link)
    if (session)
      episode.open(session, { isReconnect, connectionNumber, attempt, downtime, protocol, headers })
  }

  becameReady({ link }: Episode): void {
    this.traffic.ready(link)
    if (this.isClosing) return
    this.#hasBeenReady = true
    this.ready.resolve()
  }

  openFailed(episode: Episode, error: Error): void {
    // A hanging @OnOpen is worth another try; one that throws the first time will throw again.
    const verdict = this.#hasBeenReady || error instanceof ReadyTimeoutError ? undefined : NEVER
    const sentCode = CloseCode.RECONNECTING
    this.#lose(episode, { initiator: 'local', stage: 'open', error, sentCode, verdict })
    episode.link.close(sentCode, '@OnOpen failed', this.#settings.closeTimeout)
  }

  // --- losing -----------------------------------------------------------------------------------------------------------

  died(episode: Episode, error: HeartbeatTimeoutError): void {
    if (!episode.loss && !this.isClosing)
      this.#lose(episode, { initiator: 'lost', stage: 'heartbeat', error })
    episode.link.giveUp(error)
  }

  ended(episode: Episode, end: LinkEnd): void {
    if (!episode.loss) {
      const { code, reason, error } = end
      const initiator = episode.link.isClosedHere ? 'local' : initiatorOf(end)
      const loss = { initiator, stage: episode.hasOpened ? 'close' : 'connect', error, code, reason } as const
      if (this.isClosing) this.#abandon(episode, loss)
      else this.#lose(episode, loss)
    }
    void this.#end(episode, end)
  }

  /** Judges a loss, once per link, and goes on to what follows from it. */
  #lose(episode: Episode, loss: Loss): void {
    episode.loss = loss
    const now = this.#settings.clock.now()
    this.#lostAt = now
    if (episode.readyAt !== undefined && this.#policy.forgiveAfter(now - episode.readyAt))
      this.#troubleSince = now
    const { attempt, hasOpened: hasBeenOpen } = episode
    const { lastMessage } = this.traffic.incoming
    this.#lastFailure = failureOf(loss, {
      attempt,
      elapsed: now - this.#troubleSince,
      lastMessage,
      hasBeenOpen,
    })
    const verdict = loss.verdict ?? this.#policy.judge(this.#lastFailure)
    const lost = this.#abandon(episode, loss)
    const error = loss.error ?? lost
    // The verdict, or somebody who was told of the loss, may have closed the connection meanwhile.
    if (!this.isClosing) {
      if (verdict.retry) this.#wait(verdict.delay, error)
      else this.#giveUp(verdict.exhausted ? new RetriesExhaustedError(attempt, error) : error, loss)
    }
    if (loss.error) episode.reported = this.#tell(episode, loss.error, loss.stage, verdict)
  }

  async #tell(episode: Episode, error: Error, stage: Stage, verdict: Verdict): Promise<void> {
    const { signal } = episode.link
    const consequence = verdict.retry ? `trying again in ${Math.round(verdict.delay)} ms` : 'giving up'
    await this.#listener?.failed({ error, stage, fatal: !verdict.retry, consequence, signal })
  }

  /** Lets go of all who depend on a link; returns what they are told. */
  #abandon(episode: Episode, loss: Loss): ConnectionLostError {
    const { error: cause, code = CloseCode.ABNORMAL, reason = '' } = loss
    const lost = new ConnectionLostError(describeLoss(loss), code, reason, cause && { cause })
    episode.link.abandon(lost)
    if (episode.hasOpened) this.traffic.lost(lost)
    return lost
  }

  #wait(delay: number, cause: Error): void {
    this.#enter({ status: 'waiting', attempt: this.#policy.nextAttempt, delay, cause })
    if (!this.isClosing) this.#holder.startTimer(delay, () => this.#goOn())
  }

  #giveUp(error: Error, { initiator, sentCode, code, reason }: Loss): void {
    this.#endError = error
    this.#beginClosing(
      initiator,
      sentCode ?? code ?? CloseCode.ABNORMAL,
      reason ?? '',
      this.#settings.drainTimeout,
    )
  }

  /** Ends an episode whose socket has gone: its handlers, its `@OnClose`, and then whatever comes next. */
  async #end(episode: Episode, end: LinkEnd): Promise<void> {
    const { link } = episode
    const { drainTimeout } = this.#settings
    const unsentBytes = link.bufferedAmount
    if (episode.hasOpened) {
      await episode.drain(drainTimeout)
      const initiator =
        link.isClosedHere && !end.error ? 'local' : (episode.loss?.initiator ?? initiatorOf(end))
      const willReconnect = this.state.status === 'waiting'
      const facts = {
        initiator,
        willReconnect,
        unsentBytes,
        connectionNumber: link.number,
        sentCode: link.sentCode,
      }
      this.#lastClose = closeInfoOf(end, facts)
      await episode.close(this.#lastClose, drainTimeout)
    }
    this.#url = link.url
    this.#lastSeen = link.lastSeen ?? this.#lastSeen
    this.#episode = undefined
    this.#goOn()
  }

  /** Takes the next step once all that it has to wait for is over: the delay, and the old link with its `@OnClose`. */
  #goOn(): void {
    if (this.#episode) return
    if (this.state.status === 'waiting' && !this.#holder.isTiming) this.#attempt()
    else if (this.state.status === 'closing') this.#finish()
  }

  // --- what the user asks -----------------------------------------------------------------------------------------------

  /** Drops the connection, or the wait for one, and connects at once. */
  reconnect(): void {
    const episode = this.#episode
    if (this.state.status === 'waiting') {
      this.#holder.cancelTimer()
      this.#goOn()
    } else if (this.state.status === 'open' && episode) {
      const sentCode = CloseCode.RECONNECTING
      this.#lose(episode, {
        initiator: 'local',
        stage: 'close',
        sentCode,
        verdict: { retry: true, delay: 0 },
      })
      episode.link.close(sentCode, 'reconnecting', this.#settings.closeTimeout)
    }
  }

  /** Ends the connection in good order, within `closeTimeout`. */
  close(code: number, reason: string): Promise<CloseInfo> {
    if (this.state.status === 'closing') this.patience.endIn(this.#settings.closeTimeout)
    else if (!this.isClosing) void this.#close(code, reason)
    return this.closed.promise
  }

  async #close(code: number, reason: string): Promise<void> {
    const { closeTimeout } = this.#settings
    const episode = this.#episode
    this.#beginClosing('local', code, reason, closeTimeout)
    if (!episode) this.#goOn()
    else if (!episode.hasOpened) episode.link.terminate()
    else if (!episode.loss) {
      episode.link.readOn()
      const paced = episode.drain(closeTimeout * DRAIN_SHARE).then(() => episode.link.paced())
      await this.patience.lasts(paced, closeTimeout * DRAIN_SHARE)
      const handshake = this.patience.remaining - closeTimeout * CLOSE_HANDLER_SHARE
      episode.link.close(code, reason, Math.max(0, handshake))
    }
  }

  /** Ends the connection at once, without a closing handshake. */
  terminate(): Promise<CloseInfo> {
    const episode = this.#episode
    if (!this.isClosing) this.#beginClosing('local', CloseCode.ABNORMAL, '', this.#settings.closeTimeout)
    if (episode) {
      void episode.drain(0)
      episode.link.terminate()
    } else this.#goOn()
    return this.closed.promise
  }

  /** Leaves for good: from here on nothing new is begun, and everything has to be over within `timeout`. */
  #beginClosing(initiator: Loss['initiator'], code: number, reason: string, timeout: number): void {
    this.#listener?.closing()
    this.patience.endIn(timeout)
    this.#enter({ status: 'closing', initiator, code, reason })
    this.controller.abort(new ConnectionClosedError('The connection has been closed'))
  }

  #finish(): void {
    this.patience.stop()
    const error = this.#endError
    this.traffic.end(
      new ConnectionClosedError('The connection has been closed', error && { cause: error }),
      error,
    )
    const last = this.#lastClose ?? NEVER_OPENED
    const close = { ...last, willReconnect: false, error: error ?? last.error }
    this.#enter({ status: 'closed', close })
    this.ready.reject(error ?? new ConnectionClosedError('The connection was closed before it had opened'))
    this.closed.resolve(close)
  }

  report(error: Error, stage: Stage, consequence: string, message?: unknown): void {
    const signal = this.#episode?.link.signal ?? this.controller.signal
    void this.#listener?.failed({ error, stage, fatal: false, consequence, signal, message })
  }

  #enter(state: ConnectionState): void {
    this.#holder.enter(state)
    this.#listener?.stateChanged(state)
  }
}
