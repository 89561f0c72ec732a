import type { Draft, DraftSession } from './draft.js'
import type { TimerLength } from './effects.js'
import { cut, cutAll, drop, hurry, lose, part, sayGoodbye } from './leaving.js'
import { hasSocket } from './state.js'
import type { ClosingCause } from './state.js'

/** Timers that belong to the states before `closing`. */
const FORWARD_TIMERS = ['delay', 'maxAge', 'handover'] as const

/** Leaves for good: from here on nothing begins. */
function begin(draft: Draft, cause: ClosingCause): void {
  draft.closing = cause
  draft.stop(...FORWARD_TIMERS)
  draft.wish = false
  draft.failure = false
  draft.ages = false
  if (draft.current?.phase === 'dialling') cutAttempt(draft, draft.current)
  if (draft.candidate?.phase === 'dialling') cutAttempt(draft, draft.candidate)
  // A candidate excludes a previous session, and from now on it is a session that leaves.
  if (draft.candidate) draft.previous = draft.candidate
  draft.candidate = undefined
  draft.turn('closing')
  draft.emit({ type: 'abortConnection' })
}

function cutAttempt(draft: Draft, session: DraftSession): void {
  draft.emit({ type: 'cutAttempt', link: session.link })
  draft.remove(session)
}

/**
 * Puts all sessions under one deadline. Handlers, `@OnClosing` and the flush share half of it; after nine tenths, the sockets that are
 * still open are terminated.
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

/** Ends the connection because a failure is not retried. */
export function giveUp(draft: Draft): void {
  draft.isError = true
  begin(draft, 'lost')
  bound(draft, 'drainTimeout')
}

export function close(draft: Draft): void {
  if (draft.closing === undefined) {
    begin(draft, 'close')
    bound(draft, 'closeTimeout')
  } else if (draft.closing === 'end') closeAfterEnd(draft)
  else if (draft.closing === 'lost') {
    for (const timer of ['half', 'cut', 'end'] as const) {
      if (draft.isRunning(timer)) draft.hasten(timer, 'closeTimeout')
    }
  }
}

function closeAfterEnd(draft: Draft): void {
  draft.closing = 'close'
  bound(draft, 'closeTimeout')
}

export function terminate(draft: Draft): void {
  if (draft.closing === 'terminate') return
  if (draft.closing === undefined) begin(draft, 'terminate')
  draft.closing = 'terminate'
  draft.stop('half', 'cut', 'lastWords')
  draft.hasten('end', 'closeTimeout')
  for (const session of draft.sessions) {
    session.timer = undefined
    if (session.phase === 'gone') part(draft, session, true)
  }
  cutAll(draft)
}

/** Says goodbye, sends the last words, and leaves the closing handshake to the server. */
export function end(draft: Draft): void {
  begin(draft, 'end')
  draft.start('lastWords', 'endTimeout')
  if (draft.previous?.phase === 'opening') drop(draft, draft.previous, 'normal')
  if (!draft.current) return
  sayGoodbye(draft, draft.current)
  draft.current.words = true
}

/** One of the timers of `closing` has fired. */
export function deadlineFires(draft: Draft, timer: 'half' | 'cut' | 'end' | 'lastWords'): void {
  if (timer === 'lastWords') closeAfterEnd(draft)
  else if (timer === 'cut') cutAll(draft)
  else if (timer === 'end') for (const session of draft.sessions) abandon(draft, session)
  else
    for (const session of draft.sessions) {
      if (session.phase === 'draining' || session.phase === 'goodbye') hurry(draft, session)
    }
}

/** Ends a session at the deadline. Its `@OnClose` is called, but not awaited. */
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
  if (draft.ready === 'pending') {
    draft.ready = 'rejected'
    draft.emit({ type: 'rejectReady' })
  }
  draft.emit({ type: 'ended' })
}
