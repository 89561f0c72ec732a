import { HoldfastError } from './holdfast-error.js'

/**
 * A subscription was refused, not acknowledged in time, or could not be said. It stays remembered, and is said again after
 * the next reconnect. `acknowledged` also rejects with it when nobody is subscribed to the topic any more.
 */
export class SubscriptionError extends HoldfastError {
  readonly code = 'HOLDFAST_SUBSCRIPTION'
  /** The key that it was added under, or of its topic. */
  readonly key: string
  /**
   * The server refused it; no acknowledgement came in time; or a message or function of it failed. `unsubscribed` is never reported: it only
   * rejects `acknowledged`.
   */
  readonly reason: 'refused' | 'timeout' | 'failed' | 'unsubscribed'
  /** The message with which the server refused it. */
  readonly details: unknown

  constructor(
    key: string,
    reason: SubscriptionError['reason'],
    what: string,
    facts: ErrorOptions & { readonly details?: unknown } = {},
  ) {
    super(`The subscription ${JSON.stringify(key)} ${what}`, facts)
    this.key = key
    this.reason = reason
    this.details = facts.details
  }
}
