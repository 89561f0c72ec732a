/** Identifies a link. Names count up and are never reused, so a late event finds no session and changes nothing. */
export type LinkName = number

/** Status of a connection. `opening` means that the socket is open and `@OnOpen` runs. */
export type LifecycleStatus = 'connecting' | 'opening' | 'open' | 'waiting' | 'closing' | 'closed'

/** Cause of `closing`: a call from user code, or a loss after which Holdfast does not reconnect (`lost`). */
export type ClosingCause = 'close' | 'end' | 'terminate' | 'lost'

/**
 * Phase of a session.
 *
 * ```text
 *   dialling → opening → ready ─┬ replaced: lingering ─┬→ goodbye → frame ─┐
 *                               ├ close():  draining ──┘                   ├→ gone → parting → (no more)
 *                               ├ end():    goodbye → farewell ────────────┤
 *                               └ lost ────────────────── or: cut ─────────┘
 * ```
 */
export type Phase =
  /** The attempt is running: option functions, then the connect. */
  | 'dialling'
  /** `@OnOpen` is running. */
  | 'opening'
  /** The session is in use. */
  | 'ready'
  /** Replaced in a handover: handlers finish and requests receive their replies, but no new requests are accepted. */
  | 'lingering'
  /** Closing: handlers finish, but no new messages are accepted. */
  | 'draining'
  /** `@OnClosing` is running, or the messages it sent are being flushed. */
  | 'goodbye'
  /** After `end()`: the last message has been sent, and inbound messages are handled until the server closes. */
  | 'farewell'
  /** Our close frame has been sent. */
  | 'frame'
  /** The socket was terminated; the link reports its end in a later turn. */
  | 'cut'
  /** The socket has ended; queued messages are still being handled. */
  | 'gone'
  /** `@OnClose` is running. */
  | 'parting'

/** Role of a session in its connection. The previous session shuts down while the current one is in use. */
export type Role = 'candidate' | 'current' | 'previous'

export const ROLES: readonly Role[] = ['candidate', 'current', 'previous']

/** Timer of a link. A session has at most one of them at a time. */
export type LinkTimer = 'open' | 'drain' | 'frame' | 'part'

export type ConnectionTimer = 'delay' | 'maxAge' | 'handover' | 'half' | 'cut' | 'end' | 'lastWords'

export type TimerName = ConnectionTimer | `${LinkTimer}:${LinkName}`

/** Session without the name of its link, shared by all links in the same situation. Flags that no longer matter are false. */
export interface SessionShape {
  readonly phase: Phase
  /** `@OnOpen` has started but not completed. */
  readonly running: boolean
  /** `@OnOpen` has resolved. */
  readonly good: boolean
  /** The loss has been reported to everything that depends on the link. */
  readonly lost: boolean
  /** `@OnClosing` has been called. */
  readonly byes: boolean
  /** The message passed to `end()` is still unsent. */
  readonly words: boolean
  /** The failure counts have been reset, because this link was ready for `minUptime`. */
  readonly forgiven: boolean
  readonly timer: LinkTimer | undefined
}

/**
 * Everything that determines the behavior of a connection, except the names of its links. Connections with the same key share one object.
 */
export interface LifecycleShape {
  readonly key: string
  readonly status: LifecycleStatus
  /** State of the promise that `bootstrap` awaits. `resolved` means success. */
  readonly ready: 'pending' | 'resolved' | 'rejected'
  /** At least one failure has been counted. */
  readonly failure: boolean
  /** A handover starts as soon as the previous session has ended. */
  readonly wish: boolean
  /** The `maxAge` option is set. */
  readonly ages: boolean
  /** Set when `closing` starts. */
  readonly closing: ClosingCause | undefined
  /** The connection ends with an error. */
  readonly isError: boolean
  readonly candidate: SessionShape | undefined
  readonly current: SessionShape | undefined
  readonly previous: SessionShape | undefined
  /** Running timers of the connection, in the order of `CONNECTION_TIMERS`. */
  readonly timers: readonly ConnectionTimer[]
}

/** State of a connection: a shared shape and the names of its links. Immutable. */
export interface LifecycleState {
  readonly shape: LifecycleShape
  readonly candidate: LinkName | undefined
  readonly current: LinkName | undefined
  readonly previous: LinkName | undefined
  /** Name of the newest link. */
  readonly lastLink: LinkName
}

export const CONNECTION_TIMERS: readonly ConnectionTimer[] = [
  'delay',
  'maxAge',
  'handover',
  'lastWords',
  'half',
  'cut',
  'end',
]

/** Returns the key. Two states with the same key respond to every event in the same way, except for the names of links. */
export function keyOf(state: LifecycleState): string {
  return state.shape.key
}

