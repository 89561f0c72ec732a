import { EncodeError, reasonOf } from './errors.js'

/** Turns messages into frames and back. A codec that throws loses that one message, never the connection. */
export interface Codec {
  /** Encodes one message: a string goes as a text frame, bytes as a binary one. */
  encode(message: unknown): string | Uint8Array
  /** Decodes one frame: `data` is a string, or bytes where `isBinary`. */
  decode(data: string | Uint8Array, isBinary: boolean): unknown
  /** True when binary frames are messages too; otherwise they go to `@OnBinary` as they are. */
  readonly isBinary?: boolean
}

/** JSON in text frames: the default. */
export const jsonCodec: Codec = {
  encode(message) {
    const text = JSON.stringify(message) as string | undefined
    if (text === undefined) throw new TypeError(`JSON has no text for ${describeValue(message)}`)
    return text
  },
  decode: (data) => JSON.parse(data as string) as unknown,
}

/** Names what kind of value it is, for error messages; never its contents. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'function') return value.name ? `the function ${value.name}` : 'a function'
  if (typeof value !== 'object') return value === undefined ? 'undefined' : `a ${typeof value}`
  const name = (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name
  if (Array.isArray(value)) return 'an array'
  return !name || name === 'Object' ? 'a plain object' : `an instance of ${name}`
}

/**
 * Encodes a value with a codec.
 *
 * @throws EncodeError when the codec cannot
 */
export function encodeWith(codec: Codec, value: unknown): string | Uint8Array {
  try {
    return codec.encode(value)
  } catch (thrown) {
    throw new EncodeError(`Could not encode ${describeValue(value)}: ${reasonOf(thrown)}`, { cause: thrown })
  }
}
