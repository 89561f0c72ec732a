import { giveUp } from './closing.js'
import type { Draft, DraftSession } from './draft.js'
import type { TimerLength } from './effects.js'
import type { LinkEndEvent, ReconnectEvent } from './events.js'
import { forgive, promote, wantHandover } from './handover.js'
import { drop, release } from './leaving.js'

/** The socket is open; `@OnOpen` runs. */
export function opened(draft: Draft, session: DraftSession): void {
  draft.enter(session, 'opening')
  session.running = true
  draft.startFor(session, 'open')
  draft.emit({ type: 'onOpen', link: session.link })
  if (session === draft.current) draft.turn('opening')
}

/** The attempt of the current session failed. */
export function attemptFails(draft: Draft, session: DraftSession, retry: boolean): void {
  draft.remove(session)
  draft.count()
  retryOrGiveUp(draft, session, 'connect', retry)
}

/** `@OnOpen` of the current session resolved. */
export function becomeReady(draft: Draft, session: DraftSession): void {
  draft.enter(session, 'ready')
  if (draft.ages) draft.start('maxAge', 'maxAge')
  draft.emit({ type: 'ready', link: session.link })
  draft.turn('open')
  if (draft.ready !== 'pending') return
  draft.ready = 'resolved'
  draft.emit({ type: 'resolveReady' })
}

/** `@OnOpen` of the current session threw or timed out. */
export function openFails(draft: Draft, session: DraftSession, retry: boolean): void {
  draft.count()
  drop(draft, session, retry ? 'reconnecting' : 'fatal')
  retryOrGiveUp(draft, session, 'open', retry)
}

/** The link of the current session has ended, or its heartbeat timed out. */
export function currentEnds(draft: Draft, session: DraftSession, event: LinkEndEvent): void {
  const { type, retry, stable } = event
  forgive(draft, session, stable)
  draft.count()
  release(draft, session, event)
  const stage = type === 'heartbeatDead' ? 'heartbeat' : 'close'
  if (draft.candidate) {
    promote(draft)
    if (type !== 'linkClosedByPeer')
      draft.emit({ type: 'onError', link: session.link, stage, consequence: 'retried' })
  } else retryOrGiveUp(draft, session, type === 'linkClosedByPeer' ? undefined : stage, retry)
}

/**
 * Waits for the next attempt, or gives up.
 *
 * @param stage where the failure happened; `undefined` after a close by the peer, which is an error only if it is not retried
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

/** @param length `undefined` where only the current session's end is awaited */
function wait(draft: Draft, length: TimerLength | undefined): void {
  draft.stop('maxAge', 'handover')
  draft.wish = false
  if (length) draft.start('delay', length)
  draft.turn('waiting')
}

export function reconnect(draft: Draft, { overlap, stable }: ReconnectEvent): void {
  const session = draft.current
  if (draft.status === 'waiting') {
    if (draft.isRunning('delay')) draft.hasten('delay', 'floor')
  } else if (draft.status === 'open' && overlap) wantHandover(draft, stable)
  else if (draft.status !== 'connecting' && session) replace(draft, session, stable)
}

/** Drops the current link; the candidate goes on as the reconnect, if there is one. */
function replace(draft: Draft, session: DraftSession, isStable: boolean): void {
  const hasHeld = forgive(draft, session, isStable)
  const hadFailed = draft.failure
  if (!hasHeld) draft.count()
  drop(draft, session, 'reconnecting')
  if (draft.candidate) promote(draft)
  else wait(draft, hadFailed ? 'floor' : undefined)
}
