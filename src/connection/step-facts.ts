import type { Disconnect, Failure, RetryDecision } from '../session/disconnect.js'
import type { Session } from '../session/session.js'
import type { ConnectionState, OpenInfo } from '../session/state.js'
import type { Attempt } from '../attempt/attempt.js'
import type { LinkName } from '../lifecycle/state.js'

/** A failed attempt or a lost link, and its consequences. */
export interface Trouble {
  /** The attempt that failed, or the session whose link is lost. */
  readonly lost: Attempt | Session
  /** False for a candidate, and for a link that had already been replaced. */
  readonly isCurrent: boolean
  readonly disconnect: Disconnect
  /** Error to report. */
  readonly error: Error
  readonly failure: Failure
  /** Retry decision; `undefined` if the retry policy was not called, because its decision would have no effect. */
  readonly decision: RetryDecision | undefined
}

/** Details of a close: the initiator, and the code and reason for the peer. */
interface ClosingFacts {
  readonly initiator: Disconnect['initiator']
  readonly code: number
  readonly reason: string
}

/** Data about an event that the event's effects need but the lifecycle does not. */
export interface StepFacts {
  readonly trouble?: Trouble | undefined
  /** Link that was current before a timer fired. After the deadline of `close()`, no link is current. */
  readonly current?: LinkName | undefined
  /** Argument for `@OnOpen`. */
  readonly open?: OpenInfo | undefined
  readonly closing?: ClosingFacts | undefined
  /** Timeout passed to `end()`, in milliseconds. */
  readonly endTimeout?: number | undefined
  /** Delay before the next attempt, in milliseconds. Known once the step is done. */
  delay?: number | undefined
  /** States that the step passed through, in order, to be published later. */
  states?: ConnectionState[] | undefined
}
