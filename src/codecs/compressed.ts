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

/** How the frames are compressed; the names are those of `CompressionStream`. */
export type CompressionFormat = 'gzip' | 'deflate' | 'deflate-raw'

/** What a compressed codec is made of. */
export interface CompressedCodecOptions {
  /** `gzip` (RFC 1952), `deflate` (zlib, RFC 1950) or `deflate-raw` (RFC 1951). */
  readonly format: CompressionFormat
  /** Reads what has been inflated, and what comes as text. @default jsonCodec */
  readonly codec?: Codec | undefined
  /** The most bytes that one frame may inflate to. @default 32 MiB */
  readonly maxOutput?: number | undefined
  /** Compresses what is sent, into binary frames; otherwise it goes out as `codec` gives it. @default false */
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
 * Makes a codec for binary frames each of which is compressed by itself, around one that reads what is inside. Text frames go
 * to that one as they are.
 *
 * @throws TypeError for an unknown format, a codec that is none, or a `maxOutput` that is no whole number from 1
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
      // A number that zlib does not take for a limit would make each frame an error.
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
      `compressedCodec: codec must have the methods encode and decode, received ${describeValue(codec)}. Use jsonCodec, for example`,
    )
  }
  if (!Number.isSafeInteger(maxOutput) || (maxOutput as number) < 1) {
    throw new TypeError(
      `compressedCodec: maxOutput must be an integer of at least 1, received ${typeof maxOutput === 'number' ? maxOutput : describeValue(maxOutput)}`,
    )
  }
}

/** What `node:zlib` returns when asked for `info`. */
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
  // zlib stops at the end of its stream without a word about what follows.
  const rest = data.byteLength - inflated.engine.bytesWritten
  if (rest > 0) throw new RangeError(`${rest} unexpected bytes after the compressed data`)
  return inflated.buffer
}
