import { close, deadlineFires, end, finish, terminate } from './closing.js'
import {
  attemptFails,
  becomeReady,
  candidateEnds,
  candidateFails,
  candidateOpenFails,
  currentEnds,
  openFails,
  opened,
  reconnect,
  takeOver,
  wantHandover,
} from './current.js'
import { Draft } from './draft.js'
import type { DraftSession } from './draft.js'
import type { LifecycleEffect } from './effects.js'
import type {
  LifecycleEvent,
  LinkEvent,
  LinkEndEvent,
  OnOpenSettledEvent,
  Refusal,
  TimerFiredEvent,
} from './events.js'
import { drained, goodbyeSaid, leaverEnds, leaverTimesOut } from './closing.js'
import { linkOfTimer, phaseOf, roleOf, shapeOf, timersOf } from './state.js'
import type { LifecycleState, LinkName, Phase } from './state.js'

/** Result of a step: the next state, and the effects that the driver carries out, in order. */
export interface LifecycleStep {
  readonly state: LifecycleState
  readonly effects: readonly LifecycleEffect[]
  /** Set if the connection refuses the call. The state is then unchanged, and there are no effects. */
  readonly refused?: Refusal | undefined
}

const NO_EFFECTS: readonly LifecycleEffect[] = []

/** Returns the initial state, in which link 1 connects, and the effect that starts its attempt. */
export function start({ maxAge }: { readonly maxAge: boolean }): LifecycleStep {
  const shape = shapeOf({
    status: 'connecting',
    ready: 'pending',
    failure: false,
    wish: false,
    ages: maxAge,
    closing: undefined,
    isError: false,
    candidate: undefined,
    current: undefined,
    previous: undefined,
    timers: [],
  })
  const draft = new Draft({
    shape,
    candidate: undefined,
    current: undefined,
    previous: undefined,
    lastLink: 0,
  })
  draft.attempt('current')
  return draft.finish()
}

