import type { Transport, TransportListener, TransportRequest } from '../transports/transport.js'
import { MemoryTransport } from './memory-transport.js'
import type { MemoryPeer } from './memory-transport.js'

/** A server in memory: hand its `connect` over as the `transport` option. It accepts every attempt unless told otherwise. */
export class MemoryServer {
  /** Every attempt so far, in order. */
  readonly peers: MemoryPeer[] = []
  /** Decides what becomes of an attempt; called a microtask after it has begun. */
  onAttempt: (peer: MemoryPeer) => void = (peer) => peer.accept()

  /** The latest attempt's peer. */
  get peer(): MemoryPeer {
    const latest = this.peers.at(-1)
    if (!latest) throw new Error('No connection attempt has been made yet')
    return latest
  }

  /** How many sockets are open now. */
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
