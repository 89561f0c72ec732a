import { describeValue } from '../core/describe-value.js'
import { reasonOf } from '../core/error-text.js'
import { ignore, isThenable } from '../core/thenable.js'
import { EncodeError } from '../errors/message-errors.js'

/** Turns messages into frames and back. A codec that throws loses that one message, never the connection. */
export interface Codec {
  /** Encodes one message: a string goes as a text frame, bytes as a binary one. */
  encode(message: unknown): string | Uint8Array
  /** Decodes one frame: `data` is a string, or bytes where `isBinary`. */
  decode(data: string | Uint8Array, isBinary: boolean): unknown
  /** True when binary frames are messages too; otherwise they go to `@OnBinary` as they are. */
  readonly isBinary?: boolean | undefined
  /**
   * How many bytes the frame that was decoded last unfolded to, where that is more than came: they count for `highWaterBytes`, so that
   * small frames that hold much cannot fill the memory while they wait for a handler.
   */
  readonly decodedBytes?: number | undefined
}

/** Makes the codec of one link, for decoders with a state. */
export type CodecFactory = () => Codec

/** Returns the codec that all links share; `undefined` if each has its own. */
export function sharedCodec(codec: Codec | CodecFactory): Codec | undefined {
  return typeof codec === 'function' ? undefined : codec
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
    throw new EncodeError(`Failed to encode ${describeValue(value)}: ${reasonOf(thrown)}`, { cause: thrown })
  }
  if (typeof data === 'string' || data instanceof Uint8Array) return data
  if (isThenable(data)) ignore(data)
  throw new EncodeError(
    `Failed to encode ${describeValue(value)}: the codec returned ${describeValue(data)}, expected a string or a Uint8Array`,
  )
}
