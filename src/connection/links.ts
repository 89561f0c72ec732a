import type { Link } from '../link/link.js'
import { Session } from '../session/session.js'
import { Attempt } from './attempt.js'
import { roleOf } from '../lifecycle/state.js'
import type { LifecycleState, LinkName } from '../lifecycle/state.js'

/** Knows the state of the lifecycle. */
export interface StateSource {
  readonly state: LifecycleState
}

/** The attempts and sessions of a connection, by the names that its lifecycle gives them. There are never more than two. */
export class Links {
  readonly #lifecycle: StateSource
  #first: Attempt | Session | undefined
  #second: Attempt | Session | undefined
  #url: string | undefined
  #lastSeen: number | undefined
  /** When the connection lost the last link that served it; before there was one, the last that was to. */
  #lostAt: number | undefined

  constructor(lifecycle: StateSource) {
    this.#lifecycle = lifecycle
  }

  find(name: LinkName | undefined): Attempt | Session | undefined {
    if (this.#first?.name === name) return this.#first
    return this.#second?.name === name ? this.#second : undefined
  }

  /** Returns the session of this name, if its link has opened. */
  session(name: LinkName | undefined): Session | undefined {
    const found = this.find(name)
    return found instanceof Session ? found : undefined
  }

  /** Adds an attempt, or the session that it has become. */
  add(part: Attempt | Session): void {
    this.prune()
    const attempt = this.find(part.name)
    if (attempt) this.#remove(attempt)
    if (this.#first) this.#second = part
    else this.#first = part
  }

  /** Forgets the attempts and sessions that are over. */
  prune(): void {
    const { state } = this.#lifecycle
    for (const part of [this.#second, this.#first]) {
      if (part && roleOf(state, part.name) === undefined) this.#remove(part)
    }
  }

  #remove(part: Attempt | Session): void {
    if (part instanceof Session) this.#lastSeen = part.link.lastSeen
    else this.#url = part.url
    if (this.#second === part) this.#second = undefined
    if (this.#first !== part) return
    this.#first = this.#second
    this.#second = undefined
  }

  /** The current link is lost. One whose `@OnOpen` had not settled well ends no downtime. */
  onLost(now: number, { readyAt }: Session): void {
    if (readyAt !== undefined || this.#lostAt === undefined) this.#lostAt = now
  }

  /** Returns how long there has been no link: 0 before the first, and while there is one. */
  downtime(now: number): number {
    return this.#lostAt === undefined || this.current?.isLive ? 0 : now - this.#lostAt
  }

  get current(): Session | undefined {
    return this.session(this.#lifecycle.state.current)
  }

  /** The session whose link is open: the caller's own inside `@OnOpen`, the current one everywhere else. */
  get openSession(): Session | undefined {
    const session = this.callersSession ?? this.current
    return session?.isLive ? session : undefined
  }

  get callersLink(): Link | undefined {
    return this.openSession?.link
  }

  /** The session that the caller means: inside `@OnOpen`, the one that opens; everywhere else the one that serves, if there is one. */
  get callersSession(): Session | undefined {
    if (isOpeningOf(this.#first)) return this.#first
    if (isOpeningOf(this.#second)) return this.#second
    return this.servingSession
  }

  /** True while there are two links, or one and an attempt. */
  get isHandover(): boolean {
    return this.#second !== undefined
  }

  /** The session that serves: it is ready, and neither lost nor replaced. */
  get servingSession(): Session | undefined {
    const { current } = this
    return current?.isReady ? current : undefined
  }

  /** True if the caller is part of an `@OnClosing`. */
  get isCallerLeaving(): boolean {
    return [this.#first, this.#second].some((part) => part instanceof Session && part.isGoodbyeOfCaller)
  }

  /** The true url of the latest attempt. */
  get url(): string | undefined {
    const attempts = [this.#second, this.#first].filter((part) => part instanceof Attempt)
    return attempts[0]?.url ?? this.#url
  }

  /** When the last frame arrived, by the monotonic clock. */
  get lastSeen(): number | undefined {
    return this.current?.link.lastSeen ?? this.#lastSeen
  }
}

function isOpeningOf(part: Attempt | Session | undefined): part is Session {
  return part instanceof Session && part.isCaller
}
