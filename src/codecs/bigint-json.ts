/**
 * Codec for JSON with integers of any size. Requires the package `lossless-json`.
 *
 * @packageDocumentation
 */
import { parse, stringify } from 'lossless-json'
import { jsonCodec } from './json.js'
import type { Codec } from './codec.js'

/**
 * Codec for JSON in text frames. Decodes integers beyond `Number.MAX_SAFE_INTEGER` as BigInt, and all other numbers as `number`. Encodes a
 * BigInt as an integer.
 */
export const bigintJsonCodec: Codec = {
  encode(message) {
    // An application may have added BigInt.prototype.toJSON to encode BigInt as a string.
    if ('toJSON' in BigInt.prototype) return stringify(message) ?? jsonCodec.encode(message)
    try {
      return jsonCodec.encode(message)
    } catch (thrown) {
      return encodeBigInts(message, thrown)
    }
  },
  decode(data) {
    const text = data as string
    if (!LONG_INTEGER.test(text)) return JSON.parse(text) as unknown
    return parse(text, undefined, { parseNumber, onDuplicateKey: ({ newValue }) => newValue })
  },
}

/**
 * Encodes a message that JSON.stringify rejected. If BigInt was not the problem, rethrows the original error, which is more informative.
 */
function encodeBigInts(message: unknown, refusal: unknown): string {
  let text: string | undefined
  try {
    text = stringify(message)
  } catch {
    throw refusal
  }
  if (text === undefined) throw refusal
  return text
}

/**
 * Matches text that may contain an integer of 16 digits or more: the smallest unsafe integer has 16. Ordinary decimals, and strings that
 * contain a price, do not match.
 */
const LONG_INTEGER = /(?:^|[\s:,[])-?\d{16}/

const INTEGER = /^-?\d+$/

/** Maximum number of digits in an integer. Parsing time grows with the square of the length. */
const MOST_DIGITS = 4_300

function parseNumber(text: string): number | bigint {
  const number = Number(text)
  if (Number.isSafeInteger(number) || !INTEGER.test(text)) return number
  if (text.length > MOST_DIGITS) throw new RangeError(`an integer has more than ${MOST_DIGITS} digits`)
  return BigInt(text)
}
