import type { Connect } from 'holdfast'
import type { OpenTransportListener } from '#src/transports/transport.js'

/** Counts of a watched transport. */
export interface Sight {
  received: number
  pauses: number
  resumes: number
}

/** Wraps a `connect` function and counts messages, pauses and resumes. */
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
