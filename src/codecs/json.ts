import { describeValue } from '../core/describe-value.js'
import type { Codec } from './codec.js'
import { textOf } from './text.js'

/** JSON in text frames: the default. */
export const jsonCodec: Codec = createJsonCodec()

/** What a JSON codec does beside reading and writing JSON. */
export interface JsonCodecOptions {
  /** Called with each value that is read, as by `JSON.parse`; what it returns takes the value's place. */
  readonly reviver?: ((this: unknown, key: string, value: unknown) => unknown) | undefined
  /** Called with each value that is written, as by `JSON.stringify`; what it returns is written instead. */
  readonly replacer?: ((this: unknown, key: string, value: unknown) => unknown) | undefined
  /** Reads JSON from binary frames, too, where it has to be UTF-8. What is sent is text all the same. @default false */
  readonly binary?: boolean | undefined
}

/** Writes JSON; a BigInt is refused with what to do instead. */
function stringify(message: unknown, replacer: JsonCodecOptions['replacer']): string | undefined {
  try {
    return JSON.stringify(message, replacer)
  } catch (thrown) {
    // The engines differ in their words, and all say what it is.
    if (!(thrown instanceof TypeError) || !thrown.message.includes('BigInt')) throw thrown
    throw new TypeError(
      'JSON cannot encode a BigInt. Convert it to a string, or use sendMessage() with bigintJsonCodec from holdfast/bigint-json',
      { cause: thrown },
    )
  }
}

/** Makes a codec for JSON that revives, replaces, or comes in binary frames. */
export function createJsonCodec({ reviver, replacer, binary }: JsonCodecOptions = {}): Codec {
  return {
    isBinary: binary,
    encode(message) {
      if (ArrayBuffer.isView(message) && !replacer)
        throw new TypeError(
          `JSON cannot encode ${describeValue(message)}. Pass bytes to send(), or return them`,
        )
      const text = stringify(message, replacer)
      if (text === undefined) throw new TypeError(`${describeValue(message)} has no JSON representation`)
      return text
    },
    // Without a reviver, not with one that is undefined: each message is read a little faster so.
    decode: reviver ? (data) => JSON.parse(textOf(data), reviver) as unknown : parse,
  }
}

function parse(data: string | Uint8Array): unknown {
  return JSON.parse(typeof data === 'string' ? data : textOf(data))
}

/** Returns true if a codec reads texts as `JSON.parse` does. */
export function isPlainJson({ decode }: Pick<Codec, 'decode'>): boolean {
  return decode === parse
}
