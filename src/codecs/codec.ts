import { EncodeError, reasonOf } from '../errors/errors.js'

/** Turns messages into frames and back. A codec that throws loses that one message, never the connection. */
export interface Codec {
  /** Encodes one message: a string goes as a text frame, bytes as a binary one. */
  encode(message: unknown): string | Uint8Array
  /** Decodes one frame: `data` is a string, or bytes where `isBinary`. */
  decode(data: string | Uint8Array, isBinary: boolean): unknown
  /** True when binary frames are messages too; otherwise they go to `@OnBinary` as they are. */
  readonly isBinary?: boolean
  /**
   * How many bytes the frame that was decoded last unfolded to, where that is more than came: they count for `highWaterBytes`, so that
   * small frames that hold much cannot fill the memory while they wait for a handler.
   */
  readonly unfoldedBytes?: number
}

/** JSON in text frames: the default. */
export const jsonCodec: Codec = createJsonCodec()

/** What a JSON codec does beside reading and writing JSON. */
export interface JsonCodecOptions {
  /** Called with each value that is read, as by `JSON.parse`; what it returns takes the value's place. */
  readonly reviver?: (this: unknown, key: string, value: unknown) => unknown
  /** Called with each value that is written, as by `JSON.stringify`; what it returns is written instead. */
  readonly replacer?: (this: unknown, key: string, value: unknown) => unknown
  /** Reads JSON from binary frames, too, where it has to be UTF-8. What is sent is text all the same. @default false */
  readonly binary?: boolean
}

/** Makes a codec for JSON that revives, replaces, or comes in binary frames. */
export function createJsonCodec({ reviver, replacer, binary }: JsonCodecOptions = {}): Codec {
  return {
    isBinary: binary,
    encode(message) {
      const text = JSON.stringify(message, replacer) as string | undefined
      if (text === undefined) throw new TypeError(`JSON has no text for ${describeValue(message)}`)
      return text
    },
    // Without a reviver, not with one that is undefined: each message is read a little faster so.
    decode: reviver
      ? (data) => JSON.parse(textOf(data), reviver) as unknown
      : (data) => JSON.parse(textOf(data)) as unknown,
  }
}

/** Text frames as they are: a message is a string. Binary frames go to `@OnBinary`. */
export const textCodec: Codec = {
  encode(message) {
    if (typeof message === 'string') return message
    throw new TypeError(`textCodec sends strings, and this is ${describeValue(message)}`)
  },
  decode: (data) => data,
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Returns the text of a frame.
 *
 * @throws TypeError where bytes are no UTF-8
 */
export function textOf(data: string | Uint8Array): string {
  return typeof data === 'string' ? data : utf8.decode(data)
}

/** Names what kind of value it is, for error messages; never its contents. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'function') return value.name ? `the function ${value.name}` : 'a function'
  if (typeof value !== 'object') return value === undefined ? 'undefined' : `a ${typeof value}`
  if (Array.isArray(value)) return 'an array'
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name
  if (name && name !== 'Object') return `an instance of ${name}`
  // Generators have no class that would have a name.
  const { [Symbol.toStringTag]: tag } = value as { [Symbol.toStringTag]?: unknown }
  return typeof tag === 'string' ? `an instance of ${tag}` : 'a plain object'
}

/**
 * Encodes a value with a codec.
 *
 * @throws EncodeError when the codec cannot
 */
export function encodeWith(codec: Codec, value: unknown): string | Uint8Array {
  let data: unknown
  try {
    data = codec.encode(value)
  } catch (thrown) {
    throw new EncodeError(`Could not encode ${describeValue(value)}: ${reasonOf(thrown)}`, { cause: thrown })
  }
  if (typeof data === 'string' || data instanceof Uint8Array) return data
  throw new EncodeError(
    `Could not encode ${describeValue(value)}: encode of the codec returned ${describeValue(data)}, and has to return a string or a Uint8Array`,
  )
}
