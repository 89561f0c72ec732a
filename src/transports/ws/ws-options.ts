import type { ClientRequest } from 'node:http'
import type { ClientOptions } from 'ws'
import { canShareReads } from '#ws'
import type { TransportRequest } from '../transport.js'
import { SHARED_READ } from './shared-read-buffer.js'
import { isOptional } from './ws-handshake.js'
import type { WsHandshake } from './ws-handshake.js'
import { connectOptions } from './ws-socket.js'

/** Highest limit passed to `ws`, which uses only the lowest 32 bits: 4 GiB would mean no limit, and 4 GiB plus one byte would mean one byte. */
const HIGHEST_LIMIT = 2 ** 31 - 1

/** Returns the options for `ws`. None of them is `undefined`, because `ws` spreads them over its defaults. */
export function wsOptions(request: TransportRequest, handshake: WsHandshake): ClientOptions {
  const { fastPaths, validateUtf8 } = handshake.settings
  const { protocols, headers, maxPayload, maxFragments, compression = false, closeTimeout } = request
  return {
    headers: isOptional(request)
      ? { ...headers, 'Sec-WebSocket-Protocol': protocols.join(', ') }
      : { ...headers },
    maxPayload: Math.min(maxPayload, HIGHEST_LIMIT),
    maxFragments: Math.min(maxFragments, HIGHEST_LIMIT),
    closeTimeout,
    perMessageDeflate: compression,
    followRedirects: false,
    autoPong: false,
    skipUTF8Validation: !validateUtf8,
    ...(fastPaths && canShareReads && { onread: SHARED_READ }),
    ...connectOptions(request),
    ...(handshake.tunnel && { createConnection: handshake.tunnel.createConnection }),
    ...(request.url.startsWith('wss:') && {
      finishRequest: (made: ClientRequest) => handshake.send(made),
    }),
  } as ClientOptions
}

/** Returns the subprotocols for `ws`. It fails the handshake if the server chooses none, so that it does not get optional ones. */
export function wsProtocols(request: TransportRequest): string[] {
  return isOptional(request) ? [] : [...request.protocols]
}
