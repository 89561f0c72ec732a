import type { LinkEvent } from '../diagnostics/taps.js'
import { copyBytes } from '../transports/copy-bytes.js'
import { joinFragments } from '../transports/join-fragments.js'
import type { OpenTransportListener } from '../transports/transport.js'
import type { Link } from '../link/link.js'
import { socketOf } from '../link/queued-transport.js'

/**
 * Passes the messages and the end of a link to a function, each before anything else receives it. Returns a function that detaches it.
 *
 * perf: replaces methods of this link and of its socket, so that links without a tap cost nothing.
 */
export function tapLink(link: Link, tap: (event: LinkEvent) => void): () => void {
  const releases = [tapSending(link, tap), tapReceiving(link, tap)]
  return () => {
    for (const release of releases) release()
  }
}

/** Taps the socket rather than the link, because heartbeats and messages behind a rate limit pass only there. */
function tapSending({ number, transport }: Link, tap: (event: LinkEvent) => void): () => void {
  const socket = socketOf(transport)
  const send = socket.send.bind(socket)
  /** Fragments of a message that is not complete yet. */
  const fragments: (string | Uint8Array)[] = []
  socket.send = (data, flushed, options) => {
    const { fragment } = options ?? {}
    if (fragment) fragments.push(copyBytes(data))
    if (socket.isOpen && fragment?.isLast !== false) {
      const message = fragment ? joinFragments(fragments.splice(0), fragment.isBinary) : data
      tap({ type: 'send', link: number, data: message })
    }
    send(data, flushed, options)
  }
  return () => {
    socket.send = send
  }
}

function tapReceiving(link: Link, tap: (event: LinkEvent) => void): () => void {
  const receiver: OpenTransportListener = link
  const onMessage = receiver.onMessage.bind(link)
  const onClose = receiver.onClose.bind(link)
  receiver.onMessage = (data) => {
    tap({ type: 'recv', link: link.number, data })
    onMessage(data)
  }
  receiver.onClose = (end) => {
    const { sentCode = link.sentCode, error = link.closing.end.error } = end
    tap({ type: 'close', link: link.number, end: { ...end, sentCode, error } })
    onClose(end)
  }
  // The transport then delivers every message, and skips none.
  Object.defineProperty(receiver, 'skippedHead', { value: undefined, configurable: true })
  return () => {
    receiver.onMessage = onMessage
    receiver.onClose = onClose
    delete (receiver as { skippedHead?: unknown }).skippedHead
  }
}
