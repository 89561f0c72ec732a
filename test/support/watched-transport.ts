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
      opened: (handshake) => listener.opened(handshake),
      message: (data) => {
        sight.received += 1
        listener.message(data)
      },
      ping: (data) => listener.ping(data),
      pong: (data) => listener.pong(data),
      closed: (end) => listener.closed(end),
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
