import { describeValue } from '../core/describe-value.js'

/**
 * Returns the key of a topic. Topics with the same key are treated as the same topic.
 *
 * @param keyOf the `subscriptions.key` function, if it is set
 * @throws TypeError if `keyOf` returns an invalid key, or if there is no `keyOf` and the topic cannot be compared
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

/** Replacer for `JSON.stringify` that sorts property names. */
function withSortedNames(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function' || typeof value === 'symbol') throw notComparable(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  // The JSON of a Map does not include its content, so different Maps would have the same key.
  if (prototype !== Object.prototype && prototype !== null) throw notComparable(value)
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function notComparable(value: unknown): TypeError {
  return new TypeError(
    `Cannot compare topics that are or contain ${describeValue(value)}. Use strings and plain objects, or set subscriptions.key`,
  )
}
