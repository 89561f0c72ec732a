import { syncAnswer } from '../core/thenable.js'

/** One way to a message's key: a path of properties, a position in an array, or a function of the message. */
export type RoutePath = string | number | ((message: unknown) => unknown)

/** Where a message's key is: one way, or several of which the first that finds a key counts. */
export type Route = RoutePath | readonly RoutePath[]

/** Reads a message's key. */
export type Reader = (message: unknown) => unknown

/**
 * Makes the function that reads a message's key.
 *
 * `'type'` is a property, `'data.e'` a property within a property, `0` and `-2` are positions in an array, from its beginning and
 * from its end; positions may be parts of a path, too: `'params.0'`.
 *
 * @param option the option that it was given to, for the error of a function that returns a promise
 */
export function readerOf(route: Route, option = 'route'): Reader {
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

/** Many connections are routed in few ways, so they share what reads. */
const known = new Map<string | number, Reader>()

function knownReader(path: string | number): Reader {
  let read = known.get(path)
  if (!read) {
    read = typeof path === 'number' ? (message) => step(message, path) : pathReader(path)
    known.set(path, read)
  }
  return read
}

/** Tells whether a message's key is in a property of the message itself. */
export function isProperty(route: Route): route is string {
  return typeof route === 'string' && isName(route)
}

function pathReader(path: string): Reader {
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

/** What a peer sends must not reach what all objects inherit. */
export function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const found = (value as Record<string, unknown>)[name]
  // No prototype of the language has text or a number to inherit, and to ask whose a property is costs more than to read it.
  return isKey(found) || Object.hasOwn(value, name) ? found : undefined
}