/** Returns the role of a link, or `undefined` if its session has ended. */
export function roleOf(state: LifecycleState, link: LinkName): Role | undefined {
  return ROLES.find((role) => state[role] === link)
}

/** Returns the phase of a link's session, or `undefined` if it has ended. */
export function phaseOf(state: LifecycleState, link: LinkName): Phase | undefined {
  const role = roleOf(state, link)
  return role && state.shape[role]?.phase
}

/** Returns the link whose timer this is, or `undefined` if the timer belongs to the connection or is not running. */
export function linkOfTimer(state: LifecycleState, timer: TimerName): LinkName | undefined {
  const role = ROLES.find((each) => {
    const link = state[each]
    const kind = state.shape[each]?.timer
    return link !== undefined && kind !== undefined && timerOf(kind, link) === timer
  })
  return role && state[role]
}

export function timerOf(kind: LinkTimer, link: LinkName): TimerName {
  return `${kind}:${link}`
}

/** Returns the names of all running timers. */
export function timersOf(state: LifecycleState): readonly TimerName[] {
  const names: TimerName[] = [...state.shape.timers]
  for (const role of ROLES) {
    const link = state[role]
    const kind = state.shape[role]?.timer
    if (link !== undefined && kind !== undefined) names.push(timerOf(kind, link))
  }
  return names
}

/** Phases in which the link has a socket that has not ended. */
const WITH_SOCKET: ReadonlySet<Phase> = new Set([
  'opening',
  'ready',
  'lingering',
  'draining',
  'goodbye',
  'farewell',
  'frame',
  'cut',
])

export function hasSocket(phase: Phase): boolean {
  return WITH_SOCKET.has(phase)
}

// The number of shapes is bounded: the exploration in the tests counts every reachable key. An idle connection therefore needs only one
// small LifecycleState.
const shapes = new Map<string, LifecycleShape>()
const sessionShapes = new Map<string, SessionShape>()

/** All parts of a shape except its key. */
export type ShapeParts = Omit<LifecycleShape, 'key'>

/** Returns the shared shape with these contents. */
export function shapeOf(parts: ShapeParts): LifecycleShape {
  const { status, ready, failure, wish, ages, closing, isError, candidate, current, previous, timers } = parts
  const candidateKey = candidate ? sessionKey(candidate) : ''
  const currentKey = current ? sessionKey(current) : ''
  const previousKey = previous ? sessionKey(previous) : ''
  const flags = CONNECTION_FLAGS[bits(failure, wish, ages, isError)] ?? ''
  const head = `${status} ${ready} ${closing ?? '-'}${flags}`
  const key = `${head} [${candidateKey}|${currentKey}|${previousKey}] ${timers.join('+')}`
  const known = shapes.get(key)
  if (known) return known
  const shape: LifecycleShape = Object.freeze({
    key,
    status,
    ready,
    failure,
    wish,
    ages,
    closing,
    isError,
    candidate: candidate && sessionShapeOf(candidateKey, candidate),
    current: current && sessionShapeOf(currentKey, current),
    previous: previous && sessionShapeOf(previousKey, previous),
    timers: Object.freeze([...timers]),
  })
  shapes.set(key, shape)
  return shape
}

function sessionShapeOf(key: string, session: SessionShape): SessionShape {
  const known = sessionShapes.get(key)
  if (known) return known
  const { phase, running, good, lost, byes, words, forgiven, timer } = session
  const shape = Object.freeze({ phase, running, good, lost, byes, words, forgiven, timer })
  sessionShapes.set(key, shape)
  return shape
}

const CONNECTION_FLAGS = flagTexts('failure', 'wish', 'ages', 'error')
const SESSION_FLAGS = flagTexts('running', 'good', 'lost', 'byes', 'words', 'forgiven')

function sessionKey({ phase, running, good, lost, byes, words, forgiven, timer }: SessionShape): string {
  const flags = SESSION_FLAGS[bits(running, good, lost, byes, words, forgiven)] ?? ''
  return timer ? `${phase}${flags}@${timer}` : `${phase}${flags}`
}

/** Returns the text for every combination of flags, indexed by bitmask. */
function flagTexts(...names: readonly string[]): readonly string[] {
  return Array.from({ length: 2 ** names.length }, (_, combination) =>
    names.map((name, place) => (combination & (1 << place) ? `+${name}` : '')).join(''),
  )
}

function bits(a: boolean, b: boolean, c: boolean, d: boolean, e = false, f = false): number {
  return (
    Number(a) | (Number(b) << 1) | (Number(c) << 2) | (Number(d) << 3) | (Number(e) << 4) | (Number(f) << 5)
  )
}
