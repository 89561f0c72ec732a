import { findHeaderMistakes, findProtocolMistakes, findValueMistakes } from '../attempt/request-fields.js'
import { describeValue } from '../core/describe-value.js'
import { findUrlMistake, showUrl } from '../core/url.js'
import type { Mistake } from '../errors/startup-error.js'
import { hasMethods, shown } from './rules.js'

/** Validates a `url` option and returns the problems found. If it is a function, its result is validated on every call. */
export function checkUrl(url: unknown, place: string): Mistake[] {
  if (typeof url === 'function') return []
  if (typeof url !== 'string' && !(url instanceof URL))
    return [
      {
        place,
        cause: `expected a string, a URL, or a function, received ${describeValue(url)}`,
        fix: "use 'wss://…'",
      },
    ]
  const text = String(url)
  const problem = findUrlMistake(text)
  return problem ? [{ place, cause: `${showUrl(text)} ${problem.cause}`, fix: problem.fix }] : []
}

/** Validates a `protocols` option and returns the problems found. If it is a function, its result is validated on every call. */
export function checkProtocols(protocols: unknown, place: string): Mistake[] {
  if (typeof protocols === 'function') return []
  return findProtocolMistakes(protocols).map((mistake) => ({ ...mistake, place: place + mistake.place }))
}

/** Validates a `headers` option and returns the problems found. If it is a function, its result is validated on every call. */
export function checkHeaders(headers: unknown, place: string): Mistake[] {
  if (typeof headers === 'function') return []
  return findHeaderMistakes(headers).map((mistake) => ({ ...mistake, place: place + mistake.place }))
}

/** Returns a check for an option that is the value of one header. */
export function checkHeaderValue(fix: string): (value: unknown, place: string) => Mistake[] {
  return (value, place) =>
    typeof value === 'string'
      ? findValueMistakes(value, place)
      : [{ place, cause: `expected a string, received ${describeValue(value)}`, fix }]
}

export function checkRedirects(value: unknown, place: string): Mistake[] {
  if (typeof value === 'boolean' || (Number.isSafeInteger(value) && (value as number) >= 1)) return []
  const cause = `expected a boolean or a positive integer, received ${shown(value)}`
  return [{ place, cause, fix: 'use true, false, or the maximum number of redirects' }]
}

export function checkCookies(value: unknown, place: string): Mistake[] {
  if (hasMethods(value, 'get', 'set')) return []
  const cause = `expected an object with get and set, received ${describeValue(value)}`
  return [{ place, cause, fix: 'use { get: (url) => …, set: (url, setCookie) => … }' }]
}
