import type { Connect, Transport, TransportEnd, TransportRequest } from 'holdfast'
import type { OpenTransportListener } from '#src/transports/transport.js'

/** Receives the events of one socket as they happen. */
export interface SocketTap {
  /** Called before the client receives a frame. */
  arrived(data: string): void
  /** Called when the client writes a frame to the socket. */
  handedOver(data: string): void
  /** Called before the client is notified of the end. */
  ended(end: TransportEnd): void
}

/** Returns a `connect` function that taps every socket on the client's side. */
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
