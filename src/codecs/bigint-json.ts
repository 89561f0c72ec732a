import { parse, stringify } from 'lossless-json'
import { jsonCodec } from './json.js'
import type { Codec } from './codec.js'

/**
 * JSON in text frames, whose integers beyond `Number.MAX_SAFE_INTEGER` come as BigInt; all other numbers are numbers. A BigInt is
 * sent as the integer that it is.
 */
export const bigintJsonCodec: Codec = {
  encode(message) {
    // An application may have taught JSON.stringify to write BigInt as text.
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

/** JSON alone refuses a BigInt, and other things: what is wrong with those it says best itself. */
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
 * Finds what may be an integer of 16 digits or more: the smallest that is not safe has 16. Decimals, and strings such as a price, do
 * not begin like one.
 */
const LONG_INTEGER = /(?:^|[\s:,[])-?\d{16}/

const INTEGER = /^-?\d+$/

/** To read a longer one takes a time that grows with the square of its length. */
const MOST_DIGITS = 4_300

function parseNumber(text: string): number | bigint {
  const number = Number(text)
  if (Number.isSafeInteger(number) || !INTEGER.test(text)) return number
  if (text.length > MOST_DIGITS) throw new RangeError(`an integer has more than ${MOST_DIGITS} digits`)
  return BigInt(text)
}
