import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import type { ServerOptions, WebSocket } from 'ws'

/** Connection accepted by a {@link TestServer}. Records messages from the moment it opens, so none are missed. */
export interface TestServerConnection {
  /** Socket of `ws`. */
  readonly socket: WebSocket
  /** Handshake request. */
  readonly request: IncomingMessage
  /** All messages received so far: strings for text, bytes for binary. */
  readonly received: (string | Uint8Array)[]
}

/** Real WebSocket server on a free local port. */
export class TestServer {
  /** URL of the server, such as `ws://127.0.0.1:40000`. */
  readonly url: string
  /** All connections so far, in order. */
  readonly connections: TestServerConnection[] = []
  readonly #server: WebSocketServer

  /** @internal */
  constructor(
    server: WebSocketServer,
    onConnection: ((connection: TestServerConnection) => void) | undefined,
  ) {
    this.#server = server
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (socket: WebSocket, request: IncomingMessage) => {
      const connection: TestServerConnection = { socket, request, received: [] }
      socket.on('error', () => undefined)
      socket.on('message', (data: Buffer, isBinary: boolean) => {
        connection.received.push(isBinary ? data : data.toString())
      })
      this.connections.push(connection)
      onConnection?.(connection)
    })
  }

  /** Resolves with the nth connection, starting at 1, once it exists. */
  async connection(number: number): Promise<TestServerConnection> {
    while (this.connections.length < number) await once(this.#server, 'connection')
    return this.connections[number - 1] as TestServerConnection
  }

  /** Terminates all connections and stops listening. */
  async close(): Promise<void> {
    for (const { socket } of this.connections) socket.terminate()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  /** Calls {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * Starts a real WebSocket server on a free port.
 *
 * @param onConnection called with each connection, in the tick in which it opens
 * @param options options for the `WebSocketServer` class from `ws`, for example `handleProtocols`
 */
export async function startTestServer(
  onConnection?: (connection: TestServerConnection) => void,
  options: ServerOptions = {},
): Promise<TestServer> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options })
  await once(server, 'listening')
  return new TestServer(server, onConnection)
}
