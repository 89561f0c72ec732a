import type { LifecycleStatus, LinkName, TimerName } from './state.js'

/** Option that a timer takes its duration from; `retryDecision` is the delay that came with the fact `retry`. */
export type TimerLength =
  | 'onOpenTimeout'
  | 'drainTimeout'
  | 'closeTimeout'
  /** The timeout of the call `end()`. */
  | 'endTimeout'
  | 'maxAge'
  | 'retryDecision'
  /** The earliest start that a polite reconnect allows, without a backoff. */
  | 'floor'

/**
 * Code of a close frame. `user` is the code and reason of `close()`, `reconnecting` is 4000 because a new connection follows, `normal`
 * is 1000. `fatal` is 1000, too, after an `@OnOpen` that failed and is not retried.
 */
export type CloseFrameKind = 'user' | 'reconnecting' | 'normal' | 'fatal'

/** Consequence of an error, as the user reads it; `reported` means none. */
export type Consequence = 'fatal' | 'retried' | 'the old one stays' | 'reported'

export interface SetEffect {
  readonly type: 'set'
  readonly timer: TimerName
  readonly length: TimerLength
  /** The timer is running already. It is moved to the new time, but never to a later one. */
  readonly moves: boolean
}

export interface OnErrorEffect {
  readonly type: 'onError'
  readonly link: LinkName
  readonly stage: 'connect' | 'open' | 'heartbeat' | 'close'
  readonly consequence: Consequence
}

/** Effect on one link that needs nothing but its name. */
export interface LinkEffect {
  readonly type:
    /** Starts an attempt, whose link has this name. */
    | 'attempt'
    /** Cancels the attempt. It reports nothing more. */
    | 'cutAttempt'
    /** Sends subscriptions, then the outbox; then messages are dispatched, and calls of the user use this link. */
    | 'ready'
    /** Accepts replies but no new requests; new calls use the new link. */
    | 'retire'
    /** Rejects requests and waiters, aborts the signal of the link, stops the heartbeat. */
    | 'lose'
    /** Takes no new messages. */
    | 'stopTaking'
    /** Drops and reports the messages that still wait. */
    | 'discard'
    | 'onClosing'
    /** Sends the message of `end()`. */
    | 'lastWords'
    | 'terminate'
    | 'onOpen'
    | 'onClose'
  readonly link: LinkName
}

/** Something that a driver does after a step. */
export type LifecycleEffect =
  | SetEffect
  | { readonly type: 'cancel'; readonly timer: TimerName }
  /** To the retry policy: counts one failure, or resets the counts. */
  | { readonly type: 'count' | 'forgive' }
  | LinkEffect
  /** Leads to `drained` once `@OnOpen` and handlers have settled (with `requests`, those too). A later `drain` replaces an earlier one. */
  | {
      readonly type: 'drain'
      readonly link: LinkName
      readonly until: 'handlers' | 'handlers and requests'
    }
  | { readonly type: 'closeFrame'; readonly link: LinkName; readonly kind: CloseFrameKind }
  /** Reports a change of status: `@OnStateChange` and diagnostics. */
  | { readonly type: 'state'; readonly status: LifecycleStatus }
  | OnErrorEffect
  | { readonly type: 'resolveReady' | 'rejectReady' | 'abortConnection' }
  /** Resolves `closed`, ends iterators, disposes. */
  | { readonly type: 'ended' }

/**
 * Order of effects within one step: timers, the retry policy, attempts and links, `@OnOpen` and `@OnClose`, reports, the end. When
 * user code receives a state, everything that belongs to the state is done.
 */
const RANKS = {
  cancel: 0,
  set: 1,
  count: 2,
  forgive: 2,
  attempt: 3,
  cutAttempt: 3,
  ready: 3,
  retire: 3,
  lose: 3,
  stopTaking: 3,
  drain: 3,
  discard: 3,
  onClosing: 3,
  lastWords: 3,
  closeFrame: 3,
  terminate: 3,
  onOpen: 4,
  onClose: 4,
  state: 5,
  onError: 5,
  resolveReady: 5,
  rejectReady: 5,
  abortConnection: 5,
  ended: 6,
} as const satisfies Record<LifecycleEffect['type'], number>

/** Returns the effects in the order in which they run. Effects of the same rank keep their order. */
export function inOrder(effects: readonly LifecycleEffect[]): readonly LifecycleEffect[] {
  return effects.length < 2 ? effects : effects.toSorted((a, b) => RANKS[a.type] - RANKS[b.type])
}
