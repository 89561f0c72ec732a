import type { Timer } from '../clock.js'
import { publishState } from '../diagnostics.js'
import type { HeartbeatTimeoutError } from '../errors.js'
import {
  BackpressureError,
  ConnectionClosedError,
  ConnectionLostError,
  HandshakeError,
  ReadyTimeoutError,
  RetriesExhaustedError,
  toError,
} from '../errors.js'
import type { ConnectionSettings } from '../options.js'
import type { Connect, Handshake } from '../transport.js'
import { CloseCode } from './close-code.js'
import type { CloseInfo, Initiator } from './close-code.js'
import { deferred } from './deferred.js'
import type { Deferred } from './deferred.js'
import { Episode } from './episode.js'
import type { EpisodePort, Loss } from './episode.js'
import type { HeartbeatSettings } from './heartbeat.js'
import { Incoming } from './incoming.js'
import { Link } from './link.js'
import type { LinkEnd, LinkOwner } from './link.js'
import type { ConnectionListener } from './listener.js'
import { encodeWith } from './outgoing.js'
import { Patience } from './patience.js'
import { ReconnectPolicy } from './reconnect-policy.js'
import type { Failure, Verdict } from './reconnect-policy.js'
import { checkTransition } from './state.js'
import type { ConnectionState, Stage } from './state.js'
import { Waiters } from './waiters.js'

const AT_ONCE: Verdict = { retry: true, delay: 0 }
const NEVER: Verdict = { retry: false, exhausted: false }

/** The shares of `closeTimeout` that the handlers may use, and that are kept for `@OnClose`. */
const DRAIN_SHARE = 1 / 2
const CLOSE_HANDLER_SHARE = 1 / 10

/**
 * The states of a connection and what leads from one to the next: attempts, losses, closing. It is the only writer of the
 * state, and asks pure parts what to do. Leaving a state cancels the timer that entering it started.
 */
