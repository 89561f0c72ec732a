import type { Timer } from '../core/clock.js'
import { deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import { CloseCode } from '../link/close-code.js'
import type { Session } from '../session/session.js'
import type { Attempt } from './attempt.js'
import type { ConnectionSettings } from './settings.js'

/** Starts the attempts of a handover. */
export interface HandoverPort {
  /** Starts an attempt beside the current session. */
  attemptCandidate(): Attempt
}

/**
 * Make before break: a candidate opens while the current session lives, and takes its place once it is ready.
 *
 *   start() ──▶ attempt ──▶ candidate ── its @OnOpen has settled: takeOver() ──▶ current; the old one is drained and closed, and
 *                  │             │                                              then the new one's messages are handled
 *                  └─────────────┴── it fails: the current one stays, and there may be another try after a delay
 */
export class Handover {
  readonly #settings: ConnectionSettings
  readonly #port: HandoverPort
  #attempt: Attempt | undefined
  #candidate: Session | undefined
  #previous: Session | undefined
  #previousEnded: Deferred<void> | undefined
  #timer: Timer | undefined

  constructor(settings: ConnectionSettings, port: HandoverPort) {
    this.#settings = settings
    this.#port = port
  }

  get attempt(): Attempt | undefined {
    return this.#attempt
  }

  get candidate(): Session | undefined {
    return this.#candidate
  }

  get previous(): Session | undefined {
    return this.#previous
  }

  /** True until nothing but the current session is left. */
  get isBusy(): boolean {
    return this.#attempt !== undefined || this.#candidate !== undefined || this.#previous !== undefined
  }

  /** Starts an attempt, unless there is a candidate, or the last handover is still going on. */
  start(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (!this.isBusy) this.#attempt = this.#port.attemptCandidate()
  }

  /** Starts an attempt after this many milliseconds. */
  startIn(delay: number): void {
    this.#timer?.cancel()
    this.#timer = this.#settings.clock.setTimeout(() => this.start(), delay)
  }

  /** The attempt is over: as a session that opens, or as a failure. */
  onAttemptEnd(candidate?: Session): void {
    this.#attempt = undefined
    this.#candidate = candidate
  }

  /** Makes the candidate the successor of `old`; resolves when that one has had its `@OnClose`. */
  takeOver(old: Session): Promise<void> {
    this.#candidate = undefined
    this.#previous = old
    this.#previousEnded = deferred()
    void this.#retire(old)
    return this.#previousEnded.promise
  }

  async #retire(old: Session): Promise<void> {
    const { drainTimeout, closeTimeout } = this.#settings
    await old.ending.idle(drainTimeout)
    old.link.closing.close(CloseCode.NORMAL, 'replaced by a new connection', closeTimeout)
  }

  /** A session other than the current one has ended, `@OnClose` included. */
  onSessionEnd(session: Session): void {
    if (session === this.#candidate) this.#candidate = undefined
    if (session !== this.#previous) return
    this.#previous = undefined
    this.#previousEnded?.resolve()
  }

  /** Gives the candidate up, and starts none: the current session is lost, or the connection is closing. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#attempt?.abandon()
    if (!this.#candidate || this.#candidate.disconnect) return
    this.#candidate.lose({ initiator: 'local', stage: 'connect' })
    this.#candidate.link.closing.terminate()
  }
}
