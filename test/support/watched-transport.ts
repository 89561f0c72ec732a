import type { Connect } from 'holdfast'

/** What a transport that is watched has seen. */
export interface Sight {
  received: number
  pauses: number
  resumes: number
}

/** Connects as it is told to, and watches. */
export function watchedConnect(sight: Sight, connect: Connect): Connect {
  return (request, listener) => {
    const transport = connect(request, {
      onOpen: (handshake) => listener.onOpen(handshake),
      onMessage: (data) => {
        sight.received += 1
        listener.onMessage(data)
      },
      onPing: (data) => listener.onPing(data),
      onPong: (data) => listener.onPong(data),
      onClose: (end) => listener.onClose(end),
    })
    const { pause, resume } = transport
    transport.pause = () => {
      sight.pauses += 1
      pause.call(transport)
    }
    transport.resume = () => {
      sight.resumes += 1
      resume.call(transport)
    }
    return transport
  }
}
