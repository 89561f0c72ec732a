import { describeValue } from '../core/describe-value.js'
import type { Codec } from './codec.js'
import { textOf } from './text.js'

/** Default codec: JSON in text frames. */
export const jsonCodec: Codec = createJsonCodec()

/** Options for `createJsonCodec`. */
export interface JsonCodecOptions {
  /** Called with each decoded value, like the reviver of `JSON.parse`. Its return value replaces the value. */
  readonly reviver?: ((this: unknown, key: string, value: unknown) => unknown) | undefined
  /** Called with each value to encode, like the replacer of `JSON.stringify`. Its return value is encoded instead. */
  readonly replacer?: ((this: unknown, key: string, value: unknown) => unknown) | undefined
  /** Also decodes JSON from binary frames, which must be UTF-8. Messages are still sent as text. @default false */
  readonly binary?: boolean | undefined
}

/** Encodes JSON. If the message contains a BigInt, the error suggests alternatives. */
function stringify(message: unknown, replacer: JsonCodecOptions['replacer']): string | undefined {
  try {
    return JSON.stringify(message, replacer)
  } catch (thrown) {
    // Every engine words this error differently, but all of them mention BigInt.
    if (!(thrown instanceof TypeError) || !thrown.message.includes('BigInt')) throw thrown
    throw new TypeError(
      'JSON cannot encode a BigInt. Convert it to a string, or use sendMessage() with bigintJsonCodec from holdfast/bigint-json',
      { cause: thrown },
    )
  }
}

/** Creates a JSON codec with a reviver, a replacer, or support for binary frames. */
export function createJsonCodec({ reviver, replacer, binary }: JsonCodecOptions = {}): Codec {
  return {
    isBinary: binary,
    encode(message) {
      if (ArrayBuffer.isView(message) && !replacer)
        throw new TypeError(
          `JSON cannot encode ${describeValue(message)}. Pass bytes to send(), or return them from a handler`,
        )
      const text = stringify(message, replacer)
      if (text === undefined) throw new TypeError(`${describeValue(message)} has no JSON representation`)
      return text
    },
    // Without a reviver, the second argument is omitted, because passing `undefined` would be slightly slower.
    decode: reviver ? (data) => JSON.parse(textOf(data), reviver) as unknown : parse,
  }
}

function parse(data: string | Uint8Array): unknown {
  return JSON.parse(typeof data === 'string' ? data : textOf(data))
}

/** Returns whether a codec parses text exactly as `JSON.parse` does. */
export function isPlainJson({ decode }: Pick<Codec, 'decode'>): boolean {
  return decode === parse
}
