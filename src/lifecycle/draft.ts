import type { CloseFrameKind, LifecycleEffect, TimerLength } from './effects.js'
import type { LinkEndEvent } from './events.js'
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
  TimerName,
} from './state.js'

/** Session that a step can change. */
export type DraftSession = { -readonly [Name in keyof SessionShape]: SessionShape[Name] } & {
  readonly link: LinkName
}

/** Flags that still matter in each phase. `enter` clears the others, so that states with the same future have the same key. */
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

/** Shape of a state while a step changes it. */
interface ShapeDraft {
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
}

/** Working copy of the state during a step, plus the effects emitted so far. It exists only during one call of `step`. */
export class Draft {
  readonly shape: ShapeDraft
  readonly #from: LifecycleState
  readonly #timers: Set<ConnectionTimer>
  readonly #started = new Map<TimerName, { readonly length: TimerLength; readonly moves: boolean }>()
  readonly #effects: LifecycleEffect[] = []
  #fired: TimerName | undefined
  #lastLink: LinkName

  constructor(from: LifecycleState) {
    const { shape, candidate, current, previous } = from
    this.shape = {
      ...shape,
      candidate: draftOf(shape.candidate, candidate),
      current: draftOf(shape.current, current),
      previous: draftOf(shape.previous, previous),
    }
    this.#from = from
    this.#timers = new Set(from.shape.timers)
    this.#lastLink = from.lastLink
  }

  get sessions(): readonly DraftSession[] {
    const { candidate, current, previous } = this.shape
    return [candidate, current, previous].filter((session) => session !== undefined)
  }

  find(link: LinkName): DraftSession | undefined {
    return this.sessions.find((session) => session.link === link)
  }

  emit(effect: LifecycleEffect): void {
    this.#effects.push(effect)
  }

  /** Changes the status and reports it. */
  turn(status: LifecycleStatus): void {
    this.shape.status = status
    this.emit({ type: 'state', status })
  }

  count(): void {
    this.shape.failure = true
    this.emit({ type: 'count' })
  }

  // --- sessions ---------------------------------------------------------------------------------------------------------

  /** Starts an attempt in the given role. */
  attempt(role: Role): void {
    this.#lastLink += 1
    const link = this.#lastLink
    this.shape[role] = {
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
    for (const role of ROLES) if (this.shape[role] === session) this.shape[role] = undefined
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

  /** Starts a timer. If it is already running, moves it, but never to a later time. */
  hasten(timer: ConnectionTimer, length: TimerLength): void {
    const moves = this.#timers.has(timer)
    this.#timers.add(timer)
    this.#started.set(timer, { length, moves })
  }

  stop(...timers: readonly ConnectionTimer[]): void {
    for (const timer of timers) this.#timers.delete(timer)
  }

  /**
   * Starts a session's timer. While the connection is closing, its deadline applies to all sessions instead. After `end()`, that is true
   * only for the current session: the previous session and a dropped candidate have their own timers.
   */
  startFor(session: DraftSession, timer: LinkTimer): void {
    const isBounded =
      this.shape.closing !== undefined && (this.shape.closing !== 'end' || session === this.shape.current)
    session.timer = isBounded ? undefined : timer
    if (!isBounded) this.#started.set(timerOf(timer, session.link), { length: LENGTHS[timer], moves: false })
  }

  /** Marks a timer as fired, so that it is neither running nor canceled. */
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

  /** Running timers, in the order in which the key lists them. */
  get #timersInOrder(): readonly ConnectionTimer[] {
    return this.#timers.size < 2
      ? [...this.#timers]
      : CONNECTION_TIMERS.filter((timer) => this.#timers.has(timer))
  }

  #state(): LifecycleState {
    const from = this.#from
    const shape = shapeOf({ ...this.shape, timers: this.#timersInOrder })
    const candidate = this.shape.candidate?.link
    const current = this.shape.current?.link
    const previous = this.shape.previous?.link
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

/**
 * Order of effects within one step: timers, the retry policy, attempts and links, `@OnOpen` and `@OnClose`, reports, the end. By the time
 * user code learns of a state, everything that belongs to it has been done.
 */
const RANKS = {
  cancel: 0,
  set: 1,
  count: 2,
  forgive: 2,
  attempt: 3,
  cutAttempt: 3,
  ready: 3,
  retire: 3,
  lose: 3,
  stopTaking: 3,
  drain: 3,
  discard: 3,
  onClosing: 3,
  lastWords: 3,
  closeFrame: 3,
  terminate: 3,
  onOpen: 4,
  onClose: 4,
  state: 5,
  onError: 5,
  resolveReady: 5,
  rejectReady: 5,
  abortConnection: 5,
  ended: 6,
} as const satisfies Record<LifecycleEffect['type'], number>

/** Returns the effects in the order in which they run. Effects of the same rank keep their order. */
function inOrder(effects: readonly LifecycleEffect[]): readonly LifecycleEffect[] {
  return effects.length < 2 ? effects : effects.toSorted((a, b) => RANKS[a.type] - RANKS[b.type])
}

// --- changes to a session ---------------------------------------------------------------------------------------------

/** Reports the loss of a link to everything that depends on it, once. */
export function lose(draft: Draft, session: DraftSession): void {
  if (session.lost) return
  session.lost = true
  draft.emit({ type: 'lose', link: session.link })
}

/** Terminates the socket; the link reports its end in a later turn. */
export function cut(draft: Draft, session: DraftSession): void {
  draft.emit({ type: 'terminate', link: session.link })
  draft.enter(session, 'cut')
}

/** Sends the close frame and starts to wait for the server's close frame. */
export function sendCloseFrame(draft: Draft, session: DraftSession, kind: CloseFrameKind): void {
  draft.emit({ type: 'closeFrame', link: session.link, kind })
  draft.enter(session, 'frame')
  draft.startFor(session, 'frame')
}

/** Drops a link that the connection no longer needs, with a close frame but without `@OnClosing`. */
export function drop(draft: Draft, session: DraftSession, kind: CloseFrameKind): void {
  sendCloseFrame(draft, session, kind)
  lose(draft, session)
}

/** Reports the loss of a link that has ended or whose heartbeat timed out, and handles its remaining messages. */
export function release(draft: Draft, session: DraftSession, event: LinkEndEvent): void {
  lose(draft, session)
  if (event.type === 'heartbeatDead') cut(draft, session)
  else {
    draft.emit({ type: 'drain', link: session.link, until: 'handlers' })
    draft.enter(session, 'gone')
    draft.startFor(session, 'drain')
  }
}
