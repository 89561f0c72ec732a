import { HoldfastError } from './holdfast-error.js'

/**
 * Reported if a subscription was rejected, was not acknowledged in time, or could not be sent. Holdfast keeps it, and sends it again after
 * the next reconnect. `acknowledged` also rejects with this error when the last subscriber of the topic unsubscribes.
 */
export class SubscriptionError extends HoldfastError {
  readonly code = 'HOLDFAST_SUBSCRIPTION'
  /** Key of the subscription, or of its topic; the first one of `keys`. */
  readonly key: string
  /** Keys of all affected topics. Topics that share a message or an acknowledgement are reported together. */
  readonly keys: readonly string[]
  /**
   * `refused`: the server rejected it. `timeout`: no acknowledgement arrived in time. `failed`: its message or one of its functions failed.
   *
   * `unsubscribed` is never reported: `acknowledged` rejects with it.
   */
  readonly reason: 'refused' | 'timeout' | 'failed' | 'unsubscribed'
  /** Message that rejected it. */
  readonly details: unknown

  constructor(
    keys: string | readonly [string, ...string[]],
    reason: SubscriptionError['reason'],
    message: string,
    facts: ErrorOptions & { readonly details?: unknown } = {},
  ) {
    const all = typeof keys === 'string' ? ([keys] as const) : keys
    super(message, facts)
    this.key = all[0]
    this.keys = all
    this.reason = reason
    this.details = facts.details
  }
}
