import type { ConnectionSnapshot } from '../diagnostics/live-connections.js'
import type { DiagnosticError } from '../diagnostics/payloads.js'
import { shownText } from './journal.js'
import type { Level } from './journal.js'

/** Time for which a past problem counts, in milliseconds. */
const RECENT = 60_000

/** Number of buffered bytes above which the server, or the network, counts as slow. */
const MUCH_BUFFERED = 1_048_576

/** A problem of a connection. The page puts the name before the text. */
export interface Problem {
  readonly level: Exclude<Level, 'info'>
  /** A predicate, such as `is waiting to reconnect: connect ECONNREFUSED 127.0.0.1:9`. */
  readonly text: string
  /** Number and time of the next attempt; only while the connection waits for it. */
  readonly attempt?: number | undefined
  readonly at?: number | undefined
}

/** Latest occurrence of something in the past. */
export interface Past {
  readonly at: number
  readonly text: string
}

/** Returns what is wrong now, or `undefined`. The worst comes first. */
export function problemOf(
  snapshot: ConnectionSnapshot,
  now: number,
  lastError: Past | undefined,
): Problem | undefined {
  return stateProblem(snapshot) ?? loadProblem(snapshot) ?? pastProblem(now, lastError)
}

/** Returns why a connection has ended, if it did not end on purpose. */
export function endProblem(reason: string | undefined): Problem | undefined {
  return reason === undefined ? undefined : { level: 'bad', text: `has ended: ${reason}` }
}

function stateProblem({ status, nextAttempt, connectionNumber }: ConnectionSnapshot): Problem | undefined {
  const goal = connectionNumber === 0 ? 'connect' : 'reconnect'
  if (status === 'waiting') {
    if (!nextAttempt) return { level: 'bad', text: `is waiting to ${goal}` }
    const { at, attempt, error } = nextAttempt
    return { level: 'bad', text: `is waiting to ${goal}: ${causeOf(error)}`, attempt, at }
  }
  if (status === 'connecting' && connectionNumber > 0) return { level: 'warn', text: 'is reconnecting' }
  return undefined
}

function loadProblem(snapshot: ConnectionSnapshot): Problem | undefined {
  const { isPaused, queuedMessages, bufferedAmount } = snapshot
  if (isPaused) {
    const count = queuedMessages.toLocaleString('en-US')
    return { level: 'warn', text: `has paused its socket: ${count} messages wait for handlers` }
  }
  if (bufferedAmount <= MUCH_BUFFERED) return undefined
  const size = (bufferedAmount / 1_048_576).toFixed(1)
  return { level: 'warn', text: `cannot send fast enough: ${size} MiB are buffered` }
}

function pastProblem(now: number, lastError: Past | undefined): Problem | undefined {
  if (!lastError || now - lastError.at > RECENT) return undefined
  return { level: 'warn', text: `reported an error in the last minute: ${lastError.text}` }
}

/** Returns the reason for a failure, without the URL, which the page shows next to it. */
export function causeOf({ code, message }: DiagnosticError): string {
  const [, reason] =
    (code === 'HOLDFAST_CONNECT_FAILED' && /^Failed to connect to \S+: (.+)$/s.exec(message)) || []
  return shownText(reason ?? message)
}
