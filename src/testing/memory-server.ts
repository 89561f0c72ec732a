import type { Transport, TransportListener, TransportRequest } from '../transports/transport.js'
import { MemoryTransport } from './memory-transport.js'
import type { MemoryPeer } from './memory-transport.js'

/** Server in memory. Pass its `connect` as the `transport` option. It accepts every attempt unless you set `onAttempt`. */
export class MemoryServer {
  /** Peers of all attempts so far, in order. */
  readonly peers: MemoryPeer[] = []
  /** Accepts or refuses an attempt; called a microtask after the attempt has started. */
  onAttempt: (peer: MemoryPeer) => void = (peer) => peer.accept()

  /** Peer of the latest attempt. */
  get peer(): MemoryPeer {
    const latest = this.peers.at(-1)
    if (!latest) throw new Error('No connection attempt has been made yet')
    return latest
  }

  /** Number of sockets that are open now. */
  get live(): number {
    return this.peers.filter((peer) => peer.isOpen).length
  }

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
