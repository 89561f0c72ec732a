import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Connect, Transport, TransportEnd, TransportRequest } from 'holdfast'
import { createWsTransport } from '#src/ws/ws-transport.js'
import { disposal } from '../support/disposal.js'
import { startRawServer, upgradeAnswer } from '../support/raw-server.js'
import type { RawConnection, RawServer } from '../support/raw-server.js'
import { Recorder } from '../support/recorder.js'

/** Both variants of the ws transport: their names for test titles, and the value of the `transport` option. */
export const BOTH_WAYS = [
  { way: 'without fast paths', fastPaths: false, transport: createWsTransport({ fastPaths: false }) },
  { way: 'with fast paths', fastPaths: true, transport: createWsTransport({ fastPaths: true }) },
] as const

/** Describes behavior common to both variants. Pass `transport` in the options of each client. */
export function describeBothWays(
  title: string,
  tests: (this: Mocha.Suite, transport: Connect) => void,
): void {
  for (const { way, transport } of BOTH_WAYS) {
    describe(`${title}, ${way}`, function () {
      tests.call(this, transport)
    })
  }
}

/** Tools for tests of the ws transport. Everything they open ends with the test. Call it in a `describe`. */
export interface WsScene {
  /** Connects, and records the events. */
  connect(url: string, request?: Partial<TransportRequest>): { recorder: Recorder; transport: Transport }
  /** Connects, and waits for the end. */
  endOf(url: string, request?: Partial<TransportRequest>): Promise<TransportEnd>
  rawServer(onRequest: (connection: RawConnection) => void): Promise<RawServer>
  /** A server that upgrades and then sends these frames. */
  sending(...frames: readonly Uint8Array[]): Promise<RawServer>
  /** Registers another resource that ends with the test. */
  use<T extends AsyncDisposable>(resource: T): T
  /** A server that never upgrades. Returns its URL. */
  httpServer(listener: RequestListener): Promise<string>
}

export function wsScene(fastPaths = false): WsScene {
  const use = disposal()
  const connectWs = createWsTransport({ fastPaths })

  const connect: WsScene['connect'] = (url, request = {}) => {
    const recorder = new Recorder()
    const defaults = { protocols: [], headers: {}, maxPayload: 1_000, maxFragments: 10, closeTimeout: 1_000 }
    const transport = connectWs({ url, ...defaults, ...request }, recorder)
    const end = async (): Promise<void> => {
      transport.terminate()
      await recorder.untilClosed()
    }
    use({ [Symbol.asyncDispose]: end })
    return { recorder, transport }
  }

  const rawServer: WsScene['rawServer'] = async (onRequest) => use(await startRawServer(onRequest))

  return {
    connect,
    rawServer,
    use,
    endOf: (url, request) => connect(url, request).recorder.untilClosed(),
    sending: (...frames) =>
      rawServer(({ socket, request }) => {
        socket.write(upgradeAnswer(request))
        for (const each of frames) socket.write(each)
      }),
    httpServer: (listener) => startHttpServer(listener, use),
  }
}

async function startHttpServer(
  listener: RequestListener,
  use: (server: AsyncDisposable) => unknown,
): Promise<string> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  use({ [Symbol.asyncDispose]: close })
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}
