import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { eventually } from './eventually.js'

/** A wire between clients and a server that knows nothing of it: it can be cut, and can keep back what the server says. */
export class TcpProxy implements AsyncDisposable {
  /** How many connections have been accepted so far. */
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

  /** From now until the next cut, what the server says reaches no client. */
  hold(): void {
    this.#isHolding = true
  }

  /** Waits until the server has said something that is being kept back. */
  async untilHeld(): Promise<void> {
    await eventually('the server has said something', () => this.#heldBytes > 0)
  }

  /** Cuts all connections, without a word of WebSocket to either side; what was kept back is lost. New ones are let through. */
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
 * Listens on a free port, and joins each connection with one to a server of this machine.
 *
 * @param port where that server listens
 */
export async function startTcpProxy(port: number): Promise<TcpProxy> {
  const server = createServer()
  const proxy = new TcpProxy(server, port)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return proxy
}
