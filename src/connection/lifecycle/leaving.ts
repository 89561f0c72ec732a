import type { Draft, DraftSession } from './draft.js'
import type { CloseFrameKind } from './effects.js'
import type { LinkEndEvent } from './events.js'
import { hasSocket } from './state.js'

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

/** Sends the close frame and starts to wait for the server's. */
export function sendCloseFrame(draft: Draft, session: DraftSession, kind: CloseFrameKind): void {
  draft.emit({ type: 'closeFrame', link: session.link, kind })
  draft.enter(session, 'frame')
  draft.startFor(session, 'frame')
}

/** Drops a link that the connection no longer wants, with a close frame and without a goodbye. */
export function drop(draft: Draft, session: DraftSession, kind: CloseFrameKind): void {
  sendCloseFrame(draft, session, kind)
  lose(draft, session)
}

/** Reports the loss of a link that has ended or whose heartbeat timed out, and handles the rest of its messages. */
export function release(draft: Draft, session: DraftSession, event: LinkEndEvent): void {
  lose(draft, session)
  if (event.type === 'heartbeatDead') cut(draft, session)
  else {
    draft.emit({ type: 'drain', link: session.link, until: 'handlers' })
    draft.enter(session, 'gone')
    draft.startFor(session, 'drain')
  }
}

/** Runs `@OnClose`, after a report of the messages that were not handled if `discards` is set. */
export function part(draft: Draft, session: DraftSession, discards: boolean): void {
  const { link } = session
  if (discards) draft.emit({ type: 'discard', link })
  draft.emit({ type: 'onClose', link })
  draft.enter(session, 'parting')
  draft.startFor(session, 'part')
}

/** The link of a session that was leaving has ended, or its heartbeat timed out. */
export function leaverEnds(draft: Draft, session: DraftSession, event: LinkEndEvent): void {
  const consequence = consequenceOf(draft, session, event)
  if (draft.closing === 'terminate') {
    lose(draft, session)
    part(draft, session, true)
  } else release(draft, session, event)
  if (!consequence) return
  if (consequence === 'fatal') draft.isError = true
  const stage = event.type === 'heartbeatDead' ? 'heartbeat' : 'close'
  draft.emit({ type: 'onError', link: session.link, stage, consequence })
}

/** A loss during `end()` is an error; the loss of a replaced link that was still in use is only reported. */
function consequenceOf(
  draft: Draft,
  session: DraftSession,
  { type }: LinkEndEvent,
): 'fatal' | 'reported' | undefined {
  if (session.phase === 'frame' || session.phase === 'cut' || type === 'linkClosedByPeer') return undefined
  const isCurrent = session === draft.current
  if (isCurrent && draft.closing === 'end') return 'fatal'
  return type === 'heartbeatDead' || (!isCurrent && session.phase !== 'draining') ? 'reported' : undefined
}

/** Handlers, and requests, too, are done. */
export function drained(draft: Draft, session: DraftSession): void {
  if (session.phase === 'gone') part(draft, session, false)
  else if (owesGoodbye(session)) sayGoodbye(draft, session)
  else sendCloseFrame(draft, session, leaverKind(draft))
}

/** Runs `@OnClosing`. The timer that bounds the session goes on. */
export function sayGoodbye(draft: Draft, session: DraftSession): void {
  draft.emit({ type: 'onClosing', link: session.link })
  session.byes = true
  draft.enter(session, 'goodbye', session.timer)
}

/** `@OnClosing` has settled. */
export function goodbyeSaid(draft: Draft, session: DraftSession): void {
  const staysOpen = session.words && draft.closing === 'end'
  sendLastWords(draft, session)
  if (staysOpen) draft.enter(session, 'farewell')
  else sendCloseFrame(draft, session, leaverKind(draft))
}

/** Closes a link whose time is over. `@OnClosing` is called if it is still due, but not awaited. */
export function hurry(draft: Draft, session: DraftSession): void {
  if (owesGoodbye(session)) draft.emit({ type: 'onClosing', link: session.link })
  sendLastWords(draft, session)
  sendCloseFrame(draft, session, leaverKind(draft))
}

/** The time of a session that leaves is over: it goes on to the next phase without what it waited for. */
export function leaverTimesOut(draft: Draft, session: DraftSession): void {
  const { phase, link } = session
  if (phase === 'frame') cut(draft, session)
  else if (phase === 'gone') part(draft, session, true)
  else if (phase === 'parting') {
    draft.emit({ type: 'onError', link, stage: 'close', consequence: 'reported' })
    draft.remove(session)
  } else hurry(draft, session)
}

/** Terminates every socket that is left. */
export function cutAll(draft: Draft): void {
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
  return draft.closing === 'close' ? 'user' : 'normal'
}
