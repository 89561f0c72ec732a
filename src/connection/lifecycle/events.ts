import { linkOfTimer, phaseOf, roleOf, timersOf } from './state.js'
import type { LifecycleState, LinkName, Phase, TimerName } from './state.js'

/** Fact of an event: a failure that it brings is retried. It is decided before the step if `asks` returns true, and is `false` otherwise. */
interface RetryFact {
  readonly retry: boolean
}

/** Fact of an event: the current link has been ready for `minUptime`. */
interface StableFact {
  readonly stable: boolean
}

interface LinkFact {
  readonly link: LinkName
}

export type LinkEndEvent = LinkFact &
  RetryFact &
  StableFact & {
    readonly type:
      | 'linkClosedByPeer' // with a close frame
      | 'linkLost' // without one
      | 'heartbeatDead' // not yet, but the heartbeat timed out
  }

export type OnOpenSettledEvent = LinkFact &
  RetryFact &
  StableFact & { readonly type: 'onOpenSettled'; readonly outcome: 'ok' | 'threw' }

export type TimerFiredEvent = RetryFact &
  StableFact & { readonly type: 'timerFired'; readonly timer: TimerName }

export type ReconnectEvent = StableFact & { readonly type: 'reconnect'; readonly overlap: boolean }

/** Everything that can happen to a connection: reports of attempts, links, handlers and timers, and calls of the user. */
export type LifecycleEvent =
  | (LinkFact & { readonly type: 'attemptOpened' })
  | (LinkFact & RetryFact & { readonly type: 'attemptFailed' })
  | OnOpenSettledEvent
  | LinkEndEvent
  /** The latest `drain` of this link is complete. */
  | (LinkFact & { readonly type: 'drained' })
  /** `@OnClosing` has settled, and what it sent is flushed. */
  | (LinkFact & { readonly type: 'onClosingSettled' })
  | (LinkFact & { readonly type: 'onCloseSettled' })
  | TimerFiredEvent
  | ReconnectEvent
  | { readonly type: 'close' | 'terminate' | 'end' | 'signalAborted' }

/** Name of the error that a refused call throws. */
export type Refusal = 'NotConnectedError' | 'ConnectionClosedError'

/** Returns the error for a call that the connection refuses. The status alone decides. */
export function refusalOf({ shape }: LifecycleState, { type }: LifecycleEvent): Refusal | undefined {
  if (type !== 'reconnect' && type !== 'end') return undefined
  if (shape.status === 'closing' || shape.status === 'closed') return 'ConnectionClosedError'
  return type === 'end' && shape.status !== 'open' ? 'NotConnectedError' : undefined
}

/** An event that a link, its attempt or its handlers report. */
export type LinkEvent = Extract<LifecycleEvent, LinkFact>

const IN_USE = ['opening', 'ready', 'lingering', 'draining', 'goodbye', 'farewell'] as const

/** Phases in which an event of a link does something. `onOpenSettled` depends on the flag `running` instead. */
const PHASES: Readonly<Record<Exclude<LinkEvent['type'], 'onOpenSettled'>, ReadonlySet<Phase>>> = {
  attemptOpened: new Set(['dialling']),
  attemptFailed: new Set(['dialling']),
  linkClosedByPeer: new Set([...IN_USE, 'frame', 'cut']),
  linkLost: new Set([...IN_USE, 'frame', 'cut']),
  heartbeatDead: new Set(IN_USE),
  drained: new Set(['lingering', 'draining', 'gone']),
  onClosingSettled: new Set(['goodbye']),
  onCloseSettled: new Set(['parting']),
}

/** Returns whether an event is too late: its session has ended or is in another phase, or its timer does not run. */
export function isLate(state: LifecycleState, event: LifecycleEvent): boolean {
  if (state.shape.status === 'closed') return true
  if (event.type === 'timerFired') return !timersOf(state).includes(event.timer)
  if (!('link' in event)) return false
  const role = roleOf(state, event.link)
  const session = role && state.shape[role]
  if (!session) return true
  return event.type === 'onOpenSettled' ? !session.running : !PHASES[event.type].has(session.phase)
}

/**
 * Returns whether the fact `retry` of an event matters in a state. Only then may `shouldReconnect` and `delays` be called. It does not
 * matter while closing, after our own close frame, for the current link while a candidate opens, and for the previous link.
 */
export function asks(state: LifecycleState, event: LifecycleEvent): boolean {
  switch (event.type) {
    case 'attemptFailed':
      return phaseOf(state, event.link) === 'dialling'
    case 'onOpenSettled':
      return event.outcome === 'threw' && phaseOf(state, event.link) === 'opening'
    case 'timerFired': {
      const link = linkOfTimer(state, event.timer)
      return link !== undefined && phaseOf(state, link) === 'opening'
    }
    case 'linkClosedByPeer':
    case 'linkLost':
    case 'heartbeatDead':
      return asksForEnd(state, event.link)
    default:
      return false
  }
}

function asksForEnd(state: LifecycleState, link: LinkName): boolean {
  const phase = phaseOf(state, link)
  if (phase !== 'opening' && phase !== 'ready') return false
  return roleOf(state, link) === 'candidate' || state.candidate === undefined
}

/**
 * Returns whether an event that `asks` is true for resets the counts before it counts as a failure itself, because its link has held
 * for `minUptime`. The retry decision is then the one for a first failure.
 */
export function resetsCounts(state: LifecycleState, event: LifecycleEvent): boolean {
  const { current } = state.shape
  return (
    'stable' in event &&
    event.stable &&
    'link' in event &&
    event.link === state.current &&
    current?.phase === 'ready' &&
    !current.forgiven &&
    asks(state, event)
  )
}
