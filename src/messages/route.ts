import { syncAnswer } from '../core/thenable.js'

/** Location of a message's key: a property path, an array index, or a function that returns the key. */
export type RoutePath = string | number | ((message: unknown) => unknown)

/** One or more locations of a message's key. The first location that contains a key is used. */
export type Route = RoutePath | readonly RoutePath[]

/** Reads a message's key. */
export type KeyReader = (message: unknown) => unknown

/**
 * Returns the function that reads a message's key.
 *
 * `'type'` is a property, and `'data.e'` is a nested property. `0` and `-2` are array indexes, counted from the start and from the end.
 * Paths can also contain indexes, for example `'params.0'`.
 *
 * @param option name of the option, used in the error if a function returns a promise
 */
export function readerOf(route: Route, option = 'route'): KeyReader {
  if (typeof route === 'function') return (message) => syncAnswer(route(message), `The ${option} function`)
  if (typeof route === 'number' || typeof route === 'string') return knownReader(route)
  const readers = route.map((each) => readerOf(each, option))
  return (message) => {
    for (const read of readers) {
      const key = read(message)
      if (isKey(key)) return key
    }
    return undefined
  }
}

export function isKey(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

/** Readers by path. All connections share them, because many connections use the same few paths. */
const known = new Map<string | number, KeyReader>()

function knownReader(path: string | number): KeyReader {
  let read = known.get(path)
  if (!read) {
    read = typeof path === 'number' ? (message) => step(message, path) : pathReader(path)
    known.set(path, read)
  }
  return read
}

/** Returns whether the key is a top-level property of the message. */
export function isProperty(route: Route): route is string {
  return typeof route === 'string' && isName(route)
}

function pathReader(path: string): KeyReader {
  if (isName(path)) return (message) => own(message, path)
  const steps = path.split('.').map((name) => (isPosition(name) ? Number(name) : name))
  return (message) => {
    let value = message
    for (const each of steps) value = step(value, each)
    return value
  }
}

function isName(path: string): boolean {
  return !path.includes('.') && !isPosition(path)
}

function isPosition(name: string): boolean {
  return /^(0|-?[1-9]\d*)$/.test(name)
}

function step(value: unknown, name: string | number): unknown {
  if (typeof name === 'number' && Array.isArray(value)) return value.at(name)
  return own(value, String(name))
}

/** Returns an own property; `undefined` if the property is missing or inherited. */
export function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const found = (value as Record<string, unknown>)[name]
  // Built-in prototypes have no string or number properties to inherit, and checking ownership costs more than reading the property.
  return isKey(found) || Object.hasOwn(value, name) ? found : undefined
}
