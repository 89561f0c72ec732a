import type { Transport, TransportListener, TransportRequest } from '../transports/transport.js'
import { MemoryTransport } from './memory-transport.js'
import type { MemoryPeer } from './memory-transport.js'

/** In-memory server. Pass its `connect` as the `transport` option. Accepts every attempt unless you set `onAttempt`. */
export class MemoryServer {
  /** Peers of all attempts so far, in order. */
  readonly peers: MemoryPeer[] = []
  /** Called one microtask after each attempt starts, to accept or refuse it. */
  onAttempt: (peer: MemoryPeer) => void = (peer) => peer.accept()

  /** Peer of the latest attempt. */
  get peer(): MemoryPeer {
    const latest = this.peers.at(-1)
    if (!latest) throw new Error('No connection attempt has been made yet')
    return latest
  }

  /** Number of open sockets. */
  get live(): number {
    return this.peers.filter((peer) => peer.isOpen).length
  }

  /** Starts an attempt. Pass this function as the `transport` option. */
  readonly connect = (request: TransportRequest, listener: TransportListener): Transport => {
    const transport = new MemoryTransport(request, listener)
    const { peer } = transport
    this.peers.push(peer)
    queueMicrotask(() => {
      if (!transport.isEnded) this.onAttempt(peer)
    })
    return transport
  }
}
