import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { ServerOptions, WebSocket } from 'ws'
import { inTurn } from './behaviors.js'
import type { Behavior } from './behaviors.js'
import type { Handshake } from '../transports/transport.js'
import type { WaitLimit } from './fake-clock.js'
import { headerLines } from './refusal.js'
import { SocketPeer } from './socket-peer.js'
import { Changes, waitFor } from './wait.js'

/** Options of `startTestServer`: its script, and the options of the `WebSocketServer` class from `ws`. */
export interface TestServerOptions extends ServerOptions {
  /** Behaviors for the attempts, in order; the last one repeats. @default every attempt is accepted */
  readonly script?: readonly Behavior<SocketPeer>[] | undefined
}

/** Called with each connection, in the tick in which it opens. */
export type OnConnection = (connection: SocketPeer) => void

/** Lets a script decide about each attempt. */
class ScriptedServer extends WebSocketServer {
  readonly attempts: SocketPeer[] = []
  readonly connections: SocketPeer[] = []
  readonly changes = new Changes()
  onAttempt: Behavior<SocketPeer>
  readonly #onConnection: OnConnection | undefined
  readonly #accepted: WeakMap<IncomingMessage, Partial<Handshake>>

  constructor({ script = [], ...options }: TestServerOptions, onConnection: OnConnection | undefined) {
    const accepted = new WeakMap<IncomingMessage, Partial<Handshake>>()
    const { handleProtocols = firstOf } = options
    super({
      host: '127.0.0.1',
      port: 0,
      ...options,
      handleProtocols: (offered, request) =>
        accepted.get(request)?.protocol ?? handleProtocols(offered, request),
    })
    this.#accepted = accepted
    this.#onConnection = onConnection
    this.onAttempt = inTurn(script)
    this.on('headers', (lines: string[], request: IncomingMessage) => {
      lines.push(...headerLines(accepted.get(request)?.headers))
    })
  }

  override handleUpgrade(...[request, socket, head]: Parameters<WebSocketServer['handleUpgrade']>): void {
    const peer = new SocketPeer(request, this.changes, (handshake) => {
      this.#accepted.set(request, handshake)
      super.handleUpgrade(request, socket, head, (opened: WebSocket) => this.#onOpen(peer, opened))
    })
    this.attempts.push(peer)
    this.onAttempt(peer)
  }

  #onOpen(peer: SocketPeer, socket: WebSocket): void {
    peer.receiveOpen(socket)
    this.connections.push(peer)
    this.#onConnection?.(peer)
    this.changes.notify()
  }
}

function firstOf(offered: ReadonlySet<string>): string {
  const [first = ''] = offered
  return first
}

/** Real WebSocket server on a free local port. */
export class TestServer {
  /** URL of the server, without a path. */
  readonly url: string
  readonly #server: ScriptedServer

  /** @internal */
  constructor(server: ScriptedServer) {
    this.#server = server
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** Connections that have opened so far, in order. */
  get connections(): readonly SocketPeer[] {
    return this.#server.connections
  }

  /** Sets the behaviors for the next attempts, in order. The last one repeats. */
  script(...behaviors: Behavior<SocketPeer>[]): void {
    this.#server.onAttempt = inTurn(behaviors)
  }

  /**
   * Waits for the nth connection that opens, starting at 1.
   *
   * @throws Error if it has not opened within the limit
   */
  connection(number: number, limit?: WaitLimit): Promise<SocketPeer> {
    const { attempts, connections, changes } = this.#server
    return waitFor(
      {
        name: `connection ${number}`,
        read: () => connections[number - 1],
        impossible: () => undefined,
        instead: () => `Attempts so far: ${attempts.length}, of which ${connections.length} opened`,
      },
      { changes, clock: () => undefined },
      limit,
    )
  }

  /** Terminates all connections and stops listening. */
  async close(): Promise<void> {
    for (const peer of this.#server.attempts) peer.drop()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  /** Closes the server, whether the `await using` block completed or threw. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * Starts a real WebSocket server on a free port.
 *
 * @param onConnection called with each connection, in the tick in which it opens
 * @param options a script, and options for the `WebSocketServer` class from `ws`, for example `handleProtocols`
 */
export async function startTestServer(
  onConnection?: OnConnection,
  options: TestServerOptions = {},
): Promise<TestServer> {
  const server = new ScriptedServer(options, onConnection)
  await once(server, 'listening')
  return new TestServer(server)
}
