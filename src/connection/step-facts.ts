import type { Disconnect, Failure, RetryDecision } from '../session/disconnect.js'
import type { Session } from '../session/session.js'
import type { ConnectionState, OpenInfo } from '../session/state.js'
import type { Attempt } from './attempt.js'
import type { LinkName } from '../lifecycle/state.js'

/** How an attempt failed or a link was lost, and what follows. */
export interface Trouble {
  /** The attempt that failed, or the session whose link is lost. */
  readonly lost: Attempt | Session
  /** True unless it befell a candidate, or a link that had been replaced. */
  readonly isCurrent: boolean
  readonly disconnect: Disconnect
  /** The error that it is reported as. */
  readonly error: Error
  readonly failure: Failure
  /** `undefined` where nobody was asked, because the answer would change nothing. */
  readonly decision: RetryDecision | undefined
}

/** Why a connection closes, and what the peer is told. */
interface ClosingFacts {
  readonly initiator: Disconnect['initiator']
  readonly code: number
  readonly reason: string
}

/** Facts of one event that do not steer the lifecycle, for its effects. */
export interface StepFacts {
  readonly trouble?: Trouble | undefined
  /** Which link was the current one before a timer fired: at the deadline, none is left behind it. */
  readonly current?: LinkName | undefined
  /** For `@OnOpen`. */
  readonly open?: OpenInfo | undefined
  readonly closing?: ClosingFacts | undefined
  /** How long `end()` may take. */
  readonly endTimeout?: number | undefined
  /** How long the next attempt is waited for; known once the step is done. */
  delay?: number | undefined
  /** The states that the step has gone through, in order, for those who are told of them later. */
  states?: ConnectionState[] | undefined
}
