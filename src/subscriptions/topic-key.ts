import { describeValue } from '../core/describe-value.js'

/**
 * Returns what makes two topics the same.
 *
 * @param keyOf the user's function, if there is one
 * @throws TypeError when that returns no key, or when a topic without one cannot be compared
 */
export function topicKey(topic: unknown, keyOf: ((topic: unknown) => unknown) | undefined): string {
  if (keyOf) return checkedKey(keyOf(topic))
  if (typeof topic === 'string') return topic
  const text: unknown = JSON.stringify(topic, withSortedNames)
  if (typeof text === 'string') return text
  throw notComparable(topic)
}

function checkedKey(key: unknown): string {
  if (typeof key === 'string' || typeof key === 'number') return String(key)
  throw new TypeError(`subscriptions.key must return a string, received ${describeValue(key)}`)
}

/** A replacer for `JSON.stringify`, so that the order of names does not count. */
function withSortedNames(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function' || typeof value === 'symbol') throw notComparable(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  // The JSON of a Map or the like lacks its content: two different ones would be the same topic.
  if (prototype !== Object.prototype && prototype !== null) throw notComparable(value)
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function notComparable(value: unknown): TypeError {
  return new TypeError(
    `Cannot compare topics that are or contain ${describeValue(value)}. Use strings and plain objects, or set subscriptions.key`,
  )
}
