import { describeValue } from '../core/describe-value.js'
import { reasonOf } from '../core/error-text.js'
import { ignore, isThenable } from '../core/thenable.js'
import { EncodeError } from '../errors/message-errors.js'

/** Encodes messages to frames and decodes frames to messages. If a codec throws, only that message is lost, never the connection. */
export interface Codec {
  /** Encodes one message: return a string to send a text frame, or bytes to send a binary frame. */
  encode(message: unknown): string | Uint8Array
  /** Decodes one frame: `data` is bytes if `isBinary`, otherwise a string. */
  decode(data: string | Uint8Array, isBinary: boolean): unknown
  /** True if the codec also decodes binary frames. Otherwise, they reach `@OnBinary` unchanged. */
  readonly isBinary?: boolean | undefined
  /**
   * Size of the last decoded frame after decompression, in bytes, if larger than the frame itself. Counts toward `highWaterBytes`, so that
   * small frames with large contents cannot exhaust memory while they wait for a handler.
   */
  readonly decodedBytes?: number | undefined
}

/** Creates the codec for one link. Use a factory if the codec is stateful. */
export type CodecFactory = () => Codec

/** Returns the codec that all links share, or `undefined` if each link has its own. */
export function sharedCodec(codec: Codec | CodecFactory): Codec | undefined {
  return typeof codec === 'function' ? undefined : codec
}

/**
 * Encodes a value with a codec.
 *
 * @throws EncodeError if the codec fails
 */
export function encodeWith(codec: Codec, value: unknown): string | Uint8Array {
  let data: unknown
  try {
    data = codec.encode(value)
  } catch (thrown) {
    throw new EncodeError(`Failed to encode ${describeValue(value)}: ${reasonOf(thrown)}`, { cause: thrown })
  }
  if (typeof data === 'string' || data instanceof Uint8Array) return data
  if (isThenable(data)) ignore(data)
  throw new EncodeError(
    `Failed to encode ${describeValue(value)}: the codec returned ${describeValue(data)}, expected a string or a Uint8Array`,
  )
}
