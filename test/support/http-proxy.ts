import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect } from 'node:net'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import { SELF_SIGNED } from './self-signed.js'

/** A proxy for tests, with a record of who connected where. It connects to this machine, whatever the host. */
export interface TestProxy extends AsyncDisposable {
  readonly port: number
  /** URL of the proxy. `credentials` is inserted before the host: `user:secret@`. */
  url(credentials?: string): string
  /** Hosts and ports that clients connected to, in order. */
  readonly targets: string[]
  /** Number of open sockets of clients. */
  readonly open: number
}

/** Ends all sockets of a proxy with it. */
export class ProxySockets {
  readonly #sockets = new Set<Socket>()
  readonly #fromClients = new Set<Socket>()

  get open(): number {
    return this.#fromClients.size
  }

  add(socket: Socket, isFromClient: boolean): void {
    this.#sockets.add(socket)
    if (isFromClient) this.#fromClients.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      this.#fromClients.delete(socket)
    })
  }

  /** Connects a client with a port of this machine, and calls back once that has worked or failed. */
  join(client: Socket, port: number, onResult: (error?: Error) => void): void {
    const server = connect({ port, host: '127.0.0.1', noDelay: true })
    this.add(server, false)
    server.once('connect', () => {
      server.off('error', onResult)
      onResult()
      client.pipe(server).pipe(client)
    })
    server.once('error', onResult)
    client.on('close', () => server.destroy())
    server.on('close', () => client.destroy())
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

/** Behavior of an HTTP proxy that differs from the default. */
export interface HttpProxyOptions {
  /** Whether clients connect to the proxy with TLS, with {@link SELF_SIGNED}. @default false */
  readonly isSecure?: boolean
  /** User name and password that the proxy requires, separated by a colon. */
  readonly credentials?: string
  /** Answers instead of the proxy, with the connection of the client. */
  readonly answer?: (socket: Socket, request: IncomingMessage) => void
}

/** An HTTP proxy that only supports CONNECT, and its requests. */
export interface HttpProxy extends TestProxy {
  readonly requests: IncomingMessage[]
}

/** Starts an HTTP proxy on a free port. */
export async function startHttpProxy({
  isSecure = false,
  credentials,
  answer,
}: HttpProxyOptions = {}): Promise<HttpProxy> {
  const server = isSecure ? createTlsServer(SELF_SIGNED) : createServer()
  const sockets = new ProxySockets()
  const targets: string[] = []
  const requests: IncomingMessage[] = []
  const expected =
    credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`
  // The first event of a TLS connection is that of its TCP connection.
  server.on('connection', (socket) => sockets.add(socket, true))
  server.on('tlsClientError', (_error: Error, socket: Socket) => void socket.destroy())
  server.on('connect', (request, stream) => {
    const socket = stream as Socket
    socket.on('error', () => undefined)
    requests.push(request)
    if (answer) {
      answer(socket, request)
      return
    }
    if (expected !== undefined && request.headers['proxy-authorization'] !== expected)
      return void socket.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n',
      )
    const { port } = new URL(`http://${request.url ?? ''}`)
    targets.push(request.url ?? '')
    sockets.join(socket, Number(port || 80), (error) => {
      socket.write(error ? 'HTTP/1.1 502 Bad Gateway\r\n\r\n' : 'HTTP/1.1 200 Connection Established\r\n\r\n')
      if (error) socket.end()
    })
  })
  await listen(server)
  return Object.assign(proxyOf(server, isSecure ? 'https' : 'http', sockets, targets), { requests })
}

async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

/** Returns the parts that all proxies share. */
export function proxyOf(
  server: NetServer,
  scheme: string,
  sockets: ProxySockets,
  targets: string[],
): TestProxy {
  const port = (server.address() as AddressInfo).port
  return {
    port,
    targets,
    url: (credentials = '') => `${scheme}://${credentials}127.0.0.1:${port}`,
    get open() {
      return sockets.open
    },
    async [Symbol.asyncDispose]() {
      sockets.destroy()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}
