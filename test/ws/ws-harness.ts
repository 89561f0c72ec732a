import type { Connect } from 'holdfast'
import { startTestServer } from 'holdfast/testing'
import type { SocketPeer } from 'holdfast/testing'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { unixPath, unixUrl } from '../support/roads.js'
import type { Scheme } from '../support/roads.js'
import { SELF_SIGNED } from '../support/self-signed.js'
import type { FarEnd, Scenario, TransportHarness } from '../transports/scene.js'

function farEndOf({ socket, request, received }: SocketPeer, pongs: readonly Uint8Array[]): FarEnd {
  let closeFrame: FarEnd['closeFrame']
  socket.on('close', (code, reason) => {
    if (code !== 1006) closeFrame = { code, reason: reason.toString() }
  })
  return {
    received,
    pongs,
    get closeFrame() {
      return closeFrame
    },
    send: (data) => socket.send(data),
    ping: (data) => socket.ping(data),
    pong: (data) => socket.pong(data),
    close: (code, reason) => socket.close(code, reason),
    cut: () => void request.socket.end(),
    stopReading: () => socket.pause(),
    readOn: () => socket.resume(),
    together: (act) => {
      request.socket.cork()
      act()
      request.socket.uncork()
    },
  }
}

/** Starts a server of `ws` for one scenario, over TCP, TLS, or a Unix socket. */
export async function openHarness(
  { early = [], protocol, isRefusing = false }: Scenario,
  connect: Connect,
  scheme: Scheme = 'ws',
): Promise<TransportHarness> {
  const pongs: Uint8Array[] = []
  const http = scheme === 'wss' ? createTlsServer(SELF_SIGNED) : createServer()
  const starting = startTestServer(
    ({ socket, request }) => {
      socket.on('pong', (data) => pongs.push(data))
      for (const message of early) socket.send(message)
      request.socket.uncork()
    },
    {
      server: http,
      port: undefined,
      host: undefined,
      // Corked until the early messages are written, so that they leave in one segment with the response to the handshake.
      verifyClient: ({ req }: { req: { socket: { cork(): void } } }) => {
        if (!isRefusing) req.socket.cork()
        return !isRefusing
      },
      handleProtocols: () => protocol ?? false,
    },
  )
  if (scheme === 'ws+unix') http.listen(unixPath())
  else http.listen(0, '127.0.0.1')
  const server = await starting
  const address = http.address() as AddressInfo | string
  return {
    connect,
    url: typeof address === 'string' ? unixUrl(address) : `${scheme}://127.0.0.1:${address.port}`,
    get headers() {
      return server.connections[0]?.request.headers ?? {}
    },
    farEnd: async () => farEndOf(await server.connection(1), pongs),
    [Symbol.asyncDispose]: async () => {
      await server.close()
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}
