import type { ConnectionLostError, HeartbeatTimeoutError } from '../errors/errors.js'
import { ConnectionClosedError, ReadyTimeoutError, RetriesExhaustedError } from '../errors/errors.js'
import type { ConnectionSettings } from '../options/options.js'
import type { Connect, Handshake } from '../transports/transport.js'
import { CloseCode } from '../link/close-code.js'
import type { CloseInfo } from '../link/close-code.js'
import { LazyDeferred } from '../core/deferred.js'
import { Episode } from '../session/session.js'
import type { EpisodeMachine } from '../session/session.js'
import { withTimes } from '../link/heartbeat.js'
import type { HeartbeatTimes } from '../link/heartbeat.js'
import type { Link, LinkEnd } from '../link/link.js'
import type { ConnectionListener } from '../session/session-handlers.js'
import { NEVER_OPENED, lostError } from './disconnect.js'
import type { Loss } from './disconnect.js'
import { Judge } from './judge.js'
import { Overlap, allEpisodes } from './handover.js'
import type { OverlapPort } from './handover.js'
import { Patience } from '../session/deadline.js'
import type { Verdict } from './retry-policy.js'
import type { ConnectionState, Stage } from '../session/state.js'
import { StateHolder } from '../session/state-machine.js'
import { Traffic } from '../session/message-hub.js'
import type { TrafficPort } from '../session/message-hub.js'
import { Vitals } from './vitals.js'

/** What `ready` is of all connections that have been: they can share one that has settled. */
const READY = new LazyDeferred<void>()
READY.resolve()

const NEVER: Verdict = { retry: false, exhausted: false }

/** The shares of `closeTimeout` that the handlers may use, and that are kept for `@OnClose`. */
const DRAIN_SHARE = 1 / 2
const CLOSE_HANDLER_SHARE = 1 / 10

/**
 * What leads a connection from one state to the next: attempts, losses, closing. It is the only one to change the state, and asks
 * pure parts what to do. Nothing connects, wires and retries in one place: a link connects, an episode wires, this retries.
 */
export class Machine implements EpisodeMachine, OverlapPort, TrafficPort {
  readonly holder: StateHolder
  readonly traffic: Traffic
  /** Settles with the first `@OnOpen`; rejects when the end comes first. */
  ready = new LazyDeferred<void>()
  readonly closed = new LazyDeferred<CloseInfo>()
  #settings: ConnectionSettings
  readonly #connect: Connect
  readonly #judge: Judge
  #vitals: Vitals | undefined
  #madeOverlap: Overlap | undefined
  #patience: Patience | undefined
  #listener: ConnectionListener | undefined
  #endReplaced: ((error: Error) => void) | undefined
  #episode: Episode | undefined
  #openCount = 0
  #hasBeenReady = false
  #lostAt = 0
  #lastClose: CloseInfo | undefined
  #endError: Error | undefined

  constructor(id: string, settings: ConnectionSettings, connect: Connect) {
    this.#settings = settings
    this.#connect = connect
    this.holder = new StateHolder(id, settings.clock)
    this.traffic = new Traffic(id, settings, this)
    this.#judge = new Judge(settings, this)
  }

  // --- what the connection shows ----------------------------------------------------------------------------------------

