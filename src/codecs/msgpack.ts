/**
 * Codecs for MessagePack. Requires the package `@msgpack/msgpack`.
 *
 * @packageDocumentation
 */
import { Decoder, Encoder } from '@msgpack/msgpack'
import type { ExtensionCodecType } from '@msgpack/msgpack'
import type { Codec } from './codec.js'

/** Options for `createMsgpackCodec`. */
export interface MsgpackCodecOptions {
  /**
   * Custom types: an `ExtensionCodec` from `@msgpack/msgpack`. By default, timestamps are decoded as `Date`, and a `Date` is encoded as a
   * timestamp.
   */
  readonly extensionCodec?: ExtensionCodecType<undefined> | undefined
  /**
   * Decodes 64-bit integers as BigInt, and encodes BigInt as 64-bit integers. Otherwise, 64-bit integers are decoded as numbers, and
   * encoding a BigInt throws.
   * @default false
   */
  readonly useBigInt64?: boolean | undefined
}

/** Codec for MessagePack in binary frames. A text frame results in a `DecodeError`. */
export const msgpackCodec: Codec = createMsgpackCodec()

/** Creates a MessagePack codec with extension types, or with 64-bit integers as BigInt. */
export function createMsgpackCodec({ extensionCodec, useBigInt64 }: MsgpackCodecOptions = {}): Codec {
  // Undefined properties are omitted, as in JSON.
  const encoder = new Encoder({ extensionCodec, useBigInt64, ignoreUndefined: true })
  const decoder = new Decoder({ extensionCodec, useBigInt64 })
  return {
    isBinary: true,
    encode(message) {
      if (message === undefined) throw new TypeError('MessagePack cannot encode undefined')
      return encoder.encode(message)
    },
    decode(data) {
      if (typeof data === 'string') {
        throw new TypeError(
          'expected a binary frame, received text. Request MessagePack from the server, or use another codec',
        )
      }
      checkSizes(data)
      return decoder.decode(data)
    },
  }
}

/** Maximum nesting depth. A level takes one byte in the frame but about 150 bytes in memory. */
const MOST_LEVELS = 1_024

/** Maximum number of values. An empty map takes one byte in the frame but 64 bytes in memory. */
const MOST_VALUES = 8_388_608

/**
 * Checks, before decoding, that a frame contains as much data as its lengths declare. The decoder allocates an array as soon as it has read
 * the array's length. Without this check, 30 KB of nested array heads would allocate gigabytes.
 *
 * @throws RangeError if the frame ends too early, is nested too deeply, or contains too many values
 */
function checkSizes(bytes: Uint8Array): void {
  const heads = new Heads(bytes)
  const outer: number[] = []
  let left = 1
  let values = 0
  while (left > 0) {
    const items = heads.skip()
    left -= 1
    values += 1
    if (items > 0) {
      outer.push(left)
      left = items
    }
    if (outer.length > MOST_LEVELS) throw new RangeError(`nesting exceeds ${MOST_LEVELS} levels`)
    if (values > MOST_VALUES) throw new RangeError(`data contains more than ${MOST_VALUES} values`)
    while (left === 0 && outer.length > 0) left = outer.pop() as number
  }
}

/** Tables for heads from 0xc0 to 0xdf: the number of length bytes after the head, and the number of data bytes that always follow. */
const LENGTH_BYTES = [
  0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4,
]
const DATA_BYTES = [
  0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17, 0, 0, 0, 0, 0, 0, 0,
]

/** Reads the head of each value in a frame: its type and its length. */
class Heads {
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Skips a head and its data. Returns the number of values nested directly in it. */
  skip(): number {
    const head = this.#view.getUint8(this.#take(1))
    if (head < 0x80 || head >= 0xe0) return 0
    if (head < 0x90) return 2 * (head & 0x0f)
    if (head < 0xa0) return head & 0x0f
    if (head < 0xc0) {
      this.#take(head & 0x1f)
      return 0
    }
    const size = this.#length(LENGTH_BYTES[head - 0xc0] as number)
    if (head >= 0xdc) return head >= 0xde ? 2 * size : size
    this.#take((DATA_BYTES[head - 0xc0] as number) + size)
    return 0
  }

  #length(bytes: number): number {
    const at = this.#take(bytes)
    if (bytes === 0) return 0
    if (bytes === 1) return this.#view.getUint8(at)
    return bytes === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at)
  }

  /** Advances by this many bytes. Returns the position at which they start. */
  #take(bytes: number): number {
    const at = this.#at
    this.#at += bytes
    if (this.#at > this.#view.byteLength)
      throw new RangeError('data is truncated: a declared length exceeds the frame')
    return at
  }
}
