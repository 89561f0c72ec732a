import type { Transport, TransportListener, TransportRequest } from '../transports/transport.js'
import { inTurn } from './behaviors.js'
import type { Behavior } from './behaviors.js'
import type { WaitLimit } from './fake-clock.js'
import type { MemoryPeer } from './memory-peer.js'
import { MemoryTransport } from './memory-transport.js'
import { Changes, waitFor } from './wait.js'
import { LISTED, numberMistake } from './wait-error.js'

/** Close code with which a server that shuts down closes its connections (RFC 6455, section 7.4.1). */
const GOING_AWAY = 1001

/** In-memory server. Pass its `connect` as the `transport` option. */
export class MemoryServer {
  /** Peers of all attempts so far, in order. */
  readonly peers: MemoryPeer[] = []
  /** Called one microtask after each attempt starts, to accept or refuse it. `script` replaces it. */
  onAttempt: Behavior<MemoryPeer>
  readonly #changes = new Changes()

  /** @param script behaviors for the attempts, in order; the last one repeats. By default, every attempt is accepted */
  constructor(...script: Behavior<MemoryPeer>[]) {
    this.onAttempt = inTurn(script)
  }

  /** Sets the behaviors for the next attempts, in order. The last one repeats. */
  script(...behaviors: Behavior<MemoryPeer>[]): void {
    this.onAttempt = inTurn(behaviors)
  }

  /** Peer of the latest attempt. */
  get peer(): MemoryPeer {
    const latest = this.peers.at(-1)
    if (!latest) throw new Error('No connection attempt has been made yet. Await server.connection(1) first')
    return latest
  }

  /** Number of open sockets. */
  get live(): number {
    return this.peers.filter((peer) => peer.isOpen).length
  }

  /** Connects a client. Pass it as the `transport` option. */
  readonly connect = (request: TransportRequest, listener: TransportListener): Transport => {
    const transport = new MemoryTransport(request, listener, this.#changes)
    const { peer } = transport
    this.peers.push(peer)
    this.#changes.notify()
    queueMicrotask(() => {
      if (!transport.isEnded) this.onAttempt(peer)
    })
    return transport
  }

  /**
   * Waits for the nth connection that opens, starting at 1. If the client runs on a `FakeClock`, the clock advances as far as necessary.
   *
   * @throws Error if the connection cannot open; it contains the attempts so far
   */
  connection(number: number, limit?: WaitLimit): Promise<MemoryPeer> {
    return waitFor(
      {
        name: `connection ${number}`,
        read: () => this.peers.filter((peer) => peer.hasOpened)[number - 1],
        impossible: () => numberMistake(number),
        instead: () => describeAttempts(this.peers),
      },
      { changes: this.#changes, clock: () => this.peers.at(-1)?.clock },
      limit,
    )
  }

  /** Shuts the server down: closes all connections with 1001, and refuses further attempts until `script` is called. */
  close(): void {
    this.onAttempt = (peer) => peer.refuse()
    for (const peer of this.peers) {
      if (peer.isHalfOpen) peer.drop()
      else if (peer.hasOpened) peer.close(GOING_AWAY)
      else peer.refuse()
    }
  }

  /** Shuts the server down, whether the `await using` block completed or threw. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
    await Promise.resolve()
  }
}

function describeAttempts(peers: readonly MemoryPeer[]): string {
  if (peers.length === 0) return 'No attempt has been made'
  const latest = peers.slice(-LISTED).map(describeAttempt).join(', ')
  const which = peers.length > LISTED ? ` (the last ${LISTED} of ${peers.length})` : ''
  return `Attempts so far${which}: ${latest}`
}

function describeAttempt({ hasOpened, isEnded }: MemoryPeer): string {
  if (!hasOpened) return isEnded ? 'failed' : 'pending'
  return isEnded ? 'opened and ended' : 'open'
}
