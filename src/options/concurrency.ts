import type { Mistake } from '../errors/startup-error.js'
import { checkFlag, isObject, shown, unknownNames } from './rules.js'
import { checkRoute } from './validate-route.js'
import type { Route } from '../messages/route.js'

/** Messages of one key are handled one after another, those of different keys at the same time. */
export interface KeyedConcurrency {
  /**
   * Messages of one key stay in order. It is found as `route` finds a message's key: a property, a path, a position, a function, or a list
   * of these; or by a method with `@ClientOption('concurrency.key')`.
   */
  readonly key?: Route | undefined
  /** How many may be handled at once, all keys together. @default Infinity */
  readonly limit?: number | undefined
  /**
   * Hands over only the newest of those that wait for their key, whatever else sets them apart; `connection.stats.conflated` counts
   * the others. What has no key is never skipped.
   *
   * @default false
   */
  readonly conflate?: boolean | undefined
}

/** The same with every default filled in; a number is so many at once, whatever their keys. */
export type ConcurrencySettings = number | Required<KeyedConcurrency>

export const KEYED_CONCURRENCY_DEFAULTS = { limit: Infinity, conflate: false } as const

const NAMES = ['key', 'limit', 'conflate']
const PLACE = 'options.concurrency'

export function fillInConcurrency(option: number | KeyedConcurrency): ConcurrencySettings {
  if (typeof option === 'number') return option
  const { limit, conflate } = KEYED_CONCURRENCY_DEFAULTS
  // The check has found a key.
  return { key: option.key as Route, limit: option.limit ?? limit, conflate: option.conflate ?? conflate }
}

/** Finds what is wrong with the option. */
export function checkConcurrency(option: unknown): Mistake[] {
  if (isLimit(option)) return []
  if (!isObject(option) || Array.isArray(option)) {
    const fix = 'give a whole number from 1, Infinity, or { key, limit, conflate }'
    return [{ place: PLACE, cause: `is ${shown(option)}`, fix }]
  }
  const { key, limit, conflate } = option
  const mistakes = [...unknownNames(option, PLACE, NAMES), ...checkKey(key)]
  if (limit !== undefined && !isLimit(limit)) {
    const fix = 'give a whole number from 1, or Infinity'
    mistakes.push({ place: `${PLACE}.limit`, cause: `is ${shown(limit)}`, fix })
  }
  return [...mistakes, ...checkFlag(conflate, `${PLACE}.conflate`)]
}

function isLimit(value: unknown): boolean {
  return value === Infinity || (Number.isSafeInteger(value) && (value as number) >= 1)
}

function checkKey(key: unknown): Mistake[] {
  if (key !== undefined) return checkRoute(key, `${PLACE}.key`)
  const fix =
    "give the name of a property, such as 'symbol', or a function; without keys, give a number alone"
  return [{ place: PLACE, cause: 'has no key', fix }]
}
