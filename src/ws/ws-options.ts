import type { ClientRequest } from 'node:http'
import type { ClientOptions, WebSocket } from 'ws'
import { canShareReads } from '#ws'
import type { TransportRequest } from '../transports/transport.js'
import { SHARED_READ } from '../fast-paths/shared-read-buffer.js'
import { isOptional } from './ws-handshake.js'
import type { WsSettings } from './ws-handshake.js'
import type { ProxyTunnel } from '../proxy/proxy-tunnel.js'
import { connectOptions } from './ws-socket.js'

/** Highest limit passed to `ws`, which uses only the lowest 32 bits: 4 GiB would mean no limit, and 4 GiB plus one byte would mean one byte. */
const HIGHEST_LIMIT = 2 ** 31 - 1

/** Returns the options for `ws`. None of them is `undefined`, because `ws` spreads them over its defaults. */
export function wsOptions(
  request: TransportRequest,
  { fastPaths, validateUtf8 }: WsSettings,
  tunnel: ProxyTunnel | undefined,
): ClientOptions {
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
    ...(tunnel && { createConnection: tunnel.createConnection }),
    ...(request.url.startsWith('wss:') && { finishRequest: keepRequest }),
  } as ClientOptions
}

/** Returns the subprotocols for `ws`. It fails the handshake if the server chooses none, so that it does not get optional ones. */
export function wsProtocols(request: TransportRequest): string[] {
  return isOptional(request) ? [] : [...request.protocols]
}

/** Requests that `ws` has made but not sent. */
const requests = new WeakMap<WebSocket, ClientRequest>()

/** Lets the transport send the request. Node keeps the options with the socket, so they must not contain a function per attempt. */
function keepRequest(request: ClientRequest, socket: WebSocket): void {
  requests.set(socket, request)
}

/** Returns the request of an attempt over TLS, which the caller must send; `undefined` if `ws` has sent it already. */
export function takeRequest(socket: WebSocket): ClientRequest | undefined {
  const request = requests.get(socket)
  requests.delete(socket)
  return request
}
