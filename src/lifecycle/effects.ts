import type { LifecycleStatus, LinkName, TimerName } from './state.js'

/** Option that determines the duration of a timer; `retryDecision` is the delay that was decided together with `retry`. */
export type TimerLength =
  | 'onOpenTimeout'
  | 'drainTimeout'
  | 'closeTimeout'
  /** Timeout passed to `end()`. */
  | 'endTimeout'
  | 'maxAge'
  | 'retryDecision'
  /** Earliest start of a polite reconnect, without backoff. */
  | 'floor'

/**
 * Kind of close frame. `user` sends the code and reason passed to `close()`. `reconnecting` sends 4000, because a new connection follows.
 * `normal` sends 1000. `fatal` also sends 1000, after `@OnOpen` failed and Holdfast does not reconnect.
 */
export type CloseFrameKind = 'user' | 'reconnecting' | 'normal' | 'fatal'

/** Consequence of an error; `reported` means none. */
export type Consequence = 'fatal' | 'retried' | 'the old one stays' | 'reported'

export interface SetEffect {
  readonly type: 'set'
  readonly timer: TimerName
  readonly length: TimerLength
  /** True if the timer is already running. It then moves to the new time, but never to a later one. */
  readonly moves: boolean
}

export interface OnErrorEffect {
  readonly type: 'onError'
  readonly link: LinkName
  readonly stage: 'connect' | 'open' | 'heartbeat' | 'close'
  readonly consequence: Consequence
}

/** Starts an attempt. `link` names its link. */
interface AttemptEffect {
  readonly type: 'attempt'
  readonly link: LinkName
}

/** Effect on one link that needs only the name of the link. */
interface LinkEffect {
  readonly type:
    /** Cancels the attempt, which then reports nothing more. */
    | 'cutAttempt'
    /** Sends subscriptions, then the outbox. From then on, messages are dispatched, and calls from user code use this link. */
    | 'ready'
    /** Accepts replies but no new requests; new calls use the new link. */
    | 'retire'
    /** Rejects requests and waiters, aborts the link's signal, and stops the heartbeat. */
    | 'lose'
    /** Accepts no new messages. */
    | 'stopTaking'
    /** Discards and reports the messages that are still waiting. */
    | 'discard'
    | 'onClosing'
    /** Sends the message of `end()`. */
    | 'lastWords'
    | 'terminate'
    | 'onOpen'
    | 'onClose'
  readonly link: LinkName
}

/** Effect on one link, after its attempt has started. */
export type SessionEffect =
  | LinkEffect
  /**
   * Leads to `drained` once `@OnOpen` and the handlers have completed and, if included, the requests as well. A later `drain` replaces an
   * earlier one.
   */
  | {
      readonly type: 'drain'
      readonly link: LinkName
      readonly until: 'handlers' | 'handlers and requests'
    }
  | { readonly type: 'closeFrame'; readonly link: LinkName; readonly kind: CloseFrameKind }

/** Instruction for the driver to carry out after a step. */
export type LifecycleEffect =
  | SetEffect
  | { readonly type: 'cancel'; readonly timer: TimerName }
  /** For the retry policy: counts one failure, or resets the counts. */
  | { readonly type: 'count' | 'forgive' }
  | AttemptEffect
  | SessionEffect
  /** Reports a change of status: `@OnStateChange` and diagnostics. */
  | { readonly type: 'state'; readonly status: LifecycleStatus }
  | OnErrorEffect
  | { readonly type: 'resolveReady' | 'rejectReady' | 'abortConnection' }
  /** Resolves `closed`, ends iterators, and calls the dispose methods. */
  | { readonly type: 'ended' }
