import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

/** A WebSocket server over TLS that echoes, and records what reaches it. */
export interface TlsServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly clients: ReadonlySet<WebSocket>
  /** Number of TCP connections. */
  readonly connections: number
  /** Common names of the clients' certificates, one per request; `undefined` for a client without one. */
  readonly requests: readonly (string | undefined)[]
  /** Number of connections that have ended, in their TLS handshake or after it. */
  readonly closed: number
  /** Number of decrypted bytes that had arrived over these connections. */
  readonly bytes: number
}

/** Listens on a free port of 127.0.0.1. The URL uses the name `localhost`. */
export async function startTlsServer(options: TlsOptions): Promise<TlsServer> {
  const requests: (string | undefined)[] = []
  let connections = 0
  let closed = 0
  let bytes = 0
  const https = createServer(options)
  const server = new WebSocketServer({ server: https })
  https.on('connection', () => (connections += 1))
  https.on('secureConnection', (socket) =>
    socket.on('close', () => {
      closed += 1
      bytes += socket.bytesRead
    }),
  )
  https.on('tlsClientError', () => (closed += 1))
  server.on('connection', (socket, { socket: raw }) => {
    const { subject } = (
      raw as unknown as { getPeerCertificate(): { subject?: { CN?: string } } }
    ).getPeerCertificate()
    requests.push(subject?.CN)
    socket.on('error', () => undefined)
    socket.on('message', (data: Buffer, isBinary) => socket.send(data, { binary: isBinary }))
  })
  https.listen(0, '127.0.0.1')
  await once(https, 'listening')
  const { port } = https.address() as AddressInfo
  return {
    url: `wss://localhost:${port}/feed?token=secret`,
    port,
    clients: server.clients,
    requests,
    get connections() {
      return connections
    },
    get closed() {
      return closed
    },
    get bytes() {
      return bytes
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of server.clients) client.terminate()
      server.close()
      https.closeAllConnections()
      await new Promise((resolve) => https.close(resolve))
    },
  }
}
