import type { Draft, DraftSession } from './draft.js'
import type { LinkEndEvent } from './events.js'
import { drop, release } from './leaving.js'

/**
 * Resets the counts if the current link has held for `minUptime`: once for each link.
 *
 * @returns whether the link has held
 */
export function forgive(draft: Draft, session: DraftSession, isStable: boolean): boolean {
  if (session.phase !== 'ready' || !isStable) return false
  if (!session.forgiven) {
    session.forgiven = true
    draft.failure = false
    draft.emit({ type: 'forgive' })
  }
  return true
}

/** Starts a handover as soon as the floor and the previous session allow it. */
export function wantHandover(draft: Draft, isStable: boolean): void {
  if (draft.candidate || draft.wish || !draft.current) return
  if (draft.isRunning('handover')) {
    draft.hasten('handover', 'floor')
    return
  }
  draft.stop('maxAge')
  forgive(draft, draft.current, isStable)
  if (draft.failure) draft.start('handover', 'floor')
  else draft.wish = true
}

/** The candidate did not open. The current link stays, and there is another handover later. */
export function candidateFails(draft: Draft, session: DraftSession, retry: boolean): void {
  draft.candidate = undefined
  draft.count()
  planHandover(draft, retry)
  draft.emit({ type: 'onError', link: session.link, stage: 'connect', consequence: 'the old one stays' })
}

/** `@OnOpen` of the candidate failed. The candidate leaves in the place of the previous session. */
export function candidateOpenFails(draft: Draft, session: DraftSession, retry: boolean): void {
  leaveAsPrevious(draft, session)
  drop(draft, session, retry ? 'reconnecting' : 'fatal')
  draft.count()
  planHandover(draft, retry)
  draft.emit({ type: 'onError', link: session.link, stage: 'open', consequence: 'the old one stays' })
}

/** The link of the candidate has ended while `@OnOpen` ran. */
export function candidateEnds(draft: Draft, session: DraftSession, event: LinkEndEvent): void {
  leaveAsPrevious(draft, session)
  release(draft, session, event)
  draft.count()
  planHandover(draft, event.retry)
  const stage = event.type === 'heartbeatDead' ? 'heartbeat' : 'close'
  draft.emit({ type: 'onError', link: session.link, stage, consequence: 'the old one stays' })
}

function leaveAsPrevious(draft: Draft, session: DraftSession): void {
  draft.candidate = undefined
  draft.previous = session
}

function planHandover(draft: Draft, retry: boolean): void {
  if (retry) draft.start('handover', 'retryDecision')
  else if (draft.ages) draft.start('maxAge', 'maxAge')
}

/** The candidate is ready: it replaces the current session, which lingers until its requests are answered. */
export function takeOver(draft: Draft, session: DraftSession, isStable: boolean): void {
  const old = draft.current
  if (!old) return
  if (!forgive(draft, old, isStable)) draft.count()
  draft.candidate = undefined
  draft.current = session
  draft.previous = old
  draft.enter(session, 'ready')
  if (draft.ages) draft.start('maxAge', 'maxAge')
  draft.enter(old, 'lingering')
  draft.startFor(old, 'drain')
  draft.emit({ type: 'retire', link: old.link })
  draft.emit({ type: 'ready', link: session.link })
  draft.emit({ type: 'drain', link: old.link, until: 'handlers and requests' })
}

/** The current link is lost while a candidate opens: the candidate goes on as the reconnect. */
export function promote(draft: Draft): void {
  draft.previous = draft.current
  draft.current = draft.candidate
  draft.candidate = undefined
  draft.turn(draft.current?.phase === 'dialling' ? 'connecting' : 'opening')
}
