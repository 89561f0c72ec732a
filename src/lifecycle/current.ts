import { giveUp } from './closing.js'
import { drop, release } from './draft.js'
import type { Draft, DraftSession } from './draft.js'
import type { TimerLength } from './effects.js'
import type { LinkEndEvent, ReconnectEvent } from './events.js'

/** Called when the socket is open. `@OnOpen` runs next. */
export function opened(draft: Draft, session: DraftSession): void {
  draft.enter(session, 'opening')
  session.running = true
  draft.startFor(session, 'open')
  draft.emit({ type: 'onOpen', link: session.link })
  if (session === draft.shape.current) draft.turn('opening')
}

/** Called when the attempt of the current session has failed. */
export function attemptFails(draft: Draft, session: DraftSession, retry: boolean): void {
  draft.remove(session)
  draft.count()
  retryOrGiveUp(draft, session, 'connect', retry)
}

/** Called when `@OnOpen` of the current session has resolved. */
export function becomeReady(draft: Draft, session: DraftSession): void {
  draft.enter(session, 'ready')
  if (draft.shape.ages) draft.start('maxAge', 'maxAge')
  draft.emit({ type: 'ready', link: session.link })
  draft.turn('open')
  if (draft.shape.ready !== 'pending') return
  draft.shape.ready = 'resolved'
  draft.emit({ type: 'resolveReady' })
}

/** Called when `@OnOpen` of the current session threw or timed out. */
export function openFails(draft: Draft, session: DraftSession, retry: boolean): void {
  draft.count()
  drop(draft, session, retry ? 'reconnecting' : 'fatal')
  retryOrGiveUp(draft, session, 'open', retry)
}

/** Called when the link of the current session has ended, or its heartbeat has timed out. */
export function currentEnds(draft: Draft, session: DraftSession, event: LinkEndEvent): void {
  const { type, retry, stable } = event
  forgive(draft, session, stable)
  draft.count()
  release(draft, session, event)
  const stage = type === 'heartbeatDead' ? 'heartbeat' : 'close'
  if (draft.shape.candidate) {
    promote(draft)
    if (type !== 'linkClosedByPeer')
      draft.emit({ type: 'onError', link: session.link, stage, consequence: 'retried' })
  } else retryOrGiveUp(draft, session, type === 'linkClosedByPeer' ? undefined : stage, retry)
}

/**
 * Waits for the next attempt, or gives up.
 *
 * @param stage the stage of the failure; `undefined` if the peer closed the connection, which is an error only if Holdfast does not
 * reconnect
 */
function retryOrGiveUp(
  draft: Draft,
  { link }: DraftSession,
  stage: 'connect' | 'open' | 'heartbeat' | 'close' | undefined,
  retry: boolean,
): void {
  if (retry) {
    wait(draft, 'retryDecision')
    if (stage) draft.emit({ type: 'onError', link, stage, consequence: 'retried' })
  } else {
    draft.emit({ type: 'onError', link, stage: stage ?? 'close', consequence: 'fatal' })
    giveUp(draft)
  }
}

/** @param length `undefined` to wait only until the current session has ended */
function wait(draft: Draft, length: TimerLength | undefined): void {
  draft.stop('maxAge', 'handover')
  draft.shape.wish = false
  if (length) draft.start('delay', length)
  draft.turn('waiting')
}

export function reconnect(draft: Draft, { overlap, stable }: ReconnectEvent): void {
  const session = draft.shape.current
  if (draft.shape.status === 'waiting') {
    if (draft.isRunning('delay')) draft.hasten('delay', 'floor')
  } else if (draft.shape.status === 'open' && overlap) wantHandover(draft, stable)
  else if (draft.shape.status !== 'connecting' && session) replace(draft, session, stable)
}

/** Drops the current link. If there is a candidate, it becomes the current session. */
function replace(draft: Draft, session: DraftSession, isStable: boolean): void {
  const hasHeld = forgive(draft, session, isStable)
  const hadFailed = draft.shape.failure
  if (!hasHeld) draft.count()
  drop(draft, session, 'reconnecting')
  if (draft.shape.candidate) promote(draft)
  else wait(draft, hadFailed ? 'floor' : undefined)
}

