import { findHeaderMistakes, findProtocolMistakes } from '../attempt/request-fields.js'
import { describeValue } from '../core/describe-value.js'
import { findUrlMistake, showUrl } from '../core/url.js'
import type { Mistake } from '../errors/startup-error.js'

/** Validates a `url` option and returns the problems found. If it is a function, its result is validated on every call. */
export function checkUrl(url: unknown, place: string): Mistake[] {
  if (typeof url === 'function') return []
  if (typeof url !== 'string' && !(url instanceof URL))
    return [
      {
        place,
        cause: `expected a string, a URL or a function, received ${describeValue(url)}`,
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
