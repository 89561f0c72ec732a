import { reasonOf, toError } from '../core/error-text.js'
import { describeDetails } from '../errors/request-errors.js'
import { SubscriptionError } from '../errors/subscription-error.js'

/** The key of one subscription, or of all that have failed together. */
export type FailedKeys = ConstructorParameters<typeof SubscriptionError>[0]

/** Makes the error of a subscription whose message, or function, failed. */
export function failedError(keys: FailedKeys, what: string, thrown: unknown): SubscriptionError {
  return new SubscriptionError(keys, 'failed', `${what}: ${reasonOf(thrown)}`, { cause: toError(thrown) })
}

/**
 * Makes the error of a subscription that the server refused.
 *
 * @param details the message with which it did
 * @param reason what it said of why, if it did
 */
export function refusedError(keys: FailedKeys, details: unknown, reason: unknown): SubscriptionError {
  const why = reason instanceof Error ? reasonOf(reason) : describeDetails(reason)
  const facts = reason instanceof Error ? { details, cause: reason } : { details }
  return new SubscriptionError(
    keys,
    'refused',
    `${wasOrWere(keys)} refused by the server${why && `: ${why}`}`,
    facts,
  )
}

/** @param timeout in milliseconds */
export function timeoutError(keys: FailedKeys, timeout: number): SubscriptionError {
  return new SubscriptionError(
    keys,
    'timeout',
    `${wasOrWere(keys)} not acknowledged within ackTimeout (${timeout} ms)`,
  )
}

/** Makes the error of those who await the acknowledgement of what nobody is subscribed to any more. */
export function unsubscribedError(key: string, why: string): SubscriptionError {
  return new SubscriptionError(key, 'unsubscribed', `was not acknowledged: ${why}`)
}

function wasOrWere(keys: FailedKeys): string {
  return typeof keys === 'string' || keys.length === 1 ? 'was' : 'were'
}
