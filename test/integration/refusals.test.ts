import { expect } from 'chai'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:tls'
import { bootstrap, ConnectFailedError, HandshakeError } from 'holdfast'
import { FakeClock, startTestServer } from 'holdfast/testing'
import type { TestServer } from 'holdfast/testing'
import { disposal } from '../support/disposal.js'
import { eventually, turns } from '../support/eventually.js'
import { startRawServer, upgradeAnswer } from '../support/raw-server.js'
import { rejection } from '../support/rejection.js'
import { SELF_SIGNED } from '../support/self-signed.js'
import { watched } from '../support/watched.js'
import { describeBothWays } from '../ws/ws-scene.js'

interface Refusal {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
}

describeBothWays('A server that refuses', function (transport) {
  this.timeout(30_000)
  const use = disposal()

  /** Starts a server that refuses once for each refusal, and then accepts. `requests` contains all handshakes. */
  async function refusingServer(
    ...refusals: readonly Refusal[]
  ): Promise<{ server: TestServer; requests: IncomingMessage[] }> {
    const requests: IncomingMessage[] = []
    type Answer = (
      isAccepted: boolean,
      status?: number,
      message?: string,
      headers?: Record<string, string>,
    ) => void
    const verifyClient = ({ req }: { req: IncomingMessage }, answer: Answer): void => {
      const refusal = refusals[requests.length]
      requests.push(req)
      if (refusal) answer(false, refusal.status, undefined, { ...refusal.headers })
      else answer(true)
    }
    return { server: use(await startTestServer(undefined, { verifyClient })), requests }
  }

  for (const status of [200, 302, 400, 401, 403, 404, 410, 426]) {
    it(`with ${status} stops the client from retrying, and bootstrap rejects (B27)`, async () => {
      const { Watched, log } = watched()
      const { server, requests } = await refusingServer({ status })
      const error = await rejection(
        bootstrap(Watched, server.url, {
          logger: false,
          transport,
          reconnect: { delays: [0], initialDelay: 0 },
        }),
      )
      expect(error).to.be.instanceOf(HandshakeError)
      expect((error as HandshakeError).status).to.equal(status)
      await turns()
      expect(requests).to.have.lengthOf(1)
      expect(log.errors).to.deep.equal([{ error, stage: 'connect', fatal: true }])
      expect(log.states.map((state) => state.status)).to.deep.equal(['closing', 'closed'])
      expect([...log.opens, ...log.closes]).to.deep.equal([])
    })
  }

  for (const status of [408, 425, 429, 500, 502, 503, 504]) {
    it(`with ${status} makes the client retry until the server accepts (B27)`, async () => {
      const { Watched, log } = watched()
      const { server, requests } = await refusingServer({ status }, { status })
      use(
        await bootstrap(Watched, server.url, {
          logger: false,
          transport,
          reconnect: { delays: [0], initialDelay: 0 },
        }),
      )
      expect(requests).to.have.lengthOf(3)
      expect(log.errors.map(({ error, fatal }) => [(error as HandshakeError).status, fatal])).to.deep.equal([
        [status, false],
        [status, false],
      ])
      expect(log.opens.map(({ attempt, isReconnect }) => ({ attempt, isReconnect }))).to.deep.equal([
        { attempt: 3, isReconnect: false },
      ])
    })
  }

  for (const status of [429, 503]) {
    it(`with ${status} and Retry-After: 2 makes the client retry after two seconds, not before (B27)`, async () => {
      const { Watched, log } = watched()
      const clock = new FakeClock()
      const again = { status, headers: { 'Retry-After': '2' } }
      const { server, requests } = await refusingServer(again, again)
      const starting = bootstrap(Watched, server.url, { logger: false, transport, clock, random: () => 0 })
      for (const wait of [1, 2]) {
        const states = (): string[] => log.states.map((state) => state.status)
        await eventually(`the client waits for the ${wait}th time`, () => states().length === 2 * wait - 1)
        const state = log.states.at(-1)
        expect(state).to.include({ status: 'waiting', delay: 2_000 })
        await clock.advance(1_999)
        expect(states().at(-1)).to.equal('waiting')
        expect(requests).to.have.lengthOf(wait)
        await clock.advance(1)
        expect(states().at(-1)).to.equal('connecting')
      }
      use(await starting)
      expect(requests).to.have.lengthOf(3)
    })
  }

  it('and then accepts leaves no trace of the refusal in a later reconnect', async () => {
    const { Watched, log } = watched()
    const { server, requests } = await refusingServer({ status: 503 })
    use(
      await bootstrap(Watched, server.url, {
        logger: false,
        transport,
        reconnect: { delays: [0], initialDelay: 0 },
      }),
    )
    const { socket } = await server.connection(1)
    socket.terminate()
    await eventually('the connection is back', () => log.opens.length === 2)
    expect(requests).to.have.lengthOf(3)
    expect(log.errors).to.have.lengthOf(1)
  })

  it('with an invalid upgrade response stops the client from retrying', async () => {
    const { Watched } = watched()
    const headers = { 'Sec-WebSocket-Accept': 'bm90IHlvdXJzIGF0IGFsbA==' }
    const server = use(
      await startRawServer(({ socket, request }) => void socket.write(upgradeAnswer(request, headers))),
    )
    const error = await rejection(
      bootstrap(Watched, server.url, {
        logger: false,
        transport,
        reconnect: { delays: [0], initialDelay: 0 },
      }),
    )
    expect((error as HandshakeError).violation).to.equal('accept')
    await turns()
    expect(server.sockets).to.have.lengthOf(1)
  })
})

describe('A server with an untrusted certificate', function () {
  this.timeout(30_000)
  const use = disposal()

  it('stops the client from retrying, and bootstrap rejects with the reason from TLS', async () => {
    const { Watched, log } = watched()
    let handshakes = 0
    let requests = 0
    const server = createServer(SELF_SIGNED, () => (requests += 1))
    server.on('connection', () => (handshakes += 1))
    server.on('tlsClientError', () => undefined)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    use({ [Symbol.asyncDispose]: () => new Promise<void>((resolve) => void server.close(() => resolve())) })
    const url = `wss://127.0.0.1:${(server.address() as AddressInfo).port}/feed?token=secret`
    const error = await rejection(
      bootstrap(Watched, url, { logger: false, reconnect: { delays: [0], initialDelay: 0 } }),
    )
    expect(error).to.be.instanceOf(ConnectFailedError)
    expect((error as ConnectFailedError).systemCode).to.equal('DEPTH_ZERO_SELF_SIGNED_CERT')
    expect((error as ConnectFailedError).message)
      .to.include('self-signed certificate')
      .and.not.include('secret')
    expect(log.errors).to.deep.equal([{ error, stage: 'connect', fatal: true }])
    await turns()
    expect(handshakes).to.equal(1)
    // No request, and so no header or token, reaches a server with the wrong certificate.
    expect(requests).to.equal(0)
  })
})
