import { inOrder } from './effects.js'
import type { LifecycleEffect, TimerLength } from './effects.js'
import { CONNECTION_TIMERS, ROLES, shapeOf, timerOf, timersOf } from './state.js'
import type {
  ClosingCause,
  ConnectionTimer,
  LifecycleShape,
  LifecycleState,
  LifecycleStatus,
  LinkName,
  LinkTimer,
  Phase,
  Role,
  SessionShape,
  ShapeParts,
  TimerName,
} from './state.js'

/** A session that the step may change. */
export type DraftSession = { -readonly [Name in keyof SessionShape]: SessionShape[Name] } & {
  readonly link: LinkName
}

/** Flags that still steer in a phase; `enter` lowers the others, so that situations with one future have one key. */
const STEERING: Readonly<Record<Phase, readonly ('running' | 'good' | 'lost' | 'byes' | 'words')[]>> = {
  dialling: [],
  opening: ['running'],
  ready: ['good'],
  lingering: ['good'],
  draining: ['running', 'good', 'byes'],
  goodbye: ['good', 'byes', 'words'],
  farewell: ['good', 'byes'],
  frame: ['running', 'lost'],
  cut: ['running', 'lost'],
  gone: ['running', 'lost'],
  parting: ['running', 'lost'],
}

/** The state while a step changes it, and the effects so far. It exists within one call of `step`. */
export class Draft implements ShapeParts {
  status: LifecycleStatus
  ready: LifecycleShape['ready']
  failure: boolean
  wish: boolean
  ages: boolean
  closing: ClosingCause | undefined
  isError: boolean
  candidate: DraftSession | undefined
  current: DraftSession | undefined
  previous: DraftSession | undefined
  readonly #from: LifecycleState
  readonly #timers: Set<ConnectionTimer>
  readonly #started = new Map<TimerName, { readonly length: TimerLength; readonly moves: boolean }>()
  readonly #effects: LifecycleEffect[] = []
  #fired: TimerName | undefined
  #lastLink: LinkName

  constructor(from: LifecycleState) {
    const { shape } = from
    this.#from = from
    this.status = shape.status
    this.ready = shape.ready
    this.failure = shape.failure
    this.wish = shape.wish
    this.ages = shape.ages
    this.closing = shape.closing
    this.isError = shape.isError
    this.candidate = draftOf(shape.candidate, from.candidate)
    this.current = draftOf(shape.current, from.current)
    this.previous = draftOf(shape.previous, from.previous)
    this.#timers = new Set(shape.timers)
    this.#lastLink = from.lastLink
  }

  emit(effect: LifecycleEffect): void {
    this.#effects.push(effect)
  }

  /** Changes the status and reports it. */
  turn(status: LifecycleStatus): void {
    this.status = status
    this.emit({ type: 'state', status })
  }

  count(): void {
    this.failure = true
    this.emit({ type: 'count' })
  }

  // --- sessions ---------------------------------------------------------------------------------------------------------

  get sessions(): readonly DraftSession[] {
    return [this.candidate, this.current, this.previous].filter((session) => session !== undefined)
  }

  find(link: LinkName): DraftSession | undefined {
    return this.sessions.find((session) => session.link === link)
  }

  /** Starts an attempt in the given role. */
  attempt(role: Role): void {
    this.#lastLink += 1
    const link = this.#lastLink
    this[role] = {
      link,
      phase: 'dialling',
      running: false,
      good: false,
      lost: false,
      byes: false,
      words: false,
      forgiven: false,
      timer: undefined,
    }
    this.emit({ type: 'attempt', link })
  }

  remove(session: DraftSession): void {
    for (const role of ROLES) if (this[role] === session) this[role] = undefined
  }

  /** Changes the phase of a session. Its timer ends with the old phase, unless `timer` keeps it. */
  enter(session: DraftSession, phase: Phase, timer?: LinkTimer): void {
    const steering = STEERING[phase]
    session.phase = phase
    session.running &&= steering.includes('running')
    session.good &&= steering.includes('good')
    session.lost &&= steering.includes('lost')
    session.byes &&= steering.includes('byes')
    session.words &&= steering.includes('words')
    session.forgiven &&= phase === 'ready'
    session.timer = timer
  }

  // --- timers -----------------------------------------------------------------------------------------------------------

  isRunning(timer: ConnectionTimer): boolean {
    return this.#timers.has(timer)
  }

  start(timer: ConnectionTimer, length: TimerLength): void {
    this.#timers.add(timer)
    this.#started.set(timer, { length, moves: false })
  }

  /** Starts a timer, or moves it if it is running: never to a later time. */
  hasten(timer: ConnectionTimer, length: TimerLength): void {
    const moves = this.#timers.has(timer)
    this.#timers.add(timer)
    this.#started.set(timer, { length, moves })
  }

  stop(...timers: readonly ConnectionTimer[]): void {
    for (const timer of timers) this.#timers.delete(timer)
  }

  /**
   * Starts the timer of a session. While closing, the deadline of the connection bounds all sessions instead. After `end()` that
   * holds for the current session only: the previous one, and a candidate that was dropped, leave on their own.
   */
  startFor(session: DraftSession, timer: LinkTimer): void {
    const isBounded = this.closing !== undefined && (this.closing !== 'end' || session === this.current)
    session.timer = isBounded ? undefined : timer
    if (!isBounded) this.#started.set(timerOf(timer, session.link), { length: LENGTHS[timer], moves: false })
  }

  /** Marks a timer as fired: it is neither running nor to be canceled. */
  fire(timer: TimerName): void {
    this.#fired = timer
    this.#timers.delete(timer as ConnectionTimer)
    for (const session of this.sessions) {
      if (session.timer && timerOf(session.timer, session.link) === timer) session.timer = undefined
    }
  }

  // --- the result -------------------------------------------------------------------------------------------------------

  finish(): { readonly state: LifecycleState; readonly effects: readonly LifecycleEffect[] } {
    const state = this.#state()
    this.#changeTimers(state)
    return { state, effects: inOrder(this.#effects) }
  }

  /** Running timers, in the order of the key. */
  get timers(): readonly ConnectionTimer[] {
    return this.#timers.size < 2
      ? [...this.#timers]
      : CONNECTION_TIMERS.filter((timer) => this.#timers.has(timer))
  }

  #state(): LifecycleState {
    const from = this.#from
    const shape = shapeOf(this)
    const candidate = this.candidate?.link
    const current = this.current?.link
    const previous = this.previous?.link
    const lastLink = this.#lastLink
    const isSame =
      shape === from.shape &&
      candidate === from.candidate &&
      current === from.current &&
      previous === from.previous &&
      lastLink === from.lastLink
    return isSame ? from : { shape, candidate, current, previous, lastLink }
  }

  #changeTimers(state: LifecycleState): void {
    const running = new Set(timersOf(state))
    for (const timer of timersOf(this.#from)) {
      if (timer === this.#fired) continue
      if (!running.has(timer) || this.#started.get(timer)?.moves === false)
        this.emit({ type: 'cancel', timer })
    }
    for (const [timer, { length, moves }] of this.#started) {
      if (running.has(timer)) this.emit({ type: 'set', timer, length, moves })
    }
  }
}

const LENGTHS: Readonly<Record<LinkTimer, TimerLength>> = {
  open: 'onOpenTimeout',
  drain: 'drainTimeout',
  frame: 'closeTimeout',
  part: 'drainTimeout',
}

function draftOf(shape: SessionShape | undefined, link: LinkName | undefined): DraftSession | undefined {
  return shape && link !== undefined ? { ...shape, link } : undefined
}
