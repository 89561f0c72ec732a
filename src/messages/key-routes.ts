/**
 * Functions for the `route` option.
 *
 * @packageDocumentation
 */
import { isKey, own, readerOf } from './route.js'
import type { KeyReader, RoutePath } from './route.js'

export type { KeyReader } from './route.js'

/**
 * Routes by two values, such as Discord's `op` and `t`. The key is both values joined with a slash: `'0/READY'`. If only one value is
 * present, the key is that value, unchanged.
 */
export function keyPair(first: RoutePath, second: RoutePath): KeyReader {
  const [readFirst, readSecond] = [readerOf(first), readerOf(second)]
  return (message) => {
    const [one, other] = [readFirst(message), readSecond(message)]
    if (!isKey(one)) return isKey(other) ? other : undefined
    return isKey(other) ? `${one}/${other}` : one
  }
}

/** Routes by which property a message has. The key is the first of `names` that the message has as a property. */
export function keyPresent(...names: readonly string[]): KeyReader {
  return (message) => names.find((name) => own(message, name) !== undefined)
}

/**
 * Routes by one part of a string. For example, with `keyPart('stream', '@', 1)`, the key of `{"stream":"btcusdt@depth@100ms"}` is
 * `'depth'`. Negative positions count from the end. If the string or the part is missing, the message has no key.
 */
export function keyPart(path: RoutePath, separator: string, position: number): KeyReader {
  const read = readerOf(path)
  return (message) => {
    const text = read(message)
    return typeof text === 'string' ? text.split(separator).at(position) : undefined
  }
}