// --- handover ---------------------------------------------------------------------------------------------------------

/**
 * Resets the failure counts, once per link, if the current link has been ready for `minUptime`.
 *
 * @returns whether the link has been ready for `minUptime`
 */
function forgive(draft: Draft, session: DraftSession, isStable: boolean): boolean {
  if (session.phase !== 'ready' || !isStable) return false
  if (!session.forgiven) {
    session.forgiven = true
    draft.shape.failure = false
    draft.emit({ type: 'forgive' })
  }
  return true
}

/** Starts a handover as soon as the minimum delay has passed and the previous session has ended. */
export function wantHandover(draft: Draft, isStable: boolean): void {
  if (draft.shape.candidate || draft.shape.wish || !draft.shape.current) return
  if (draft.isRunning('handover')) {
    draft.hasten('handover', 'floor')
    return
  }
  draft.stop('maxAge')
  forgive(draft, draft.shape.current, isStable)
  if (draft.shape.failure) draft.start('handover', 'floor')
  else draft.shape.wish = true
}

/** Called when the candidate did not open. The current link stays in use, and another handover may follow later. */
export function candidateFails(draft: Draft, session: DraftSession, retry: boolean): void {
  draft.shape.candidate = undefined
  draft.count()
  planHandover(draft, retry)
  draft.emit({ type: 'onError', link: session.link, stage: 'connect', consequence: 'the old one stays' })
}

/** Called when the candidate's `@OnOpen` failed. The candidate becomes the previous session and shuts down. */
export function candidateOpenFails(draft: Draft, session: DraftSession, retry: boolean): void {
  leaveAsPrevious(draft, session)
  drop(draft, session, retry ? 'reconnecting' : 'fatal')
  draft.count()
  planHandover(draft, retry)
  draft.emit({ type: 'onError', link: session.link, stage: 'open', consequence: 'the old one stays' })
}

/** Called when the candidate's link has ended while `@OnOpen` was running. */
export function candidateEnds(draft: Draft, session: DraftSession, event: LinkEndEvent): void {
  leaveAsPrevious(draft, session)
  release(draft, session, event)
  draft.count()
  planHandover(draft, event.retry)
  const stage = event.type === 'heartbeatDead' ? 'heartbeat' : 'close'
  draft.emit({ type: 'onError', link: session.link, stage, consequence: 'the old one stays' })
}

function leaveAsPrevious(draft: Draft, session: DraftSession): void {
  draft.shape.candidate = undefined
  draft.shape.previous = session
}

function planHandover(draft: Draft, retry: boolean): void {
  if (retry) draft.start('handover', 'retryDecision')
  else if (draft.shape.ages) draft.start('maxAge', 'maxAge')
}

/** Called when the candidate is ready. It replaces the current session, which lingers until its requests are answered. */
export function takeOver(draft: Draft, session: DraftSession, isStable: boolean): void {
  const old = draft.shape.current
  if (!old) return
  if (!forgive(draft, old, isStable)) draft.count()
  draft.shape.candidate = undefined
  draft.shape.current = session
  draft.shape.previous = old
  draft.enter(session, 'ready')
  if (draft.shape.ages) draft.start('maxAge', 'maxAge')
  draft.enter(old, 'lingering')
  draft.startFor(old, 'drain')
  draft.emit({ type: 'retire', link: old.link })
  draft.emit({ type: 'ready', link: session.link })
  draft.emit({ type: 'drain', link: old.link, until: 'handlers and requests' })
}

/** Called when the current link is lost while a candidate is opening. The candidate becomes the current session. */
function promote(draft: Draft): void {
  draft.shape.previous = draft.shape.current
  draft.shape.current = draft.shape.candidate
  draft.shape.candidate = undefined
  draft.turn(draft.shape.current?.phase === 'dialling' ? 'connecting' : 'opening')
}
