import { findHeaderMistakes, findProtocolMistakes } from '../connection/request-fields.js'
import { findUrlMistake, redactUrl } from '../core/url.js'
import type { Mistake } from '../errors/startup-error.js'

/** Finds what is wrong with the url. A function is called later. */
export function checkUrl(url: unknown, place: string): Mistake[] {
  if (typeof url === 'function') return []
  if (typeof url !== 'string' && !(url instanceof URL))
    return [{ place, cause: 'is neither a string, a URL, nor a function', fix: "write 'wss://…'" }]
  const text = String(url)
  const problem = findUrlMistake(text)
  if (!problem) return []
  const shown = URL.canParse(text) ? redactUrl(text) : `'${withoutSecrets(text)}'`
  return [{ place, cause: `${shown} ${problem.cause}`, fix: problem.fix }]
}

/** What may be shown of something that is no url: nothing before an @, nothing after a question mark. */
function withoutSecrets(text: string): string {
  return text.replace(/[?#].*$/s, '').replace(/^.*@/s, '')
}

/** Finds subprotocols that no request can carry. A function is called later. */
export function checkProtocols(protocols: unknown, place: string): Mistake[] {
  if (typeof protocols === 'function') return []
  return findProtocolMistakes(protocols).map((mistake) => ({ ...mistake, place: place + mistake.place }))
}

/** Finds headers that no request can carry. A function is called later. */
export function checkHeaders(headers: unknown, place: string): Mistake[] {
  if (typeof headers === 'function') return []
  return findHeaderMistakes(headers).map((mistake) => ({ ...mistake, place: place + mistake.place }))
}
