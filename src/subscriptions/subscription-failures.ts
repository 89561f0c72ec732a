import { reasonOf, toError } from '../core/error-text.js'
import { describeDetails } from '../errors/request-errors.js'
import { SubscriptionError } from '../errors/subscription-error.js'

/** Makes the error of a subscription whose message, or function, failed. */
export function failedError(key: string, what: string, thrown: unknown): SubscriptionError {
  return new SubscriptionError(key, 'failed', `${what}: ${reasonOf(thrown)}`, { cause: toError(thrown) })
}

/**
 * Makes the error of a subscription that the server refused.
 *
 * @param details the message with which it did
 * @param reason what it said of why, if it did
 */
export function refusedError(key: string, details: unknown, reason: unknown): SubscriptionError {
  const why = reason instanceof Error ? reasonOf(reason) : describeDetails(reason)
  const facts = reason instanceof Error ? { details, cause: reason } : { details }
  return new SubscriptionError(key, 'refused', `was refused by the server${why && `: ${why}`}`, facts)
}

/** @param timeout in milliseconds */
export function timeoutError(key: string, timeout: number): SubscriptionError {
  return new SubscriptionError(key, 'timeout', `was not acknowledged within ackTimeout (${timeout} ms)`)
}

/** Makes the error of those who await the acknowledgement of what nobody is subscribed to any more. */
export function unsubscribedError(key: string, why: string): SubscriptionError {
  return new SubscriptionError(key, 'unsubscribed', `was not acknowledged: ${why}`)
}