/**
 * Returns the next state of a connection, and the effects of an event. A step uses no clock, no callbacks and no randomness, so every
 * order of events can be tested. A test compares the diagram below with all reachable states.
 *
 * Status of the connection, and the events that change it:
 *
 * ```text
 *   connecting ─┬─▶ opening     attemptOpened
 *               ├─▶ waiting     attemptFailed
 *               └─▶ closing     attemptFailed close signalAborted terminate
 *   opening    ─┬─▶ open        onOpenSettled(ok)
 *               ├─▶ waiting     heartbeatDead linkClosedByPeer linkLost onOpenSettled(threw) reconnect timer(open)
 *               └─▶ closing     close heartbeatDead linkClosedByPeer linkLost onOpenSettled(threw) signalAborted terminate
 *                               timer(open)
 *   open       ─┬─▶ connecting  heartbeatDead linkClosedByPeer linkLost reconnect
 *               ├─▶ opening     heartbeatDead linkClosedByPeer linkLost reconnect
 *               ├─▶ waiting     heartbeatDead linkClosedByPeer linkLost reconnect
 *               └─▶ closing     close end heartbeatDead linkClosedByPeer linkLost terminate
 *   waiting    ─┬─▶ connecting  onCloseSettled timer(delay) timer(part)
 *               └─▶ closing     close signalAborted terminate
 *   closing    ───▶ closed      attemptFailed close onCloseSettled signalAborted terminate timer(end) timer(part)
 * ```
 *
 * Phase of a session, and the events that change it, including events of other sessions:
 *
 * ```text
 *   dialling  ─┬─▶ opening    attemptOpened
 *              └─▶ no more    attemptFailed close end signalAborted terminate
 *   opening   ─┬─▶ ready      onOpenSettled(ok)
 *              ├─▶ draining   close
 *              ├─▶ frame      end onOpenSettled(threw) reconnect timer(open)
 *              ├─▶ cut        heartbeatDead signalAborted terminate
 *              └─▶ gone       linkClosedByPeer linkLost
 *   ready     ─┬─▶ lingering  onOpenSettled(ok)
 *              ├─▶ draining   close
 *              ├─▶ goodbye    end
 *              ├─▶ frame      reconnect
 *              ├─▶ cut        heartbeatDead terminate
 *              └─▶ gone       linkClosedByPeer linkLost
 *   lingering ─┬─▶ draining   attemptFailed close heartbeatDead linkClosedByPeer linkLost onOpenSettled(threw) timer(lastWords)
 *              │              timer(open)
 *              ├─▶ goodbye    drained
 *              ├─▶ frame      timer(drain)
 *              ├─▶ cut        heartbeatDead terminate
 *              └─▶ gone       linkClosedByPeer linkLost
 *   draining  ─┬─▶ goodbye    drained
 *              ├─▶ frame      drained timer(half)
 *              ├─▶ cut        heartbeatDead terminate timer(cut)
 *              ├─▶ gone       linkClosedByPeer linkLost
 *              └─▶ no more    timer(end)
 *   goodbye   ─┬─▶ farewell   onClosingSettled
 *              ├─▶ frame      onClosingSettled timer(drain) timer(half)
 *              ├─▶ cut        heartbeatDead terminate timer(cut)
 *              ├─▶ gone       linkClosedByPeer linkLost
 *              └─▶ no more    timer(end)
 *   farewell  ─┬─▶ draining   close timer(lastWords)
 *              ├─▶ cut        heartbeatDead terminate
 *              └─▶ gone       linkClosedByPeer linkLost
 *   frame     ─┬─▶ cut        signalAborted terminate timer(cut) timer(frame)
 *              ├─▶ gone       linkClosedByPeer linkLost
 *              └─▶ no more    timer(end)
 *   cut       ─┬─▶ gone       linkClosedByPeer linkLost
 *              ├─▶ parting    linkClosedByPeer linkLost
 *              └─▶ no more    timer(end)
 *   gone      ─┬─▶ parting    drained signalAborted terminate timer(drain)
 *              └─▶ no more    timer(end)
 *   parting   ───▶ no more    onCloseSettled timer(end) timer(part)
 * ```
 */
export function step(state: LifecycleState, event: LifecycleEvent): LifecycleStep {
  const refused = refusalOf(state, event)
  if (refused) return { state, effects: NO_EFFECTS, refused }
  if (isLate(state, event)) return { state, effects: NO_EFFECTS }
  const draft = new Draft(state)
  apply(draft, state, event)
  goOn(draft)
  return draft.finish()
}

function apply(draft: Draft, state: LifecycleState, event: LifecycleEvent): void {
  switch (event.type) {
    case 'close':
      close(draft)
      break
    case 'terminate':
      terminate(draft)
      break
    case 'end':
      end(draft)
      break
    case 'reconnect':
      reconnect(draft, event)
      break
    case 'signalAborted':
      if (draft.shape.closing === undefined && draft.shape.ready === 'pending') terminate(draft)
      break
    case 'timerFired':
      timerFires(draft, state, event)
      break
    default: {
      const session = draft.find(event.link)
      if (session) applyToLink(draft, session, event)
    }
  }
}

function applyToLink(draft: Draft, session: DraftSession, event: LinkEvent): void {
  switch (event.type) {
    case 'attemptOpened':
      opened(draft, session)
      break
    case 'attemptFailed':
      attemptEnds(draft, session, event.retry)
      break
    case 'onOpenSettled':
      openSettles(draft, session, event)
      break
    case 'drained':
      drained(draft, session)
      break
    case 'onClosingSettled':
      goodbyeSaid(draft, session)
      break
    case 'onCloseSettled':
      draft.remove(session)
      break
    default:
      linkEnds(draft, session, event)
  }
}

function attemptEnds(draft: Draft, session: DraftSession, retry: boolean): void {
  if (session === draft.shape.candidate) candidateFails(draft, session, retry)
  else attemptFails(draft, session, retry)
}

