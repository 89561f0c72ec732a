import type { ClientOptions } from 'ws'
import { canShareReads } from '#ws'
import type { TransportRequest } from '../transport.js'
import type { ProxyTunnel } from './proxy-agent.js'
import { SHARED_READ } from './shared-read-buffer.js'

/** Highest limit passed to `ws`, which uses only the lowest 32 bits: 4 GiB would mean no limit, and 4 GiB plus one byte would mean one byte. */
const HIGHEST_LIMIT = 2 ** 31 - 1

/** Returns the options for `ws`. None of them is `undefined`, because `ws` spreads them over its defaults. */
export function wsOptions(
  request: TransportRequest,
  hasFastPaths: boolean,
  tunnel: ProxyTunnel | undefined,
): ClientOptions {
  const { headers, maxPayload, maxFragments, compression = false, closeTimeout } = request
  return {
    headers: { ...headers },
    maxPayload: Math.min(maxPayload, HIGHEST_LIMIT),
    maxFragments: Math.min(maxFragments, HIGHEST_LIMIT),
    closeTimeout,
    perMessageDeflate: compression,
    followRedirects: false,
    autoPong: false,
    ...(tunnel && { createConnection: tunnel.createConnection }),
    ...(hasFastPaths && canShareReads && { onread: SHARED_READ }),
  } as ClientOptions
}
