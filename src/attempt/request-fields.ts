import { describeValue } from '../core/describe-value.js'
import { capitalized } from '../core/error-text.js'

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
  // A Headers, Map, or array has no properties to read.
  if (typeof headers !== 'object' || headers === null || Symbol.iterator in headers) {
    const fix = "use an object such as { name: 'value' }, or a function that returns one"
    return [{ place: '', cause: `expected an object, received ${describeValue(headers)}`, fix }]
  }
  const given = Object.entries(headers).filter(([, value]) => value !== undefined)
  const names = given.map(([name]) => name.toLowerCase())
  return given.flatMap(([name, value], index) => {
    if (names.indexOf(name.toLowerCase()) === index) return headerMistakes(name, value)
    const fix = 'use one spelling, with an array of values to send the header more than once'
    return [{ place: placeOf(name), cause: 'duplicate header: names are case-insensitive', fix }]
  })
}

/** Headers that belong to the opening handshake (RFC 6455, section 4.1), or that describe a body, which the handshake does not have. */
const RESERVED = /^(connection|upgrade|sec-websocket-.*|content-length|transfer-encoding)$/i

const RESERVED_FIXES: Readonly<Record<string, string>> = {
  'sec-websocket-protocol': 'use the protocols option',
  'sec-websocket-extensions': 'use the compression option',
}

function placeOf(name: string): string {
  // If the name is a whole header line, its value follows a colon.
  return `[${JSON.stringify(name.replace(/:.*/s, ':…'))}]`
}

function headerMistakes(name: string, value: unknown): FieldMistake[] {
  const place = placeOf(name)
  const mistakes: FieldMistake[] = []
  if (!TOKEN.test(name)) {
    const cause = 'invalid header name (RFC 9110, section 5.1)'
    mistakes.push({ place, cause, fix: 'use letters, digits, and hyphens; no spaces or colons' })
  }
  if (RESERVED.test(name)) {
    const cause = 'this header belongs to the opening handshake, so Holdfast sets it'
    mistakes.push({ place, cause, fix: RESERVED_FIXES[name.toLowerCase()] ?? 'remove it' })
  }
  if (Array.isArray(value))
    return [
      ...mistakes,
      ...value.flatMap((each: unknown, index) => valueMistakes(each, `${place}[${index}]`)),
    ]
  return [...mistakes, ...valueMistakes(value, place)]
}

function valueMistakes(value: unknown, place: string): FieldMistake[] {
  if (typeof value === 'string') return findValueMistakes(value, place)
  const cause = `expected a string, received ${describeValue(value)}`
  return [{ place, cause, fix: 'use a string, an array of strings, or undefined to omit the header' }]
}

/** Validates the value of a header and returns the problem found, if any. */
export function findValueMistakes(value: string, place = ''): FieldMistake[] {
  return FORBIDDEN_IN_VALUE.test(value) ? [{ place, ...describeForbidden(value) }] : []
}

function describeForbidden(value: string): Pick<FieldMistake, 'cause' | 'fix'> {
  const index = value.search(FORBIDDEN_IN_VALUE)
  const code = (value.codePointAt(index) ?? 0).toString(16).toUpperCase().padStart(4, '0')
  const cause = `the value contains U+${code} at position ${index}, which HTTP does not allow`
  if (value.trimEnd().length <= index) return { cause, fix: 'remove the trailing line break: value.trim()' }
  return { cause, fix: 'remove line breaks and control characters; encode characters outside Latin-1' }
}

/** Validates the subprotocols of a request and returns the problems found. */
export function findProtocolMistakes(protocols: unknown): FieldMistake[] {
  if (typeof protocols !== 'object' || protocols === null || !('offer' in protocols))
    return listMistakes(protocols, '')
  const { offer, required, ...others } = protocols as Readonly<Record<string, unknown>>
  const mistakes = listMistakes(offer, '.offer')
  if (required !== undefined && typeof required !== 'boolean') {
    const cause = `expected a boolean, received ${describeValue(required)}`
    mistakes.push({ place: '.required', cause, fix: 'use true or false' })
  }
  for (const name of Object.keys(others))
    mistakes.push({ place: `.${name}`, cause: 'unknown option', fix: 'use { offer, required }' })
  return mistakes
}

function listMistakes(protocols: unknown, within: string): FieldMistake[] {
  if (typeof protocols === 'string') return protocolMistakes(protocols, within)
  if (Array.isArray(protocols)) {
    return protocols.flatMap((protocol: unknown, index) => {
      const place = `${within}[${index}]`
      if (protocols.indexOf(protocol) === index) return protocolMistakes(protocol, place)
      return [{ place, cause: 'duplicate subprotocol', fix: 'remove the duplicate' }]
    })
  }
  const fix =
    within === ''
      ? "use 'name', ['one', 'two'], { offer, required: false }, or a function that returns one of these"
      : "use 'name' or ['one', 'two']"
  const cause = `expected a string or an array of strings, received ${describeValue(protocols)}`
  return [{ place: within, cause, fix }]
}

function protocolMistakes(protocol: unknown, place: string): FieldMistake[] {
  if (typeof protocol === 'string' && TOKEN.test(protocol)) return []
  const cause = 'invalid subprotocol name (RFC 6455, section 4.1)'
  return [{ place, cause, fix: 'use letters, digits, and -._~ only; no spaces, commas, or slashes' }]
}

/** Returns the text of an error about several mistakes; `''` if there are none. */
export function describeMistakes(option: string, mistakes: readonly FieldMistake[]): string {
  return mistakes
    .map(({ place, cause, fix }) => `${place && `${option}${place}: `}${cause}. ${capitalized(fix)}`)
    .join('. ')
}
