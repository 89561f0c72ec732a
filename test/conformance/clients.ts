import type { Transport, TransportListener, TransportRequest } from 'holdfast'
import { WebSocket } from 'ws'
import { createWsTransport } from '#src/transports/ws/ws-transport.js'
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

/** The transport on each road. They play a part of the deliveries, because the code that reads is the same. */
export const travelers: readonly ReceivingClient[] = ROADS.map(({ name, scheme, socket }) => ({
  name,
  scheme,
  share: isFullVolume ? 1 : 0.01,
  connect: (request, listener) => createWsTransport()({ ...request, socket }, listener),
}))

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
