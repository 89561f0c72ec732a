import { constants } from 'node:buffer'
import {
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateRawSync,
  inflateSync,
  type ZlibOptions,
} from 'node:zlib'
import { describeValue } from '../core/describe-value.js'
import { jsonCodec } from './json.js'
import { textOf } from './text.js'
import type { Codec } from './codec.js'

/** Compression formats, named as in `CompressionStream`. */
export type CompressionFormat = 'gzip' | 'deflate' | 'deflate-raw'

/** Options for `compressedCodec`. */
export interface CompressedCodecOptions {
  /** `gzip` (RFC 1952), `deflate` (zlib, RFC 1950) or `deflate-raw` (RFC 1951). */
  readonly format: CompressionFormat
  /** Codec for the decompressed data, and for text frames. @default jsonCodec */
  readonly codec?: Codec | undefined
  /** Maximum size of a frame after decompression, in bytes. @default 32 MiB */
  readonly maxOutput?: number | undefined
  /** Compresses outgoing messages and sends them as binary frames. Otherwise, they are sent as `codec` encodes them. @default false */
  readonly compress?: boolean | undefined
}

type Pack = (data: string | Uint8Array) => Uint8Array
type Inflate = (data: Uint8Array, options: ZlibOptions) => unknown

const FORMATS: Readonly<Record<CompressionFormat, { readonly pack: Pack; readonly inflate: Inflate }>> = {
  gzip: { pack: (data) => gzipSync(data), inflate: gunzipSync },
  deflate: { pack: (data) => deflateSync(data), inflate: inflateSync },
  'deflate-raw': { pack: (data) => deflateRawSync(data), inflate: inflateRawSync },
}

const MAX_OUTPUT = 32 * 1024 * 1024

/**
 * Creates a codec for binary frames that are compressed individually. Another codec handles the decompressed data. Text frames are passed
 * to that codec unchanged.
 *
 * @throws TypeError for an unknown format, an invalid codec, or a `maxOutput` that is not a positive integer
 */
export function compressedCodec(options: CompressedCodecOptions): Codec {
  const { format, codec = jsonCodec, maxOutput = MAX_OUTPUT, compress = false } = options
  check(format, codec, maxOutput)
  const { pack, inflate } = FORMATS[format]
  let decodedBytes: number | undefined
  return {
    isBinary: true,
    get decodedBytes() {
      return decodedBytes
    },
    encode(message) {
      const data = codec.encode(message)
      return compress ? pack(data) : data
    },
    decode(data, isBinary) {
      decodedBytes = undefined
      if (!isBinary) return codec.decode(data, false)
      // zlib rejects a limit above MAX_LENGTH, which would make every frame fail.
      const most = Math.min(maxOutput, constants.MAX_LENGTH)
      const inflated = inflateWith(inflate, data as Uint8Array, most)
      decodedBytes = inflated.length
      return codec.isBinary ? codec.decode(inflated, true) : codec.decode(textOf(inflated), false)
    },
  }
}

function check(format: unknown, codec: unknown, maxOutput: unknown): void {
  if (!Object.hasOwn(FORMATS, format as PropertyKey)) {
    const names = Object.keys(FORMATS).join(', ')
    const given = typeof format === 'string' ? JSON.stringify(format) : describeValue(format)
    throw new TypeError(`compressedCodec: format must be one of ${names}, received ${given}`)
  }
  const { encode, decode } = Object(codec) as Partial<Codec>
  if (typeof encode !== 'function' || typeof decode !== 'function') {
    throw new TypeError(
      `compressedCodec: codec must have encode() and decode() methods, received ${describeValue(codec)}. Use jsonCodec, for example`,
    )
  }
  if (!Number.isSafeInteger(maxOutput) || (maxOutput as number) < 1) {
    throw new TypeError(
      `compressedCodec: maxOutput must be an integer of at least 1, received ${typeof maxOutput === 'number' ? maxOutput : describeValue(maxOutput)}`,
    )
  }
}

/** Result of a `node:zlib` function called with the `info` option. */
interface Inflated {
  readonly buffer: Uint8Array
  readonly engine: { readonly bytesWritten: number }
}

function inflateWith(inflate: Inflate, data: Uint8Array, maxOutput: number): Uint8Array {
  let inflated: Inflated
  try {
    inflated = inflate(data, { maxOutputLength: maxOutput, info: true }) as Inflated
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') throw thrown
    throw new RangeError(`decompressed data exceeds maxOutput (${maxOutput} bytes)`, { cause: thrown })
  }
  // zlib stops at the end of the compressed stream and does not report trailing bytes.
  const rest = data.byteLength - inflated.engine.bytesWritten
  if (rest > 0) throw new RangeError(`${rest} unexpected bytes after the compressed data`)
  return inflated.buffer
}
