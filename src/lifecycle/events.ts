import type { LinkName, TimerName } from './state.js'

/** Fact of an event: whether the failure it reports is retried. Decided before the step if `asks` returns true; otherwise `false`. */
interface RetryFact {
  readonly retry: boolean
}

/** Fact of an event: the current link has been ready for `minUptime`. */
interface StableFact {
  readonly stable: boolean
}

interface LinkFact {
  readonly link: LinkName
}

export type LinkEndEvent = LinkFact &
  RetryFact &
  StableFact & {
    readonly type:
      | 'linkClosedByPeer' // with a close frame
      | 'linkLost' // without one
      | 'heartbeatDead' // not yet, but the heartbeat timed out
  }

export type OnOpenSettledEvent = LinkFact &
  RetryFact &
  StableFact & { readonly type: 'onOpenSettled'; readonly outcome: 'ok' | 'threw' }

export type TimerFiredEvent = RetryFact &
  StableFact & { readonly type: 'timerFired'; readonly timer: TimerName }

export type ReconnectEvent = StableFact & { readonly type: 'reconnect'; readonly overlap: boolean }

/** Everything that can happen to a connection: reports of attempts, links, handlers and timers, and user calls. */
export type LifecycleEvent =
  | (LinkFact & { readonly type: 'attemptOpened' })
  | (LinkFact & RetryFact & { readonly type: 'attemptFailed' })
  | OnOpenSettledEvent
  | LinkEndEvent
  /** The latest `drain` of this link is complete. */
  | (LinkFact & { readonly type: 'drained' })
  /** `@OnClosing` has completed, and everything it sent is flushed. */
  | (LinkFact & { readonly type: 'onClosingSettled' })
  | (LinkFact & { readonly type: 'onCloseSettled' })
  | TimerFiredEvent
  | ReconnectEvent
  | { readonly type: 'close' | 'terminate' | 'end' | 'signalAborted' }

/** Name of the error that a refused call throws. */
export type Refusal = 'NotConnectedError' | 'ConnectionClosedError'

/** Event that a link, its attempt or its handlers report. */
export type LinkEvent = Extract<LifecycleEvent, LinkFact>