  get vitals(): Vitals {
    return (this.#vitals ??= new Vitals(this))
  }

  get state(): ConnectionState {
    return this.holder.state
  }

  get isClosing(): boolean {
    return this.holder.isClosing
  }

  get patience(): Patience {
    return (this.#patience ??= new Patience(this.#settings.clock))
  }

  get current(): Episode | undefined {
    return this.#episode
  }

  /** The link that is open, or being opened. */
  get link(): Link | undefined {
    return this.#episode?.loss ? undefined : this.#episode?.link
  }

  get #overlap(): Overlap {
    return (this.#madeOverlap ??= new Overlap(this.#settings, this))
  }

  openLink(): Link | undefined {
    return this.#madeOverlap?.rival?.openLink ?? this.#episode?.openLink
  }

  waitingChanged(): void {
    for (const { link } of allEpisodes(this.#episode, this.#madeOverlap)) link.reconsider()
  }

  configureHeartbeat(times: HeartbeatTimes): void {
    const heartbeat = withTimes(this.#settings.heartbeat, times)
    this.#settings = { ...this.#settings, heartbeat }
    this.link?.configureHeartbeat(heartbeat)
  }

  // --- attempts ---------------------------------------------------------------------------------------------------------

  /** Begins with the first attempt, unless the connection has been closed already. */
  start(listener: ConnectionListener): void {
    this.#listener = listener
    if (!this.isClosing) this.#attempt()
  }

  #attempt(): void {
    const episode = this.#newEpisode()
    this.#episode = episode
    if (this.state.status === 'waiting') this.#enter({ status: 'connecting', attempt: episode.attempt })
    if (!this.isClosing) this.#open(episode)
  }

  #newEpisode(): Episode {
    return new Episode(this.#openCount + 1, this.#judge.countAttempt(), this.#settings, this)
  }

  /** Begins an episode beside the current one. */
  beginRival(): Episode {
    this.#judge.forgive(this.#episode?.readyAt)
    const rival = this.#newEpisode()
    this.#open(rival)
    return rival
  }

  #open({ link, attempt }: Episode): void {
    link.open(this.#connect, { attempt, isReconnect: this.#openCount > 0, failure: this.#judge.lastFailure })
  }

  opened(episode: Episode, { protocol, headers }: Handshake): void {
    if (this.isClosing || episode.loss) return
    const { attempt, link } = episode
    const connectionNumber = link.number
    const isReconnect = this.#openCount > 0
    const replaces = episode === this.#madeOverlap?.rival ? this.#episode?.link.number : undefined
    const downtime = isReconnect && replaces === undefined ? this.#settings.clock.now() - this.#lostAt : 0
    if (replaces === undefined) this.#enter({ status: 'open', connectionNumber, protocol })
    if (this.state.status !== 'open') return
    this.#openCount += 1
    const session = this.#listener?.session(link)
    const info = { isReconnect, connectionNumber, attempt, replaces, downtime, protocol, headers }
    if (session) episode.open(session, info)
  }

  becameReady(episode: Episode): Promise<void> | undefined {
    const { link } = episode
    const { maxAge } = this.#settings
    const old = episode === this.#madeOverlap?.rival ? this.#episode : undefined
    const handover = old && this.#overlap.takeOver(old)
    if (old) {
      this.#episode = episode
      this.holder.amend({ status: 'open', connectionNumber: link.number, protocol: link.protocol })
      this.#endReplaced = this.traffic.replaced(link)
    } else this.traffic.ready(link)
    if (this.isClosing) return handover
    this.#hasBeenReady = true
    this.ready.resolve()
    this.ready = READY
    if (maxAge !== Infinity) this.#overlap.startIn(maxAge)
    return handover
  }

  openFailed(episode: Episode, error: Error): void {
    // A hanging @OnOpen is worth another try; one that throws the first time will throw again.
    const verdict = this.#hasBeenReady || error instanceof ReadyTimeoutError ? undefined : NEVER
    const sentCode = CloseCode.RECONNECTING
    const loss = { initiator: 'local', stage: 'open', error, sentCode, verdict } as const
    if (episode === this.#episode) this.#lose(episode, loss)
    else this.#loseRival(episode, loss)
    episode.link.close(sentCode, '@OnOpen failed', this.#settings.closeTimeout)
  }

  // --- losing -----------------------------------------------------------------------------------------------------------

  died(episode: Episode, error: HeartbeatTimeoutError): void {
    if (!episode.loss && !this.isClosing && episode === this.#episode)
      this.#lose(episode, { initiator: 'lost', stage: 'heartbeat', error })
    episode.link.giveUp(error)
  }

  ended(episode: Episode, end: LinkEnd): void {
    if (!episode.loss) {
      const loss = episode.lossOf(end)
      if (this.isClosing || episode === this.#madeOverlap?.replaced) this.#abandon(episode, loss)
      else if (episode === this.#episode) this.#lose(episode, loss)
      else this.#loseRival(episode, loss)
    }
    void this.#end(episode, end)
  }

  /** Judges a loss, once per link, and goes on to what follows from it. */
  #lose(episode: Episode, loss: Loss): void {
    this.#lostAt = this.#settings.clock.now()
    this.#judge.forgive(this.#episode?.readyAt)
    this.#madeOverlap?.stop()
    const verdict = this.#judge.judge(episode, loss)
    const lost = this.#abandon(episode, loss)
    const error = loss.error ?? lost
    // The verdict, or somebody who was told of the loss, may have closed the connection meanwhile.
    if (!this.isClosing) {
      if (verdict.retry) this.#wait(verdict.delay, error)
      else this.#giveUp(verdict.exhausted ? new RetriesExhaustedError(episode.attempt, error) : error, loss)
    }
    if (loss.error) episode.reported = this.#tell(episode, loss.error, loss.stage, verdict)
  }

  /** The rival has failed: the current episode stays, and the next rival waits. */
  #loseRival(episode: Episode, loss: Loss): void {
    const verdict = this.#judge.judge(episode, loss)
    this.#abandon(episode, loss)
    if (verdict.retry && !this.isClosing) this.#overlap.startIn(verdict.delay)
    if (loss.error) this.report(loss.error, loss.stage, 'the old connection stays')
  }

  async #tell(episode: Episode, error: Error, stage: Stage, verdict: Verdict): Promise<void> {
    const { signal } = episode.link
    const consequence = verdict.retry ? `trying again in ${Math.round(verdict.delay)} ms` : 'giving up'
    await this.#listener?.failed({ error, stage, fatal: !verdict.retry, consequence, signal })
  }

  /** Lets go of all who depend on a link; returns what they are told. */
  #abandon(episode: Episode, loss: Loss): ConnectionLostError {
    const lost = lostError(loss)
    episode.link.abandon(lost)
    if (episode === this.#madeOverlap?.replaced) this.#endReplaced?.(lost)
    else if (episode === this.#episode && episode.hasOpened) this.traffic.lost(lost)
    return lost
  }

  #wait(delay: number, cause: Error): void {
    const state = { status: 'waiting', attempt: this.#judge.nextAttempt, delay, cause } as const
    this.holder.enter(state)
    this.holder.startTimer(delay, () => this.#goOn())
    this.#listener?.stateChanged(state)
  }

  #giveUp(error: Error, { initiator, sentCode, code, reason = '' }: Loss): void {
    this.#endError = error
    const said = sentCode ?? code ?? CloseCode.ABNORMAL
    this.#beginClosing(initiator, said, reason, this.#settings.drainTimeout)
  }

  /** Ends an episode whose socket has gone: its handlers, its `@OnClose`, and then whatever comes next. */
  async #end(episode: Episode, end: LinkEnd): Promise<void> {
    const { drainTimeout } = this.#settings
    const unsentBytes = episode.link.bufferedAmount
    if (episode.hasOpened) {
      await episode.drain(drainTimeout)
      const isCurrent = episode === this.#episode
      const replaced = episode === this.#madeOverlap?.replaced || undefined
      const willReconnect = this.state.status === 'waiting' || (!isCurrent && !replaced && !this.isClosing)
      const close = episode.closeInfo(end, { willReconnect, replaced, unsentBytes })
      if (isCurrent) this.#lastClose = close
      await episode.close(close, drainTimeout)
    }
    if (episode === this.#episode) {
      this.vitals.remember(episode)
      this.#episode = undefined
    }
    this.#madeOverlap?.finished(episode)
    this.#goOn()
  }

  /** Takes the next step once all that it has to wait for is over: the delay, and the old link with its `@OnClose`. */
  #goOn(): void {
    if (this.#episode || this.#madeOverlap?.isBusy) return
    if (this.state.status === 'waiting' && !this.holder.isTiming) this.#attempt()
    else if (this.state.status === 'closing') this.#finish()
  }

  // --- what the user asks -----------------------------------------------------------------------------------------------

  /** Drops the connection, or the wait for one, and connects at once. */
  reconnect(isOverlap: boolean): void {
    const episode = this.#episode
    if (isOverlap && episode?.readyAt !== undefined && this.state.status === 'open') this.#overlap.start()
    else if (this.state.status === 'waiting') {
      this.holder.cancelTimer()
      this.#goOn()
    } else if (this.state.status === 'open' && episode) {
      const sentCode = CloseCode.RECONNECTING
      const verdict = { retry: true, delay: 0 } as const
      this.#lose(episode, { initiator: 'local', stage: 'close', sentCode, verdict })
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
    if (!this.isClosing) this.#beginClosing('local', CloseCode.ABNORMAL, '', this.#settings.closeTimeout)
    const episodes = allEpisodes(this.#episode, this.#madeOverlap)
    for (const each of episodes) {
      void each.drain(0)
      each.link.terminate()
    }
    if (episodes.length === 0) this.#goOn()
    return this.closed.promise
  }

  /** Leaves for good: from here on nothing new is begun, and everything has to be over within `timeout`. */
  #beginClosing(initiator: Loss['initiator'], code: number, reason: string, timeout: number): void {
    this.#listener?.closing()
    this.#madeOverlap?.stop()
    this.patience.endIn(timeout)
    this.#enter({ status: 'closing', initiator, code, reason })
    this.holder.abort(new ConnectionClosedError('The connection has been closed'))
  }

  #finish(): void {
    this.#patience?.stop()
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
    const signal = this.#episode?.link.signal ?? this.holder.signal
    void this.#listener?.failed({ error, stage, fatal: false, consequence, signal, message })
  }

  #enter(state: ConnectionState): void {
    this.holder.enter(state)
    this.#listener?.stateChanged(state)
  }
}
