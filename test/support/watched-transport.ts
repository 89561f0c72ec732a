import type { Connect } from 'holdfast'
import type { OpenTransportListener } from '#src/transports/transport.js'

/** What a transport that is watched has seen. */
export interface Sight {
  received: number
  pauses: number
  resumes: number
}

/** Connects as it is told to, and watches. */
export function watchedConnect(sight: Sight, connect: Connect): Connect {
  return (request, listener) => {
    let target: OpenTransportListener = listener
    const transport = connect(request, {
      onOpen: (handshake) => {
        target = listener.onOpen(handshake) ?? listener
        return undefined
      },
      onMessage: (data) => {
        sight.received += 1
        target.onMessage(data)
      },
      onPing: (data) => target.onPing(data),
      onPong: (data) => target.onPong(data),
      onClose: (end) => target.onClose(end),
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
