import { HoldfastError } from './holdfast-error.js'

/**
 * A subscription was refused, not acknowledged in time, or could not be sent. Holdfast keeps it, and sends it again after
 * the next reconnect. `acknowledged` also rejects with it when the last subscriber of the topic unsubscribes.
 */
export class SubscriptionError extends HoldfastError {
  readonly code = 'HOLDFAST_SUBSCRIPTION'
  /** The key that it was added under, or of its topic; the first one of `keys`. */
  readonly key: string
  /** The keys of all topics that it is about: those that one message or acknowledgement has in common are reported together. */
  readonly keys: readonly string[]
  /**
   * The server refused it; no acknowledgement came in time; or a message or function of it failed. `unsubscribed` is never reported: it only
   * rejects `acknowledged`.
   */
  readonly reason: 'refused' | 'timeout' | 'failed' | 'unsubscribed'
  /** The message with which the server refused it. */
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