function openSettles(draft: Draft, session: DraftSession, event: OnOpenSettledEvent): void {
  session.running = false
  const isGood = event.outcome === 'ok'
  if (session.phase !== 'opening') {
    if (!isGood) draft.emit({ type: 'onError', link: session.link, stage: 'open', consequence: 'reported' })
    else if (session.phase === 'draining') session.good = true
  } else if (!isGood) openingFails(draft, session, event.retry)
  else {
    session.good = true
    if (session === draft.shape.candidate) takeOver(draft, session, event.stable)
    else becomeReady(draft, session)
  }
}

function openingFails(draft: Draft, session: DraftSession, retry: boolean): void {
  if (session === draft.shape.candidate) candidateOpenFails(draft, session, retry)
  else openFails(draft, session, retry)
}

function linkEnds(draft: Draft, session: DraftSession, event: LinkEndEvent): void {
  if (session === draft.shape.candidate) candidateEnds(draft, session, event)
  else if (session.phase === 'opening' || session.phase === 'ready') currentEnds(draft, session, event)
  else leaverEnds(draft, session, event)
}

function timerFires(draft: Draft, state: LifecycleState, event: TimerFiredEvent): void {
  const { timer } = event
  const link = linkOfTimer(state, timer)
  draft.fire(timer)
  const session = link === undefined ? undefined : draft.find(link)
  if (session) {
    if (session.phase === 'opening') openingFails(draft, session, event.retry)
    else leaverTimesOut(draft, session)
  } else if (timer === 'maxAge') wantHandover(draft, event.stable)
  else if (timer === 'handover') draft.shape.wish = true
  else if (timer === 'half' || timer === 'cut' || timer === 'end' || timer === 'lastWords')
    deadlineFires(draft, timer)
}

/** Starts the next attempt, a requested handover, or the end, as soon as nothing is left to wait for. */
function goOn(draft: Draft): void {
  if (draft.shape.status === 'waiting' && !draft.shape.current && !draft.isRunning('delay')) {
    draft.attempt('current')
    draft.turn('connecting')
  } else if (draft.shape.wish && !draft.shape.previous) {
    draft.shape.wish = false
    draft.attempt('candidate')
  } else if (draft.shape.status === 'closing' && draft.sessions.length === 0) finish(draft)
}

// --- which events do something ----------------------------------------------------------------------------------------

/** Returns the error for a call that the connection refuses. The result depends only on the status. */
function refusalOf({ shape }: LifecycleState, { type }: LifecycleEvent): Refusal | undefined {
  if (type !== 'reconnect' && type !== 'end') return undefined
  if (shape.status === 'closing' || shape.status === 'closed') return 'ConnectionClosedError'
  return type === 'end' && shape.status !== 'open' ? 'NotConnectedError' : undefined
}

const IN_USE = ['opening', 'ready', 'lingering', 'draining', 'goodbye', 'farewell'] as const

/** Phases in which an event of a link has an effect. `onOpenSettled` depends on the flag `running` instead. */
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

/** Returns whether an event is too late: its session has ended or is in another phase, or its timer is not running. */
function isLate(state: LifecycleState, event: LifecycleEvent): boolean {
  if (state.shape.status === 'closed') return true
  if (event.type === 'timerFired') return !timersOf(state).includes(event.timer)
  if (!('link' in event)) return false
  const role = roleOf(state, event.link)
  const session = role && state.shape[role]
  if (!session) return true
  return event.type === 'onOpenSettled' ? !session.running : !PHASES[event.type].has(session.phase)
}

/**
 * Returns whether the `retry` property of an event matters in a state. Only then may `shouldReconnect` and `delays` be called. The property
 * does not matter while closing, after our own close frame, for the current link while a candidate is opening, or for the previous link.
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
 * Returns whether an event first resets the failure counts, because its link has been ready for `minUptime`. This applies only to events
 * for which `asks` returns true. The retry decision is then the same as for a first failure.
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
