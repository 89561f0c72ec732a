import type { ClientOptions, PerMessageDeflateOptions } from 'ws'
import { canShareReads } from '#ws'
import type { CompressionOptions, TransportRequest } from '../transport.js'
import { SHARED_READ } from './shared-read-buffer.js'

/** Highest limit passed to `ws`, which uses only the lowest 32 bits: 4 GiB would mean no limit, and 4 GiB plus one byte would mean one byte. */
const HIGHEST_LIMIT = 2 ** 31 - 1

/** Returns the options for `ws`. None of them is `undefined`, because `ws` spreads them over its defaults. */
export function wsOptions(request: TransportRequest, hasFastPaths: boolean): ClientOptions {
  const { headers, maxPayload, maxFragments, compression = false, closeTimeout } = request
  return {
    headers: { ...headers },
    maxPayload: Math.min(maxPayload, HIGHEST_LIMIT),
    maxFragments: Math.min(maxFragments, HIGHEST_LIMIT),
    closeTimeout,
    perMessageDeflate: typeof compression === 'boolean' ? compression : deflateOptions(compression),
    followRedirects: false,
    autoPong: false,
    ...(hasFastPaths && canShareReads && { onread: SHARED_READ }),
  } as ClientOptions
}

/**
 * Returns the settings in the form that `ws` expects. `false` for a context takeover would make `ws` refuse a server that asks for it, so it
 * is left out. `FrameWriter` applies the threshold, because `ws` does so only without context takeover.
 */
function deflateOptions(compression: CompressionOptions): PerMessageDeflateOptions {
  const { serverNoContextTakeover, clientNoContextTakeover, level, memLevel, threshold } = compression
  const { serverMaxWindowBits, clientMaxWindowBits } = compression
  return {
    ...(serverNoContextTakeover === true && { serverNoContextTakeover }),
    ...(clientNoContextTakeover === true && { clientNoContextTakeover }),
    ...(serverMaxWindowBits !== undefined && { serverMaxWindowBits }),
    ...(clientMaxWindowBits !== undefined && { clientMaxWindowBits }),
    ...(threshold !== undefined && { threshold: 0 }),
    zlibDeflateOptions: {
      ...(level !== undefined && { level }),
      ...(memLevel !== undefined && { memLevel }),
    },
  }
}

/** Returns the number of bytes below which messages are not compressed; `undefined` if `ws` decides. */
export function thresholdOf({ compression }: TransportRequest): number | undefined {
  return typeof compression === 'object' ? compression.threshold : undefined
}
