import type { Mistake } from '../errors/startup-error.js'
import { checkFlag, isObject, shown, unknownNames } from './rules.js'
import { checkRoute } from './validate-route.js'
import type { Route } from '../messages/route.js'

/** Handles messages with the same key one after another, and messages with different keys at the same time. */
export interface KeyedConcurrency {
  /**
   * Location of a message's key. Messages with the same key stay in order. Accepts the same values as `route`: a property, a path, a
   * position in an array, a function, or an array of these. Can also be a method with `@ClientOption('concurrency.key')`.
   */
  readonly key?: Route | undefined
  /** Maximum number of messages handled at once, across all keys. @default Infinity */
  readonly limit?: number | undefined
  /**
   * Whether to keep only the newest queued message for each key, even if the messages differ in other ways. `connection.stats.conflated`
   * counts the messages that were replaced. Messages without a key are never replaced.
   *
   * @default false
   */
  readonly conflate?: boolean | undefined
}

/** The `concurrency` option with all defaults filled in. A number applies to all messages, regardless of their keys. */
export type ConcurrencySettings = number | Required<KeyedConcurrency>

export const KEYED_CONCURRENCY_DEFAULTS = { limit: Infinity, conflate: false } as const

const NAMES = ['key', 'limit', 'conflate']
const PLACE = 'options.concurrency'

export function fillInConcurrency(option: number | KeyedConcurrency): ConcurrencySettings {
  if (typeof option === 'number') return option
  const { limit, conflate } = KEYED_CONCURRENCY_DEFAULTS
  // checkConcurrency has ensured that there is a key.
  return { key: option.key as Route, limit: option.limit ?? limit, conflate: option.conflate ?? conflate }
}

/** Validates a `concurrency` option and returns the problems found. */
export function checkConcurrency(option: unknown): Mistake[] {
  if (isLimit(option)) return []
  if (!isObject(option) || Array.isArray(option)) {
    const cause = `expected a positive integer or an object, received ${shown(option)}`
    return [{ place: PLACE, cause, fix: 'use 1 or more, Infinity, or { key, limit, conflate }' }]
  }
  const { key, limit, conflate } = option
  const mistakes = [...unknownNames(option, PLACE, NAMES), ...checkKey(key)]
  if (limit !== undefined && !isLimit(limit)) {
    const cause = `expected a positive integer, received ${shown(limit)}`
    mistakes.push({ place: `${PLACE}.limit`, cause, fix: 'use 1 or more, or Infinity for no limit' })
  }
  return [...mistakes, ...checkFlag(conflate, `${PLACE}.conflate`)]
}

function isLimit(value: unknown): boolean {
  return value === Infinity || (Number.isSafeInteger(value) && (value as number) >= 1)
}

function checkKey(key: unknown): Mistake[] {
  if (key !== undefined) return checkRoute(key, `${PLACE}.key`)
  const fix = "add key: 'symbol', or use a number to limit all messages"
  return [{ place: PLACE, cause: 'key is missing', fix }]
}
