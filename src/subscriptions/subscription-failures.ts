import { reasonOf, toError } from '../core/error-text.js'
import { describeDetails } from '../errors/request-errors.js'
import { SubscriptionError } from '../errors/subscription-error.js'

/** The key of one subscription, or the keys of all subscriptions that failed together. */
export type FailedKeys = ConstructorParameters<typeof SubscriptionError>[0]

/** Returns the error for subscriptions whose message could not be created or sent. */
export function unsentError(keys: FailedKeys, thrown: unknown): SubscriptionError {
  return failedError(keys, `Failed to send ${nounFor(keys)} ${listOf(keys)}`, thrown)
}

/** Returns the error for subscriptions whose `unsubscribe` message could not be created or sent. */
export function unsubscribeError(keys: FailedKeys, thrown: unknown): SubscriptionError {
  return failedError(keys, `Failed to unsubscribe from ${listOf(keys)}`, thrown)
}

/** Returns the error for a subscription whose `ack` function threw. */
export function ackError(key: string, thrown: unknown): SubscriptionError {
  return failedError(key, `The ack function of subscription ${listOf(key)} threw`, thrown)
}

/** Returns the error for a subscription whose `id` function threw or returned an invalid ID. */
export function idError(key: string, thrown: unknown): SubscriptionError {
  return failedError(key, `The id function of subscription ${listOf(key)} failed`, thrown)
}

function failedError(keys: FailedKeys, what: string, thrown: unknown): SubscriptionError {
  return new SubscriptionError(keys, 'failed', `${what}: ${reasonOf(thrown)}`, { cause: toError(thrown) })
}

/**
 * Returns the error for subscriptions that the server rejected.
 *
 * @param details the message that rejected them
 * @param reason the server's reason, if it gave one
 */
export function refusedError(keys: FailedKeys, details: unknown, reason: unknown): SubscriptionError {
  const why = reason instanceof Error ? reasonOf(reason) : describeDetails(reason)
  const facts = reason instanceof Error ? { details, cause: reason } : { details }
  const message = `Server rejected ${nounFor(keys)} ${listOf(keys)}${why && `: ${why}`}`
  return new SubscriptionError(keys, 'refused', message, facts)
}

/** @param timeout in milliseconds */
export function timeoutError(keys: FailedKeys, timeout: number): SubscriptionError {
  const [noun, verb] = isOne(keys) ? ['Subscription', 'was'] : ['Subscriptions', 'were']
  const message = `${noun} ${listOf(keys)} ${verb} not acknowledged within ${timeout} ms (ackTimeout)`
  return new SubscriptionError(keys, 'timeout', message)
}

/** Returns the error that rejects `acknowledged` when the topic has no subscribers left. */
export function unsubscribedError(key: string, why: string): SubscriptionError {
  const message = `Subscription ${listOf(key)} was not acknowledged: ${why}`
  return new SubscriptionError(key, 'unsubscribed', message)
}

function nounFor(keys: FailedKeys): string {
  return isOne(keys) ? 'subscription' : 'subscriptions'
}

function isOne(keys: FailedKeys): boolean {
  return typeof keys === 'string' || keys.length === 1
}

/** Maximum number of keys that an error message lists. Other keys are only counted. */
const MAX_NAMED = 3

function listOf(keys: FailedKeys): string {
  const all = typeof keys === 'string' ? [keys] : keys
  const named = all.slice(0, MAX_NAMED).map((key) => JSON.stringify(key))
  const rest = all.length - named.length
  return `${named.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
}
