import { HoldfastError } from './holdfast-error.js'

/**
 * A subscription was refused, not acknowledged in time, or could not be said. It stays remembered, and is said again after
 * the next reconnect.
 */
export class SubscriptionError extends HoldfastError {
  readonly code = 'HOLDFAST_SUBSCRIPTION'
  /** The key that it was added under. */
  readonly key: string
  /** The server refused it; no acknowledgement came in time; or a message or function of it failed. */
  readonly reason: 'refused' | 'timeout' | 'failed'
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
