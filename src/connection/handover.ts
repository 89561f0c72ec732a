import type { Timer } from '../core/clock.js'
import type { ConnectionSettings } from './settings.js'
import { CloseCode } from '../link/close-code.js'
import { deferred } from '../core/deferred.js'
import type { Deferred } from '../core/deferred.js'
import type { Session } from '../session/session.js'

/** What an overlap asks of its machine. */
export interface HandoverPort {
  /** Begins an session beside the current one, and connects it. */
  openCandidate(): Session
}

/**
 * Make before break: a second session, the candidate, is opened while the current one lives, and takes its place once it is ready.
 *
 *   start() ──▶ candidate ── its @OnOpen has settled: takeOver() ──▶ current; the old one is drained and closed, and then the new
 *                 │                                             one's messages are handled
 *                 └── it fails: the current one stays, and there may be another try after a delay
 */
export class Handover {
  readonly #settings: ConnectionSettings
  readonly #port: HandoverPort
  #candidate: Session | undefined
  #previous: Session | undefined
  #previousEnded: Deferred<void> | undefined
  #timer: Timer | undefined

  constructor(settings: ConnectionSettings, port: HandoverPort) {
    this.#settings = settings
    this.#port = port
  }

  get candidate(): Session | undefined {
    return this.#candidate
  }

  get previous(): Session | undefined {
    return this.#previous
  }

  /** True until nothing but the current session is left. */
  get isBusy(): boolean {
    return this.#candidate !== undefined || this.#previous !== undefined
  }

  /** Begins a candidate, unless there is one, or the last one is still being handed over to. */
  start(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (!this.isBusy) this.#candidate = this.#port.openCandidate()
  }

  /** Begins a candidate after so many milliseconds. */
  startIn(delay: number): void {
    this.#timer?.cancel()
    this.#timer = this.#settings.clock.setTimeout(() => this.start(), delay)
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
    await old.idle(drainTimeout)
    old.link.close(CloseCode.NORMAL, 'replaced by a new connection', closeTimeout)
  }

  /** Notes that an session other than the current one has ended, `@OnClose` included. */
  onSessionEnd(session: Session): void {
    if (session === this.#candidate) this.#candidate = undefined
    if (session !== this.#previous) return
    this.#previous = undefined
    this.#previousEnded?.resolve()
  }

  /** Gives the candidate up, and begins none: the current session is lost, or the connection is closing. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (!this.#candidate || this.#candidate.disconnect) return
    this.#candidate.disconnect = { initiator: 'local', stage: 'connect' }
    this.#candidate.link.terminate()
  }
}

/** All episodes that there are. */
export function allSessions(current: Session | undefined, overlap: Handover | undefined): Session[] {
  return [current, overlap?.candidate, overlap?.previous].filter((each) => each !== undefined)
}
