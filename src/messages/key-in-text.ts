/** Maximum number of characters to search for the key. */
const MOST = 128

const TAB = 0x09
const LINE_FEED = 0x0a
const RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d

const NOT_FOUND = -1

/** A message's key, and its position in the text. */
export interface KeyInText {
  readonly value: string | number
  readonly at: number
}

/**
 * Finds a message's key near the start of its JSON text. The key must be a string or a number. The key and the properties before it must
 * not contain objects, arrays, escapes or exponents.
 *
 * @returns `undefined` if the key is not found this way, so the text must be parsed. Text after the key is not checked.
 */
export function keyInText(text: string, property: string): KeyInText | undefined {
  const limit = Math.min(text.length, MOST)
  let at = afterMark(text, skipSpace(text, 0, limit), limit, OPENING_BRACE)
  while (at !== NOT_FOUND) {
    const nameEnd = endOfText(text, at, limit)
    const isKey = nameEnd - at === property.length + 2 && text.startsWith(property, at + 1)
    const value = afterMark(text, skipSpace(text, nameEnd, limit), limit, COLON)
    const end = endOfScalar(text, value, limit)
    const next = skipSpace(text, end, limit)
    const mark = codeAt(text, next, limit)
    if (isKey) return mark === COMMA || mark === CLOSING_BRACE ? keyAt(text, value, end) : undefined
    at = afterMark(text, next, limit, COMMA)
  }
  return undefined
}

/** Returns the string or number at a position; `undefined` for any other value. */
function keyAt(text: string, at: number, end: number): KeyInText | undefined {
  const first = text.charCodeAt(at)
  if (first === QUOTE) return { value: text.slice(at + 1, end - 1), at }
  return first === MINUS || isDigit(first) ? { value: Number(text.slice(at, end)), at } : undefined
}

// If the position passed to the functions below is `NOT_FOUND`, they return `NOT_FOUND`.

/** Returns the character code at a position; `NOT_FOUND` at the limit. */
function codeAt(text: string, at: number, limit: number): number {
  return at >= 0 && at < limit ? text.charCodeAt(at) : NOT_FOUND
}

function skipSpace(text: string, from: number, limit: number): number {
  let at = from
  while (isSpace(codeAt(text, at, limit))) at += 1
  return at
}

function isSpace(code: number): boolean {
  return code <= SPACE && (code === SPACE || code === LINE_FEED || code === RETURN || code === TAB)
}

/** Returns the position of the token after an expected mark; `NOT_FOUND` if the mark is missing. */
function afterMark(text: string, at: number, limit: number, mark: number): number {
  return codeAt(text, at, limit) === mark ? skipSpace(text, at + 1, limit) : NOT_FOUND
}

function endOfScalar(text: string, from: number, limit: number): number {
  const first = codeAt(text, from, limit)
  if (first === QUOTE) return endOfText(text, from, limit)
  if (first === MINUS || isDigit(first)) return endOfNumber(text, from, limit)
  const literal = LITERALS.find((each) => text.startsWith(each, from))
  return literal && from >= 0 ? from + literal.length : NOT_FOUND
}

const LITERALS = ['true', 'false', 'null']

/** Returns the position after the closing quote of a string; `NOT_FOUND` if the string contains escapes. */
function endOfText(text: string, from: number, limit: number): number {
  if (codeAt(text, from, limit) !== QUOTE) return NOT_FOUND
  for (let at = from + 1; at < limit; at += 1) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at + 1
    if (code === BACKSLASH || code < SPACE) break
  }
  return NOT_FOUND
}

/** Returns the position after the digits of a number. Does not recognize exponents. */
function endOfNumber(text: string, from: number, limit: number): number {
  const first = codeAt(text, from, limit) === MINUS ? from + 1 : from
  const end = endOfDigits(text, first, limit)
  // No digit may follow a leading zero.
  if (end === first || (end > first + 1 && text.charCodeAt(first) === ZERO)) return NOT_FOUND
  if (codeAt(text, end, limit) !== POINT) return end
  const fractionEnd = endOfDigits(text, end + 1, limit)
  return fractionEnd > end + 1 ? fractionEnd : NOT_FOUND
}

function endOfDigits(text: string, from: number, limit: number): number {
  let at = from
  while (isDigit(codeAt(text, at, limit))) at += 1
  return at
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}
