// The entry holdfast/routes: ways to a message's key, for the `route` option.
import { isKey, own, readerOf } from './route.js'
import type { Reader, RoutePath } from './route.js'

/**
 * Routes by two things at once, such as Discord's `op` and `t`: the key is both with a slash between them, `'0/READY'`; where only
 * one of them is there, it is that one, as it is.
 */
export function keyPair(first: RoutePath, second: RoutePath): Reader {
  const [readFirst, readSecond] = [readerOf(first), readerOf(second)]
  return (message) => {
    const [one, other] = [readFirst(message), readSecond(message)]
    if (!isKey(one)) return isKey(other) ? other : undefined
    return isKey(other) ? `${one}/${other}` : one
  }
}

/** Routes by which of these properties a message has: the key is the name of the first that is there. */
export function keyPresent(...names: readonly string[]): Reader {
  return (message) => names.find((name) => own(message, name) !== undefined)
}

/**
 * Routes by one part of a text that says several things at once: with `keyPart('stream', '@', 1)` the key of
 * `{"stream":"btcusdt@depth@100ms"}` is `'depth'`. Positions below 0 count from the end. Where there is no text, or no such
 * part of it, there is no key.
 */
export function keyPart(path: RoutePath, separator: string, position: number): Reader {
  const read = readerOf(path)
  return (message) => {
    const text = read(message)
    return typeof text === 'string' ? text.split(separator).at(position) : undefined
  }
}
