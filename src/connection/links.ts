import type { Link } from '../link/link.js'
import { Session } from '../session/session.js'
import { Attempt } from '../attempt/attempt.js'
import { roleOf } from '../lifecycle/state.js'
import type { LifecycleState, LinkName } from '../lifecycle/state.js'

/** Provides the state of the lifecycle. */
export interface StateSource {
  readonly state: LifecycleState
}

/** A connection's attempts and sessions, by the names that the lifecycle gives them. There are at most two. */
export class Links {
  readonly #lifecycle: StateSource
  #first: Attempt | Session | undefined
  #second: Attempt | Session | undefined
  #url: string | undefined
  #lastSeen: number | undefined
  /** Time at which the last ready link was lost or, if none has been ready yet, the first link. */
  #lostAt: number | undefined

  constructor(lifecycle: StateSource) {
    this.#lifecycle = lifecycle
  }

  find(name: LinkName | undefined): Attempt | Session | undefined {
    if (this.#first?.name === name) return this.#first
    return this.#second?.name === name ? this.#second : undefined
  }

  /** Returns the session with this name if its link has opened. */
  session(name: LinkName | undefined): Session | undefined {
    const found = this.find(name)
    return found instanceof Session ? found : undefined
  }

  /** Adds an attempt, or the session that replaces it. */
  add(part: Attempt | Session): void {
    this.prune()
    const attempt = this.find(part.name)
    if (attempt) this.#remove(attempt)
    if (this.#first) this.#second = part
    else this.#first = part
  }

  /** Removes the attempts and sessions that have ended. */
  prune(): void {
    const { state } = this.#lifecycle
    for (const part of [this.#second, this.#first]) {
      if (part && roleOf(state, part.name) === undefined) this.#remove(part)
    }
  }

  #remove(part: Attempt | Session): void {
    if (part instanceof Session) this.#lastSeen = part.link.lastSeen
    else this.#url = part.dialing.url
    if (this.#second === part) this.#second = undefined
    if (this.#first !== part) return
    this.#first = this.#second
    this.#second = undefined
  }

  /** Called when the current link is lost. A link that was never ready does not end a downtime. */
  onLost(now: number, { readyAt }: Session): void {
    if (readyAt !== undefined || this.#lostAt === undefined) this.#lostAt = now
  }

  /** Returns the time since the last link was lost, in milliseconds; 0 before the first link, and while there is a link. */
  downtime(now: number): number {
    return this.#lostAt === undefined || this.current?.isLive ? 0 : now - this.#lostAt
  }

  get current(): Session | undefined {
    return this.session(this.#lifecycle.state.current)
  }

  /** Sessions whose links are open. */
  get openSessions(): Session[] {
    return [this.#first, this.#second].filter((part) => part instanceof Session).filter(({ loss }) => !loss)
  }

  /** Session whose link is open: inside `@OnOpen`, the caller's session; otherwise, the current one. */
  get openSession(): Session | undefined {
    const session = this.callersSession ?? this.current
    return session?.isLive ? session : undefined
  }

  get callersLink(): Link | undefined {
    return this.openSession?.link
  }

  /** Session that calls use: inside `@OnOpen`, the caller's session; otherwise, the serving session, if there is one. */
  get callersSession(): Session | undefined {
    if (isOpeningOf(this.#first)) return this.#first
    if (isOpeningOf(this.#second)) return this.#second
    return this.servingSession
  }

  /** True while there are two links, or a link and an attempt. */
  get isHandover(): boolean {
    return this.#second !== undefined
  }

  /** Session that is ready and has been neither lost nor replaced. */
  get servingSession(): Session | undefined {
    const { current } = this
    return current?.isReady ? current : undefined
  }

  /** True if the caller is part of an `@OnClosing`. */
  get isCallerLeaving(): boolean {
    return [this.#first, this.#second].some((part) => part instanceof Session && part.isGoodbyeOfCaller)
  }

  /** Full URL of the latest attempt. */
  get url(): string | undefined {
    const attempts = [this.#second, this.#first].filter((part) => part instanceof Attempt)
    return attempts[0]?.dialing.url ?? this.#url
  }

  /** Monotonic time at which the last frame arrived. */
  get lastSeen(): number | undefined {
    return this.current?.link.lastSeen ?? this.#lastSeen
  }
}

function isOpeningOf(part: Attempt | Session | undefined): part is Session {
  return part instanceof Session && part.isCaller
}
