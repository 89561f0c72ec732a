import { cut, lose, release, sendCloseFrame, drop } from './draft.js'
import type { Draft, DraftSession } from './draft.js'
import type { CloseFrameKind, TimerLength } from './effects.js'
import type { LinkEndEvent } from './events.js'
import { hasSocket } from './state.js'
import type { ClosingCause } from './state.js'

// --- a session that leaves --------------------------------------------------------------------------------------------

/** Runs `@OnClose`. If `discards` is set, it first reports the messages that were not handled. */
function part(draft: Draft, session: DraftSession, discards: boolean): void {
  const { link } = session
  if (discards) draft.emit({ type: 'discard', link })
  draft.emit({ type: 'onClose', link })
  draft.enter(session, 'parting')
  draft.startFor(session, 'part')
}

/** Called when the link of a session that is shutting down has ended, or its heartbeat has timed out. */
export function leaverEnds(draft: Draft, session: DraftSession, event: LinkEndEvent): void {
  const consequence = consequenceOf(draft, session, event)
  if (draft.shape.closing === 'terminate') {
    lose(draft, session)
    part(draft, session, true)
  } else release(draft, session, event)
  if (!consequence) return
  if (consequence === 'fatal') draft.shape.isError = true
  const stage = event.type === 'heartbeatDead' ? 'heartbeat' : 'close'
  draft.emit({ type: 'onError', link: session.link, stage, consequence })
}

/**
 * Returns the consequence of losing a link. During `end()`, the loss is fatal. For a replaced link that was still in use, it is only
 * reported.
 */
function consequenceOf(
  draft: Draft,
  session: DraftSession,
  { type }: LinkEndEvent,
): 'fatal' | 'reported' | undefined {
  if (session.phase === 'frame' || session.phase === 'cut' || type === 'linkClosedByPeer') return undefined
  const isCurrent = session === draft.shape.current
  if (isCurrent && draft.shape.closing === 'end') return 'fatal'
  return type === 'heartbeatDead' || (!isCurrent && session.phase !== 'draining') ? 'reported' : undefined
}

/** Called when the handlers have completed and, if included, the requests as well. */
export function drained(draft: Draft, session: DraftSession): void {
  if (session.phase === 'gone') part(draft, session, false)
  else if (owesGoodbye(session)) sayGoodbye(draft, session)
  else sendCloseFrame(draft, session, leaverKind(draft))
}

/** Runs `@OnClosing`. The session's timer keeps running. */
function sayGoodbye(draft: Draft, session: DraftSession): void {
  draft.emit({ type: 'onClosing', link: session.link })
  session.byes = true
  draft.enter(session, 'goodbye', session.timer)
}

/** Called when `@OnClosing` has completed. */
export function goodbyeSaid(draft: Draft, session: DraftSession): void {
  const staysOpen = session.words && draft.shape.closing === 'end'
  sendLastWords(draft, session)
  if (staysOpen) draft.enter(session, 'farewell')
  else sendCloseFrame(draft, session, leaverKind(draft))
}

/** Closes a link whose time is up. If `@OnClosing` has not been called yet, it is called but not awaited. */
function hurry(draft: Draft, session: DraftSession): void {
  if (owesGoodbye(session)) draft.emit({ type: 'onClosing', link: session.link })
  sendLastWords(draft, session)
  sendCloseFrame(draft, session, leaverKind(draft))
}

/** Called when a session that is shutting down has run out of time. It enters the next phase immediately. */
export function leaverTimesOut(draft: Draft, session: DraftSession): void {
  const { phase, link } = session
  if (phase === 'frame') cut(draft, session)
  else if (phase === 'gone') part(draft, session, true)
  else if (phase === 'parting') {
    draft.emit({ type: 'onError', link, stage: 'close', consequence: 'reported' })
    draft.remove(session)
  } else hurry(draft, session)
}

/** Terminates every remaining socket. */
function cutAll(draft: Draft): void {
  for (const session of draft.sessions) {
    if (hasSocket(session.phase) && session.phase !== 'cut') cut(draft, session)
  }
}

function owesGoodbye(session: DraftSession): boolean {
  return session.good && !session.byes
}

function sendLastWords(draft: Draft, session: DraftSession): void {
  if (session.words) draft.emit({ type: 'lastWords', link: session.link })
  session.words = false
}

function leaverKind(draft: Draft): CloseFrameKind {
  return draft.shape.closing === 'close' ? 'user' : 'normal'
}

// --- the connection closes --------------------------------------------------------------------------------------------

/** Timers that belong to the states before `closing`. */
const FORWARD_TIMERS = ['delay', 'maxAge', 'handover'] as const

