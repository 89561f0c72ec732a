import { findHeaderMistakes, findProtocolMistakes } from '../connection/request-fields.js'
import { describeValue } from '../core/describe-value.js'
import { findUrlMistake, showUrl } from '../core/url.js'
import type { Mistake } from '../errors/startup-error.js'

/** Returns the mistakes of a `url` option. Functions are checked when they are called. */
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

/** Returns the mistakes of a `protocols` option. Functions are checked when they are called. */
export function checkProtocols(protocols: unknown, place: string): Mistake[] {
  if (typeof protocols === 'function') return []
  return findProtocolMistakes(protocols).map((mistake) => ({ ...mistake, place: place + mistake.place }))
}

/** Returns the mistakes of a `headers` option. Functions are checked when they are called. */
export function checkHeaders(headers: unknown, place: string): Mistake[] {
  if (typeof headers === 'function') return []
  return findHeaderMistakes(headers).map((mistake) => ({ ...mistake, place: place + mistake.place }))
}
