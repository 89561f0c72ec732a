import type { Connect, Transport, TransportEnd, TransportRequest } from 'holdfast'
import type { OpenTransportListener } from '#src/transports/transport.js'

/** What a tap is told of one socket, in the very moment. */
export interface SocketTap {
  /** A frame has come in, and is handed to the client next. */
  arrived(data: string): void
  /** The client hands a frame to the socket. */
  handedOver(data: string): void
  /** The client is told of the end next. */
  ended(end: TransportEnd): void
}

/** Listens in on every socket that is opened, on the client's side of it. */
export function tapped(
  connect: Connect,
  tap: (request: TransportRequest, transport: () => Transport) => SocketTap,
): Connect {
  return (request, listener) => {
    const ear = tap(request, () => transport)
    let target: OpenTransportListener = listener
    const transport = connect(request, {
      onOpen: (handshake) => {
        target = listener.onOpen(handshake) ?? listener
        return undefined
      },
      onPing: (data) => target.onPing(data),
      onPong: (data) => target.onPong(data),
      onMessage: (data) => {
        ear.arrived(String(data))
        target.onMessage(data)
      },
      onClose: (end) => {
        ear.ended(end)
        target.onClose(end)
      },
    })
    const send = transport.send.bind(transport)
    transport.send = (data, flushed) => {
      ear.handedOver(String(data))
      send(data, flushed)
    }
    return transport
  }
}
