import type { LinkName, TimerName } from './state.js'

/**
 * Property of an event: whether Holdfast reconnects after the failure that it reports. Decided before the step if `asks` returns true;
 * otherwise `false`.
 */
interface RetryFact {
  readonly retry: boolean
}

/** Property of an event: whether the current link has been ready for `minUptime`. */
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
      | 'linkLost' // without a close frame
      | 'heartbeatDead' // link not ended yet, but its heartbeat timed out
  }

export type OnOpenSettledEvent = LinkFact &
  RetryFact &
  StableFact & { readonly type: 'onOpenSettled'; readonly outcome: 'ok' | 'threw' }

export type TimerFiredEvent = RetryFact &
  StableFact & { readonly type: 'timerFired'; readonly timer: TimerName }

export type ReconnectEvent = StableFact & { readonly type: 'reconnect'; readonly overlap: boolean }

/** Everything that can happen to a connection: reports from attempts, links, handlers and timers, and calls from user code. */
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
