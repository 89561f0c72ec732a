import { HoldfastError } from './holdfast-error.js'

/**
 * Reported if a subscription was rejected, was not acknowledged in time, or could not be sent. Holdfast keeps the subscription, and sends
 * it again after the next reconnect. `acknowledged` also rejects with this error when the topic's last subscriber unsubscribes.
 */
export class SubscriptionError extends HoldfastError {
  readonly code = 'HOLDFAST_SUBSCRIPTION'
  /** Key of the subscription or of its topic; the first entry of `keys`. */
  readonly key: string
  /** Keys of all affected topics. Topics that share a message or an acknowledgment are reported together. */
  readonly keys: readonly string[]
  /**
   * `refused`: the server rejected the subscription. `timeout`: no acknowledgment arrived in time. `failed`: the message could not be sent,
   * or one of the subscription's functions failed.
   *
   * `unsubscribed` is never reported to `@OnError`; `acknowledged` rejects with it.
   */
  readonly reason: 'refused' | 'timeout' | 'failed' | 'unsubscribed'
  /** Message with which the server rejected the subscription. */
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
