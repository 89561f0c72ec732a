import { describeValue } from '../core/describe-value.js'

/** An invalid header or subprotocol. Never contains the value, which may be a token. */
export interface FieldMistake {
  /** Location within the option, such as `['x-token']` or `[1]`; empty for the option itself. */
  readonly place: string
  readonly cause: string
  readonly fix: string
}

/** Token as defined in RFC 9110, section 5.6.2: the syntax of header names and of subprotocols (RFC 6455, section 4.1). */
const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/

/**
 * Matches a character that is not allowed in a header value. All of Latin-1 except control characters is allowed (RFC 9110, section 5.5).
 */
const FORBIDDEN_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/

/** Validates the headers of a request and returns the problems found. A header whose value is `undefined` is not sent. */
export function findHeaderMistakes(headers: unknown): FieldMistake[] {
  // A Headers, Map or array has no properties to read.
  if (typeof headers !== 'object' || headers === null || Symbol.iterator in headers) {
    const fix = "use an object such as { name: 'value' }, or a function that returns one"
    return [{ place: '', cause: `expected an object, received ${describeValue(headers)}`, fix }]
  }
  return Object.entries(headers).flatMap(([name, value]) => headerMistakes(name, value))
}

function headerMistakes(name: string, value: unknown): FieldMistake[] {
  if (value === undefined) return []
  // If the name is a whole header line, its value follows a colon.
  const place = `[${JSON.stringify(name.replace(/:.*/s, ':…'))}]`
  const mistakes: FieldMistake[] = []
  if (!TOKEN.test(name)) {
    const cause = 'invalid header name (RFC 9110, section 5.1)'
    mistakes.push({ place, cause, fix: 'use letters, digits and hyphens; no spaces or colons' })
  }
  if (typeof value !== 'string') {
    const cause = `expected a string, received ${describeValue(value)}`
    mistakes.push({ place, cause, fix: 'use a string, or undefined to omit the header' })
  } else if (FORBIDDEN_IN_VALUE.test(value)) mistakes.push({ place, ...describeForbidden(value) })
  return mistakes
}

function describeForbidden(value: string): Pick<FieldMistake, 'cause' | 'fix'> {
  const index = value.search(FORBIDDEN_IN_VALUE)
  const code = (value.codePointAt(index) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  const cause = `the value contains U+${code} at position ${index}, which HTTP does not allow`
  if (value.trimEnd().length <= index) return { cause, fix: 'remove the trailing line break: value.trim()' }
  return { cause, fix: 'remove line breaks and control characters; encode characters outside Latin-1' }
}

/** Validates the subprotocols of a request, a name or an array of names, and returns the problems found. */
export function findProtocolMistakes(protocols: unknown): FieldMistake[] {
  if (typeof protocols === 'string') return protocolMistakes(protocols, '')
  if (Array.isArray(protocols)) {
    return protocols.flatMap((protocol: unknown, index) => {
      const place = `[${index}]`
      if (protocols.indexOf(protocol) === index) return protocolMistakes(protocol, place)
      return [{ place, cause: 'duplicate subprotocol', fix: 'remove the duplicate' }]
    })
  }
  const fix = "use 'name', ['one', 'two'], or a function that returns one of these"
  const cause = `expected a string or an array of strings, received ${describeValue(protocols)}`
  return [{ place: '', cause, fix }]
}

function protocolMistakes(protocol: unknown, place: string): FieldMistake[] {
  if (typeof protocol === 'string' && TOKEN.test(protocol)) return []
  const cause = 'invalid subprotocol name (RFC 6455, section 4.1)'
  return [{ place, cause, fix: 'use letters, digits and -._~ only; no spaces, commas or slashes' }]
}
