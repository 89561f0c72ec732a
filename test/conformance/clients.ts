import type { Transport, TransportListener, TransportRequest } from 'holdfast'
import { WebSocket } from 'ws'
import { createWsTransport } from '#src/ws/ws-transport.js'
import { startHttpProxy } from '../support/http-proxy.js'
import type { TestProxy } from '../support/http-proxy.js'
import { SELF_SIGNED } from '../support/self-signed.js'
import { startSocksProxy } from '../support/socks-proxy.js'
import { ROADS } from '../support/roads.js'
import type { Scheme } from '../support/roads.js'
import { isFullVolume } from '../support/test-volume.js'

/** A client under test, reduced to what the cases need. Every `Connect` fits. */
export interface ReceivingClient {
  readonly name: string
  /** Share of the deliveries to play in addition to the first one of each case. @default 1 */
  readonly share?: number
  /** Kind of the server. @default 'ws' */
  readonly scheme?: Scheme
  /** Starts what the client needs in addition to the server. */
  start?(): Promise<AsyncDisposable>
  connect(
    request: TransportRequest,
    listener: TransportListener,
  ): Pick<Transport, 'close' | 'terminate' | 'pause' | 'resume'>
}

/** All clients that must produce the same table. To add one, add a line. */
export const clients: readonly ReceivingClient[] = [
  // The reference for the others, not under test: a seeded part of the deliveries is enough to see that it agrees.
  { name: 'bare ws', share: isFullVolume ? 1 : 0.15, connect: connectBareWs },
  { name: 'the transport', connect: createWsTransport() },
  { name: 'the transport without its fast paths', connect: createWsTransport({ fastPaths: false }) },
]

/** The transport on each road, and through each kind of proxy. They play a part of the deliveries, because the code that reads is the same. */
export const travelers: readonly ReceivingClient[] = [
  ...ROADS.map(({ name, scheme, socket }): ReceivingClient => ({
    name,
    scheme,
    share: isFullVolume ? 0.03 : 0.01,
    connect: (request, listener) => createWsTransport()({ ...request, socket }, listener),
  })),
  proxied('an HTTP proxy', 'ws', startHttpProxy),
  proxied('an HTTP proxy to TLS', 'wss', startHttpProxy),
  proxied('an HTTPS proxy to TLS', 'wss', () => startHttpProxy({ isSecure: true })),
  proxied('a SOCKS5 proxy', 'ws', startSocksProxy),
]

/** Returns the transport through a proxy that runs from `start` on. */
function proxied(what: string, scheme: Scheme, startProxy: () => Promise<TestProxy>): ReceivingClient {
  let proxy = ''
  const connect = createWsTransport()
  return {
    name: what,
    scheme,
    share: isFullVolume ? 0.03 : 0.01,
    connect: (request, listener) =>
      connect({ ...request, socket: { proxy, tls: { ca: SELF_SIGNED.cert } } }, listener),
    async start() {
      const started = await startProxy()
      proxy = started.url()
      return started
    },
  }
}

/** Uses only the public events of `ws`, which answers pings automatically. */
function connectBareWs(
  { url, maxPayload, maxFragments, closeTimeout }: TransportRequest,
  listener: TransportListener,
): WebSocket {
  let error: Error | undefined
  // @types/ws lacks maxFragments and closeTimeout.
  const options = { maxPayload, maxFragments, closeTimeout, perMessageDeflate: false }
  return new WebSocket(url, options)
    .on('open', () => listener.onOpen({ protocol: '', headers: {} }))
    .on('message', (data: Buffer, isBinary) => listener.onMessage(isBinary ? data : data.toString()))
    .on('ping', (data) => listener.onPing(data))
    .on('pong', (data) => listener.onPong(data))
    .on('error', (cause) => (error = cause))
    .on('close', (code, reason) => listener.onClose({ code, reason: reason.toString(), error }))
}
