import { expect } from 'chai'
import {
  bootstrap,
  ConnectTimeoutError,
  HandshakeError,
  HeartbeatTimeoutError,
  RetriesExhaustedError,
} from 'holdfast'
import type { ClientOptions } from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import { disposal } from '../support/disposal.js'
import { eventually, turns } from '../support/eventually.js'
import { CLOSE, PING, closePayload, startRawServer, upgradeAnswer } from '../support/raw-server.js'
import type { RawServer } from '../support/raw-server.js'
import { rejection } from '../support/rejection.js'
import { watched } from '../support/watched.js'
import { describeBothWays } from '../ws/ws-scene.js'

/** Maximum duration in milliseconds, generous for busy machines. The tests check strictly what happens, but not when. */
const LOOSE = 10_000

describeBothWays('A dead peer', function (transport) {
  this.timeout(30_000)
  const use = disposal()

  /** Starts a server that upgrades the connection and then sends nothing. */
  async function silentServer(): Promise<RawServer> {
    return use(await startRawServer(({ socket, request }) => void socket.write(upgradeAnswer(request))))
  }

  async function untilGivenUp(heartbeat: ClientOptions['heartbeat']): Promise<readonly number[]> {
    const { Watched, log } = watched()
    const server = await silentServer()
    const startedAt = performance.now()
    const client = use(
      await bootstrap(Watched, server.url, { logger: false, transport, heartbeat, reconnect: false }),
    )
    const close = await client.closed
    expect(performance.now() - startedAt).to.be.lessThan(LOOSE)
    expect(log.errors.map(({ error, stage }) => [error.name, stage])).to.deep.equal([
      [HeartbeatTimeoutError.name, 'heartbeat'],
    ])
    expect(log.closes).to.have.lengthOf(1)
    expect(close).to.include({ code: 1006, wasClean: false, initiator: 'network', sentCode: undefined })
    await eventually('the server has seen the end', () => isRidOf(server, 1))
    return server.connections[0]?.frames().map(({ opcode }) => opcode) ?? []
  }

  it('is terminated within interval + timeout, without a closing handshake (B4)', async () => {
    const opcodes = await untilGivenUp({ interval: 50, timeout: 50 })
    expect(opcodes).to.include(PING)
    expect(opcodes).to.not.include(CLOSE)
  })

  it('is terminated by a client that only listens, even if it has never sent anything (B8)', async () => {
    expect(await untilGivenUp({ silence: 50 })).to.deep.equal([])
  })

  it('is terminated by a client with a message heartbeat, even if it has never sent anything (B8)', async () => {
    const opcodes = await untilGivenUp({ interval: 50, timeout: 50, message: () => ({ op: 'ping' }) })
    expect(opcodes).to.not.include(CLOSE)
    expect(opcodes).to.not.be.empty
  })

  it('makes close() resolve with 1006 within closeTimeout if it never responds (B24)', async () => {
    const { Watched, log } = watched()
    const server = await silentServer()
    const client = use(await bootstrap(Watched, server.url, { logger: false, transport, closeTimeout: 100 }))
    const startedAt = performance.now()
    const close = await client.close(1000, 'bye')
    expect(performance.now() - startedAt).to.be.lessThan(LOOSE)
    expect(close).to.include({ code: 1006, wasClean: false, initiator: 'local', sentCode: 1000 })
    expect(log.closes).to.deep.equal([close])
    await eventually('the server has seen the end', () => isRidOf(server, 1))
    expect(server.connections[0]?.frames()).to.deep.equal([
      { opcode: CLOSE, payload: closePayload(1000, 'bye') },
    ])
  })

  it('makes an attempt fail at connectTimeout if it never responds to the handshake, after which the client retries (B25)', async () => {
    const { Watched, log } = watched()
    const server = use(await startRawServer(() => undefined))
    const options = {
      logger: false,
      transport,
      connectTimeout: 50,
      reconnect: { maxAttempts: 2, delays: [0], initialDelay: 0 },
    } as const
    const error = await rejection(bootstrap(Watched, server.url, options))
    expect(error).to.be.instanceOf(RetriesExhaustedError)
    expect((error as Error).cause).to.be.instanceOf(ConnectTimeoutError)
    expect(log.errors.map(({ error: each, fatal }) => [each.name, fatal])).to.deep.equal([
      [ConnectTimeoutError.name, false],
      [ConnectTimeoutError.name, true],
    ])
    await eventually('the server has lost both sockets', () => isRidOf(server, 2))
  })

  for (const body of ['', 'wait']) {
    const what = body ? 'answers with 429 and part of a body' : 'answers with 429'
    it(`makes an attempt fail at connectTimeout if it ${what} and keeps the socket open, after which the client retries (B25)`, async () => {
      const { Watched, log } = watched()
      const clock = new FakeClock()
      let answers = 0
      const server = use(
        await startRawServer(({ socket }) => {
          const head =
            'HTTP/1.1 429 Too Many Requests\r\nContent-Length: 100\r\nConnection: keep-alive\r\n\r\n'
          socket.write(head + body, () => (answers += 1))
        }),
      )
      const options = {
        logger: false,
        transport,
        clock,
        connectTimeout: 500,
        reconnect: { maxAttempts: 2, delays: [0], initialDelay: 0 },
      } as const
      const rejected = rejection(bootstrap(Watched, server.url, options))
      for (const attempt of [1, 2]) {
        await eventually(`attempt ${attempt} has been answered`, () => answers === attempt)
        await turns()
        expect(log.errors).to.have.lengthOf(attempt - 1)
        await clock.advance(500)
      }
      const error = await rejected
      expect(error).to.be.instanceOf(RetriesExhaustedError)
      expect((error as Error).cause).to.be.instanceOf(HandshakeError)
      expect((error as Error).cause).to.include({ status: 429, body })
      expect(log.errors.map(({ error: each }) => (each as HandshakeError).status)).to.deep.equal([429, 429])
      await eventually('the server has lost both sockets', () => isRidOf(server, 2))
    })
  }

  for (const status of [429, 503]) {
    it(`cannot keep a socket open after a complete response with ${status}`, async () => {
      const { Watched } = watched()
      const server = use(
        await startRawServer(({ socket }) => {
          socket.write(`HTTP/1.1 ${status} No\r\nContent-Length: 4\r\nConnection: keep-alive\r\n\r\nlate`)
        }),
      )
      const options = {
        logger: false,
        transport,
        connectTimeout: false,
        reconnect: { maxAttempts: 2, delays: [0], initialDelay: 0 },
      } as const
      const error = await rejection(bootstrap(Watched, server.url, options))
      expect((error as Error).cause).to.include({ status, body: 'late' })
      await eventually('the server has lost both sockets', () => isRidOf(server, 2))
    })
  }
})

function isRidOf({ sockets }: RawServer, count: number): boolean {
  return sockets.length === count && sockets.every((socket) => socket.destroyed || socket.readableEnded)
}
