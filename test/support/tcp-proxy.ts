import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { eventually } from './eventually.js'

/** A TCP proxy between clients and a server. It can drop connections and hold back the server's data. */
export class TcpProxy implements AsyncDisposable {
  /** Number of connections accepted so far. */
  connections = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isHolding = false
  #heldBytes = 0

  constructor(server: Server, port: number) {
    this.#server = server
    server.on('connection', (socket) => {
      this.connections += 1
      this.#join(socket, connect(port, '127.0.0.1'))
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`
  }

  /** Holds back all data from the server until the next `cut`. */
  hold(): void {
    this.#isHolding = true
  }

  /** Waits until data from the server is being held back. */
  async untilHeld(): Promise<void> {
    await eventually('data from the server is held back', () => this.#heldBytes > 0)
  }

  /** Drops all connections without a close frame. Held data is lost. New connections are forwarded again. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#isHolding = false
    this.#heldBytes = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  #join(client: Socket, server: Socket): void {
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    client.on('data', (chunk) => server.write(chunk))
    server.on('data', (chunk) => {
      if (this.#isHolding) this.#heldBytes += chunk.length
      else client.write(chunk)
    })
  }
}

/**
 * Listens on a free port, and forwards each connection to a server on this machine.
 *
 * @param port port of that server
 */
export async function startTcpProxy(port: number): Promise<TcpProxy> {
  const server = createServer()
  const proxy = new TcpProxy(server, port)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return proxy
}
