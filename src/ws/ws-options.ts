import type { ClientRequest } from 'node:http'
import type { ClientOptions, PerMessageDeflateOptions, WebSocket } from 'ws'
import { canShareReads } from '#ws'
import type { CompressionOptions, TransportRequest } from '../transports/transport.js'
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
    perMessageDeflate: typeof compression === 'boolean' ? compression : deflateOptions(compression),
    followRedirects: false,
    autoPong: false,
    skipUTF8Validation: !validateUtf8,
    ...(fastPaths && canShareReads && { onread: SHARED_READ }),
    ...connectOptions(request),
    ...(tunnel && tunnelOptions(request, tunnel)),
    ...(request.url.startsWith('wss:') && { finishRequest: keepRequest }),
  } as ClientOptions
}

/** The certificates to trust also apply to the proxy, whether the server uses TLS or not. */
function tunnelOptions({ socket }: TransportRequest, { createConnection }: ProxyTunnel): object {
  const ca = socket?.tls?.ca
  return { createConnection, ...(ca !== undefined && { ca }) }
}

/** Returns the subprotocols for `ws`. `ws` fails the handshake if the server chooses none, so it does not receive optional ones. */
export function wsProtocols(request: TransportRequest): string[] {
  return isOptional(request) ? [] : [...request.protocols]
}

/** Requests that `ws` has created but not sent. */
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