/** Starts to close permanently. From here on, nothing new is started. */
function begin(draft: Draft, cause: ClosingCause): void {
  draft.shape.closing = cause
  draft.stop(...FORWARD_TIMERS)
  draft.shape.wish = false
  draft.shape.failure = false
  draft.shape.ages = false
  if (draft.shape.current?.phase === 'dialling') cutAttempt(draft, draft.shape.current)
  if (draft.shape.candidate?.phase === 'dialling') cutAttempt(draft, draft.shape.candidate)
  // While there is a candidate, there is no previous session. From now on, the candidate is the session that shuts down.
  if (draft.shape.candidate) draft.shape.previous = draft.shape.candidate
  draft.shape.candidate = undefined
  draft.turn('closing')
  draft.emit({ type: 'abortConnection' })
}

function cutAttempt(draft: Draft, session: DraftSession): void {
  draft.emit({ type: 'cutAttempt', link: session.link })
  draft.remove(session)
}

/**
 * Sets one deadline for all sessions. Handlers, `@OnClosing` and the flush share the first half of the time. After nine tenths, the sockets
 * that are still open are terminated.
 */
function bound(draft: Draft, length: TimerLength): void {
  for (const session of draft.sessions) {
    session.timer = undefined
    const { phase, link } = session
    if (phase !== 'opening' && phase !== 'ready' && phase !== 'lingering' && phase !== 'farewell') continue
    draft.emit({ type: 'stopTaking', link })
    draft.emit({ type: 'drain', link, until: 'handlers' })
    draft.enter(session, 'draining')
  }
  draft.stop('lastWords')
  draft.start('half', length)
  draft.start('cut', length)
  draft.start('end', length)
}

/** Ends the connection, because Holdfast does not reconnect after a failure. */
export function giveUp(draft: Draft): void {
  draft.shape.isError = true
  begin(draft, 'lost')
  bound(draft, 'drainTimeout')
}

export function close(draft: Draft): void {
  if (draft.shape.closing === undefined) {
    begin(draft, 'close')
    bound(draft, 'closeTimeout')
  } else if (draft.shape.closing === 'end') closeAfterEnd(draft)
  else if (draft.shape.closing === 'lost') {
    for (const timer of ['half', 'cut', 'end'] as const) {
      if (draft.isRunning(timer)) draft.hasten(timer, 'closeTimeout')
    }
  }
}

function closeAfterEnd(draft: Draft): void {
  draft.shape.closing = 'close'
  bound(draft, 'closeTimeout')
}

export function terminate(draft: Draft): void {
  if (draft.shape.closing === 'terminate') return
  if (draft.shape.closing === undefined) begin(draft, 'terminate')
  draft.shape.closing = 'terminate'
  draft.stop('half', 'cut', 'lastWords')
  draft.hasten('end', 'closeTimeout')
  for (const session of draft.sessions) {
    session.timer = undefined
    if (session.phase === 'gone') part(draft, session, true)
  }
  cutAll(draft)
}

/** Runs `@OnClosing`, sends the last message, and leaves the closing handshake to the server. */
export function end(draft: Draft): void {
  begin(draft, 'end')
  draft.start('lastWords', 'endTimeout')
  if (draft.shape.previous?.phase === 'opening') drop(draft, draft.shape.previous, 'normal')
  if (!draft.shape.current) return
  sayGoodbye(draft, draft.shape.current)
  draft.shape.current.words = true
}

/** Called when one of the timers of `closing` has fired. */
export function deadlineFires(draft: Draft, timer: 'half' | 'cut' | 'end' | 'lastWords'): void {
  if (timer === 'lastWords') closeAfterEnd(draft)
  else if (timer === 'cut') cutAll(draft)
  else if (timer === 'end') for (const session of draft.sessions) abandon(draft, session)
  else
    for (const session of draft.sessions) {
      if (session.phase === 'draining' || session.phase === 'goodbye') hurry(draft, session)
    }
}

/** Ends a session at the deadline. Its `@OnClose` is called but not awaited. */
function abandon(draft: Draft, session: DraftSession): void {
  if (session.phase === 'parting')
    draft.emit({ type: 'onError', link: session.link, stage: 'close', consequence: 'reported' })
  else {
    if (hasSocket(session.phase) && session.phase !== 'cut') cut(draft, session)
    lose(draft, session)
    part(draft, session, true)
  }
  draft.remove(session)
}

/** Ends the connection once no session is left. */
export function finish(draft: Draft): void {
  draft.stop('half', 'cut', 'end', 'lastWords')
  draft.turn('closed')
  if (draft.shape.ready === 'pending') {
    draft.shape.ready = 'rejected'
    draft.emit({ type: 'rejectReady' })
  }
  draft.emit({ type: 'ended' })
}
