import { withTimes } from '../link/heartbeat.js'
import type { HeartbeatTimes } from '../link/heartbeat.js'
import type { Link } from '../link/link.js'
import type { Session } from '../session/session.js'
import type { Attempt } from './attempt.js'
import { Handover } from './handover.js'
import type { HandoverPort } from './handover.js'
import type { ConnectionSettings } from './settings.js'

/** The attempt and the sessions that a connection has at a time: a current one, and those of a handover. */
export class Links {
  #settings: ConnectionSettings
  readonly #port: HandoverPort
  #attempt: Attempt | undefined
  #current: Session | undefined
  /** perf: saves 80 B per idle connection. */
  #handover: Handover | undefined
  #url: string | undefined
  #lastSeen: number | undefined

  constructor(settings: ConnectionSettings, port: HandoverPort) {
    this.#settings = settings
    this.#port = port
  }

  /** Settings of the next attempt and session. */
  get settings(): ConnectionSettings {
    return this.#settings
  }

  /** The attempt of the current session that is to be. */
  get attempt(): Attempt | undefined {
    return this.#attempt
  }

  get current(): Session | undefined {
    return this.#current
  }

  get handover(): Handover {
    return (this.#handover ??= new Handover(this.#settings, this.#port))
  }

  /** The handover, if there has been one. */
  get handoverIfAny(): Handover | undefined {
    return this.#handover
  }

  /** All sessions that there are. */
  get sessions(): readonly Session[] {
    const { candidate, previous } = this.#handover ?? {}
    return [this.#current, candidate, previous].filter((each) => each !== undefined)
  }

  /** True if nothing is left that has to be waited for. */
  get isEmpty(): boolean {
    return !this.#attempt && !this.#current && !this.#handover?.isBusy
  }

  /** The true url of the latest attempt. */
  get url(): string | undefined {
    return this.#attempt?.url ?? this.#url
  }

  /** The last measured round trip of the current link, in milliseconds. */
  get latency(): number | undefined {
    return this.link?.heartbeat.latency
  }

  /** When the last frame arrived, by the monotonic clock. */
  get lastSeen(): number | undefined {
    return this.#current?.link.heartbeat.lastSeen ?? this.#lastSeen
  }

  /** The link that is open. */
  get link(): Link | undefined {
    return this.#current?.disconnect ? undefined : this.#current?.link
  }

  /** The link over which the caller may send now; `undefined` while that has to wait. */
  openLink(): Link | undefined {
    return this.#handover?.candidate?.openLink ?? this.#current?.openLink
  }

  /** Somebody begins or ends to wait for a message. */
  updateReading(): void {
    for (const { link } of this.sessions) link.updateReading()
  }

  /** Changes the heartbeat of the open link, and of those that follow. */
  configureHeartbeat(times: HeartbeatTimes): void {
    const heartbeat = withTimes(this.#settings.heartbeat, times)
    this.#settings = { ...this.#settings, heartbeat }
    this.link?.heartbeat.configure(heartbeat)
  }

  onAttempt(attempt: Attempt): void {
    this.#attempt = attempt
  }

  /** An attempt is over: as a session that opens, or as a failure. */
  onAttemptEnd(attempt: Attempt, session?: Session): void {
    this.#url = attempt.url
    if (attempt === this.#handover?.attempt) this.#handover.onAttemptEnd(session)
    else {
      this.#attempt = undefined
      if (session) this.#current = session
    }
  }

  /** A candidate has replaced the current session. */
  onReplaced(candidate: Session): void {
    this.#current = candidate
  }

  /** A session has ended, `@OnClose` included. */
  onSessionEnd(session: Session): void {
    if (session === this.#current) {
      this.#lastSeen = session.link.heartbeat.lastSeen
      this.#current = undefined
    }
    this.#handover?.onSessionEnd(session)
  }
}