export class Machine implements LinkOwner, EpisodePort {
  readonly waiters: Waiters
  /** Settles with the first `@OnOpen`; rejects when the end comes first. */
  readonly ready: Deferred<void> = deferred()
  readonly closed: Deferred<CloseInfo> = deferred()
  readonly #id: string
  readonly #settings: ConnectionSettings
  readonly #connect: Connect
  readonly #policy: ReconnectPolicy
  readonly #incoming: Incoming
  readonly #controller = new AbortController()
  readonly #patience: Patience
  #listener: ConnectionListener | undefined
  #state: ConnectionState = { status: 'connecting', attempt: 1 }
  #opened: Deferred<void> = deferred()
  #episode: Episode | undefined
  #stateTimer: Timer | undefined
  #deadlineTimer: Timer | undefined
  #deadline = Infinity
  #heartbeat: HeartbeatSettings
  #latency: number | undefined
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
    this.#id = id
    this.#settings = settings
    this.#connect = connect
    this.#heartbeat = settings.heartbeat
    const { clock, random, codec } = settings
    this.#lostAt = this.#troubleSince = clock.now()
    this.#patience = new Patience(clock)
    this.waiters = new Waiters(clock, () => this.link?.reconsider())
    this.#incoming = new Incoming(id, codec, clock, this.waiters)
    this.#policy = new ReconnectPolicy(settings.reconnect, {
      random,
      date: () => clock.date(),
      report: (thrown) => this.report(toError(thrown), 'connect', 'the default verdict holds'),
    })
  }

  // --- what the connection shows ----------------------------------------------------------------------------------------

  get state(): ConnectionState {
    return this.#state
  }

  /** The link that is open, or being opened. */
  get link(): Link | undefined {
    return this.#episode?.loss ? undefined : this.#episode?.link
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The true url of the latest attempt. */
  get url(): string | undefined {
    return this.#episode?.link.url ?? this.#url
  }

  get latency(): number | undefined {
    return this.#latency
  }

  /** When the last frame arrived, by the monotonic clock. */
  get lastSeen(): number | undefined {
    return this.#episode?.link.lastSeen ?? this.#lastSeen
  }

  get heartbeat(): HeartbeatSettings {
    return this.#heartbeat
  }

  set heartbeat(settings: HeartbeatSettings) {
    this.#heartbeat = settings
    this.link?.configureHeartbeat(settings)
  }

  /** Resolves at the next opening, or at once; rejects when there will be none. */
  whenOpen(): Promise<void> {
    return this.#opened.promise
  }

  // --- attempts ---------------------------------------------------------------------------------------------------------

  /** Begins with the first attempt, unless the connection has been closed already. */
  start(listener: ConnectionListener): void {
    this.#listener = listener
    if (this.#state.status === 'connecting') this.#attempt()
  }

  #attempt(): void {
    const attempt = this.#policy.countAttempt()
    const link = new Link(this.#openCount + 1, { ...this.#settings, heartbeat: this.#heartbeat }, this)
    this.#episode = new Episode(link, attempt, this.#settings, this.#patience, this)
    if (this.#state.status === 'waiting') this.#transition({ status: 'connecting', attempt })
    if (this.#state.status !== 'connecting') return
    link.open(this.#connect, { attempt, isReconnect: this.#openCount > 0, failure: this.#lastFailure })
  }

  linkOpened(link: Link, { protocol, headers }: Handshake): void {
    const episode = this.#current(link)
    if (!episode || this.#state.status !== 'connecting') return
    const isReconnect = this.#openCount > 0
    this.#openCount += 1
    this.#latency = undefined
    const downtime = isReconnect ? this.#settings.clock.now() - this.#lostAt : 0
    const { attempt } = episode
    this.#transition({ status: 'open', connectionNumber: link.number, protocol })
    if (this.#current(link) !== episode || this.isClosing()) return
    const info = { isReconnect, connectionNumber: link.number, attempt, downtime, protocol, headers }
    const session = this.#listener?.session(link)
    if (session) episode.open(session, info)
  }

  becameReady(): void {
    this.#hasBeenReady = true
    this.ready.resolve()
  }

  openFailed(episode: Episode, error: Error): void {
    // A hanging @OnOpen is worth another try; one that throws at once will throw again.
    const verdict = this.#hasBeenReady || error instanceof ReadyTimeoutError ? undefined : NEVER
    const sentCode = CloseCode.RECONNECTING
    this.#lose(episode, { initiator: 'local', stage: 'open', error, sentCode, verdict })
    episode.link.close(sentCode, '@OnOpen failed', this.#settings.closeTimeout)
  }

  // --- what arrives -----------------------------------------------------------------------------------------------------

  linkReceived(link: Link, data: string | Uint8Array): void {
    const episode = this.#current(link)
    if (episode?.hasOpened) this.#incoming.receive(episode, data, !this.isClosing())
  }

  linkPinged(link: Link, data: Uint8Array): void {
    this.#current(link)?.pinged(data)
  }

  linkPonged(link: Link, data: Uint8Array): void {
    this.#current(link)?.ponged(data)
  }

  linkMeasured(link: Link, latency: number): void {
    if (this.#current(link)) this.#latency = latency
  }

  linkOverflowed(_link: Link, pending: number): void {
    this.waiters.rejectAll(new BackpressureError(pending))
  }

  isWaiting(): boolean {
    return this.waiters.size > 0
  }

  beat(link: Link, message: unknown): void {
    if (link.isOpen) void link.send(encodeWith(this.#settings.codec, message))
  }

  beatFailed(_link: Link, thrown: unknown): void {
    this.report(toError(thrown), 'heartbeat', 'the beat is left out')
  }

  // --- losing -----------------------------------------------------------------------------------------------------------

  linkDied(link: Link, error: HeartbeatTimeoutError): void {
    const episode = this.#current(link)
    if (episode && !this.isClosing()) this.#lose(episode, { initiator: 'lost', stage: 'heartbeat', error })
    link.giveUp(error)
  }

  linkEnded(link: Link, end: LinkEnd): void {
    const episode = this.#episode
    if (episode?.link !== link) return
    if (!episode.loss) {
      const stage = episode.hasOpened ? 'close' : 'connect'
      const { code, reason, error } = end
      const loss = { initiator: link.isClosedHere ? 'local' : initiatorOf(end), stage, error, code, reason } as const
      if (this.isClosing()) this.#abandon(episode, loss)
      else this.#lose(episode, loss)
    }
    void this.#end(episode, end)
  }

  /** Judges a loss, once per link, and goes on to what follows from it. */
  #lose(episode: Episode, loss: Loss): void {
    episode.loss = loss
    const { clock } = this.#settings
    const now = clock.now()
    this.#lostAt = now
    if (episode.readyAt !== undefined && this.#policy.forgiveAfter(now - episode.readyAt)) this.#troubleSince = now
    const failure = this.#failureOf(episode, loss, now)
    this.#lastFailure = failure
    const verdict = loss.verdict ?? this.#policy.judge(failure)
    const cause = this.#abandon(episode, loss)
    const error = loss.error ?? cause
    if (verdict.retry) this.#wait(verdict.delay, error)
    else this.#giveUp(verdict.exhausted ? new RetriesExhaustedError(episode.attempt, error) : error, loss)
    if (loss.error) episode.reported = this.#tellLoss(episode, loss.error, loss.stage, verdict)
  }

  async #tellLoss(episode: Episode, error: Error, stage: Stage, verdict: Verdict): Promise<void> {
    const { signal } = episode.link
    const fatal = !verdict.retry
    const consequence = verdict.retry ? `trying again in ${Math.round(verdict.delay)} ms` : 'giving up'
    await this.#listener?.failed({ error, stage, fatal, consequence, signal })
  }

  #failureOf(episode: Episode, loss: Loss, now: number): Failure {
    const { error, initiator, code, reason } = loss
    const refusal = error instanceof HandshakeError ? { status: error.status, headers: error.headers } : {}
    const { attempt, hasOpened } = episode
    return {
      ...refusal,
      error,
      initiator,
      code: hasOpened ? (code ?? 1006) : undefined,
      reason: hasOpened ? reason : undefined,
      attempt,
      elapsed: now - this.#troubleSince,
      lastMessage: this.#incoming.lastMessage,
      hasBeenOpen: hasOpened,
    }
  }

  /** Lets go of all who depend on a link; returns what they are told. */
  #abandon(episode: Episode, loss: Loss): ConnectionLostError {
    const lost = new ConnectionLostError(describeLoss(loss), loss.code ?? CloseCode.ABNORMAL, loss.reason ?? '', {
      cause: loss.error,
    })
    episode.link.abandon(lost)
    if (episode.hasOpened) this.waiters.rejectAll(lost)
    return lost
  }

  #wait(delay: number, cause: Error): void {
    // The verdict, or somebody who was told of the loss, may have closed the connection meanwhile.
    if (this.isClosing()) return
    this.#transition({ status: 'waiting', attempt: this.#policy.nextAttempt, delay, cause })
    if (this.isClosing()) return
    this.#stateTimer = this.#settings.clock.setTimeout(() => {
      this.#stateTimer = undefined
      this.#goOn()
    }, delay)
  }

  #giveUp(error: Error, { initiator, sentCode, code, reason }: Loss): void {
    if (this.isClosing()) return
    this.#endError = error
    this.#beginClosing(initiator, sentCode ?? code ?? CloseCode.ABNORMAL, reason ?? '', this.#settings.drainTimeout)
  }

  /** Ends an episode whose socket has gone: its handlers, its `@OnClose`, and then whatever comes next. */
  async #end(episode: Episode, end: LinkEnd): Promise<void> {
    const { link } = episode
    const { drainTimeout } = this.#settings
    if (episode.hasOpened) {
      const unsentBytes = link.bufferedAmount
      await episode.drain(this.isClosing() ? this.#remaining() : drainTimeout)
      const { code, reason } = end
      this.#lastClose = {
        code,
        reason,
        sentCode: link.sentCode ?? (code === 1006 || code === 1005 ? undefined : code),
        wasClean: code !== 1006,
        initiator: link.isClosedHere && end.error === undefined ? 'local' : (episode.loss?.initiator ?? initiatorOf(end)),
        willReconnect: this.#state.status === 'waiting',
        unsentBytes,
        connectionNumber: link.number,
        error: end.error,
      }
      await episode.close(this.#lastClose, this.isClosing() ? this.#remaining() : drainTimeout)
    }
    this.#url = link.url
    this.#lastSeen = link.lastSeen ?? this.#lastSeen
    this.#episode = undefined
    this.#goOn()
  }

  /** Takes the next step once all that it has to wait for is over. */
  #goOn(): void {
    if (this.#episode) return
    if (this.#state.status === 'waiting' && !this.#stateTimer) this.#attempt()
    else if (this.#state.status === 'closing') this.#finish()
  }

  // --- what the user asks -----------------------------------------------------------------------------------------------

  /** Drops the connection, or the wait for one, and connects at once. */
  reconnect(): void {
    const { status } = this.#state
    if (status === 'waiting') {
      this.#stateTimer?.cancel()
      this.#stateTimer = undefined
      this.#goOn()
    } else if (status === 'open' && this.#episode) {
      const episode = this.#episode
      const sentCode = CloseCode.RECONNECTING
      this.#lose(episode, { initiator: 'local', stage: 'close', sentCode, verdict: AT_ONCE })
      episode.link.close(sentCode, 'reconnecting', this.#settings.closeTimeout)
    }
  }

  /** Ends the connection in good order, within `closeTimeout`. */
  close(code: number, reason: string): Promise<CloseInfo> {
    if (this.isClosing()) this.#hurry(this.#settings.closeTimeout)
    else void this.#close(code, reason)
    return this.closed.promise
  }

  async #close(code: number, reason: string): Promise<void> {
    const episode = this.#episode
    this.#beginClosing('local', code, reason, this.#settings.closeTimeout)
    if (!episode) this.#goOn()
    else if (episode.loss) return
    else if (!episode.hasOpened) this.#cut(episode)
    else {
      episode.link.readOn()
      await episode.drain(this.#settings.closeTimeout * DRAIN_SHARE)
      const handshake = this.#remaining() - this.#settings.closeTimeout * CLOSE_HANDLER_SHARE
      episode.link.close(code, reason, Math.max(0, handshake))
    }
  }

  /** Ends the connection at once, without a closing handshake. */
  terminate(): Promise<CloseInfo> {
    const episode = this.#episode
    if (!this.isClosing()) this.#beginClosing('local', CloseCode.ABNORMAL, '', this.#settings.closeTimeout)
    if (episode) this.#cut(episode)
    else this.#goOn()
    return this.closed.promise
  }

  #cut(episode: Episode): void {
    void episode.drain(0)
    episode.link.terminate()
  }

  /** Leaves for good: from here on nothing new is begun, and everything has to be over within `timeout`. */
  #beginClosing(initiator: Initiator, code: number, reason: string, timeout: number): void {
    this.#listener?.closing()
    this.#stateTimer?.cancel()
    this.#stateTimer = undefined
    this.#hurry(timeout)
    this.#transition({ status: 'closing', initiator, code, reason })
    this.#controller.abort(new ConnectionClosedError('The connection has been closed'))
  }

  /** Sets the deadline for all that is left to do, unless there is an earlier one. */
  #hurry(timeout: number): void {
    const { clock } = this.#settings
    if (this.#state.status === 'closed' || clock.now() + timeout >= this.#deadline) return
    this.#deadline = clock.now() + timeout
    this.#deadlineTimer?.cancel()
    this.#deadlineTimer = clock.setTimeout(() => this.#patience.end(), timeout)
  }

  #finish(): void {
    this.#deadlineTimer?.cancel()
    const ended = new ConnectionClosedError('The connection has been closed', this.#endError && { cause: this.#endError })
    this.waiters.rejectAll(ended)
    const last = this.#lastClose ?? NEVER_OPENED
    const close = { ...last, willReconnect: false, error: this.#endError ?? last.error }
    this.#transition({ status: 'closed', close })
    this.ready.reject(this.#endError ?? new ConnectionClosedError('The connection was closed before it had opened'))
    this.closed.resolve(close)
  }

  isClosing(): boolean {
    return this.#state.status === 'closing' || this.#state.status === 'closed'
  }

  // --- small parts ------------------------------------------------------------------------------------------------------

  report(error: Error, stage: Stage, consequence: string): void {
    const signal = this.#episode?.link.signal ?? this.#controller.signal
    void this.#listener?.failed({ error, stage, fatal: false, consequence, signal })
  }

  #remaining(): number {
    return Math.max(0, this.#deadline - this.#settings.clock.now())
  }

  /** The episode of a link, unless it is of the past. */
  #current(link: Link): Episode | undefined {
    const episode = this.#episode
    return episode?.link === link && !episode.loss ? episode : undefined
  }

  #transition(next: ConnectionState): void {
    const from = this.#state.status
    checkTransition(from, next.status)
    this.#state = next
    publishState({ connection: this.#id, from, to: next.status })
    if (next.status === 'open') this.#opened.resolve()
    else if (next.status === 'closing') this.#opened.reject(new ConnectionClosedError('The connection is closing'))
    if (from === 'open') this.#renewOpened(next)
    this.#listener?.stateChanged(next)
  }

  /** Whoever asks from now on waits for the next opening. */
  #renewOpened(next: ConnectionState): void {
    this.#opened = deferred()
    if (next.status === 'closing') this.#opened.reject(new ConnectionClosedError('The connection is closing'))
  }
}

const NEVER_OPENED: CloseInfo = {
  code: CloseCode.ABNORMAL,
  reason: '',
  wasClean: false,
  initiator: 'local',
  willReconnect: false,
  unsentBytes: 0,
  connectionNumber: 0,
}

function initiatorOf({ code, sentCode }: LinkEnd): Initiator {
  if (sentCode !== undefined) return 'local'
  return code === CloseCode.ABNORMAL ? 'lost' : 'remote'
}

/** Says in a sentence how a connection was lost; it is what all who depended on it are told. */
function describeLoss({ error, initiator, code, reason }: Loss): string {
  if (error) return `The connection was lost: ${error.message}`
  if (initiator === 'local') return 'The connection was given up for a new one'
  if (initiator === 'lost') return 'The connection ended without a close frame'
  return `The peer closed the connection with ${code}${reason ? ` (${reason})` : ''}`
}
