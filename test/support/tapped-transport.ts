import type { Connect, Transport, TransportEnd, TransportRequest } from 'holdfast'

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
    const transport = connect(request, {
      onOpen: (handshake) => listener.onOpen(handshake),
      onPing: (data) => listener.onPing(data),
      onPong: (data) => listener.onPong(data),
      onMessage: (data) => {
        ear.arrived(String(data))
        listener.onMessage(data)
      },
      onClose: (end) => {
        ear.ended(end)
        listener.onClose(end)
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
