import { expect } from 'chai'
import { HandshakeError, OnError, OnMessage, bootstrap } from 'holdfast'
import type { AttemptInfo, ClientOptions } from 'holdfast'
import { createWsTransport } from '#src/ws/ws-transport.js'
import { disposal } from '../support/disposal.js'
import { eventually } from '../support/eventually.js'
import { startRawServer, upgradeAnswer } from '../support/raw-server.js'
import type { RawServer } from '../support/raw-server.js'
import type { Scheme } from '../support/roads.js'
import { BOTH_WAYS } from '../ws/ws-scene.js'

const SECRET = 'tok-5d0c'

/** Everything of the user's that must not reach another origin. */
const OWN = {
  headers: { Authorization: `Bearer ${SECRET}`, Cookie: `session=${SECRET}`, 'X-Api-Key': SECRET },
  protocols: ['v1', `token.${SECRET}`],
  origin: `https://${SECRET}.test`,
  userAgent: SECRET,
} as const

/** The server does not answer close frames. */
const QUIET = { logger: false, closeTimeout: 10 } as const

class Witness {
  @OnMessage()
  received(): void {
    // The messages do not matter.
  }

  @OnError()
  failed(): void {
    // The error is also the reason for which bootstrap rejects.
  }
}

/** Answers to handshakes, by path: a `Location`, or `undefined` to upgrade. */
type Paths = Readonly<Record<string, string | undefined>>

describe('Redirects over real sockets', function () {
  this.timeout(30_000)
  const use = disposal()

  async function serve(paths: Paths, scheme?: Scheme): Promise<RawServer> {
    return use(
      await startRawServer(({ socket, request }) => {
        const [, path = ''] = request.split(' ')
        const location = paths[path]
        if (location === undefined) {
          const offered = /^sec-websocket-protocol: ([^,\r]*)/im.exec(request)?.[1]
          socket.write(
            upgradeAnswer(request, offered === undefined ? {} : { 'Sec-WebSocket-Protocol': offered }),
          )
        } else
          socket.end(
            `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nSet-Cookie: hop=1\r\nContent-Length: 0\r\n\r\n`,
          )
      }, scheme),
    )
  }

  async function connect(url: string, options: ClientOptions = {}) {
    return use(await bootstrap(Witness, url, { ...QUIET, followRedirects: true, ...options }))
  }

  async function failure(url: string, options: ClientOptions = {}): Promise<HandshakeError> {
    try {
      await connect(url, options)
    } catch (error) {
      expect(error).to.be.instanceOf(HandshakeError)
      return error as HandshakeError
    }
    return expect.fail('it connected')
  }

  const requestsOf = (server: RawServer): string[] => server.connections.map(({ request }) => request)
  const withUser = (url: string): string => url.replace('//', `//user:${SECRET}@`)

  for (const { way, transport } of BOTH_WAYS) {
    it(`are followed to the same origin with everything that the first request had, ${way}`, async () => {
      const server = await serve({ '/': '/a?x=1', '/a?x=1': 'b' })
      const client = await connect(server.url, { ...OWN, transport })
      const strip = (request: string): string =>
        request.replace(/^GET .*/, '').replace(/^sec-websocket-key: .*/im, '')
      const requests = requestsOf(server)
      expect(requests.map((request) => request.split(' ')[1])).to.deep.equal(['/', '/a?x=1', '/b'])
      expect(new Set(requests.map(strip)).size).to.equal(1)
      expect(requests[2]).to.match(/^x-api-key: tok-5d0c$/im)
      expect(client.connection).to.include({ url: `${server.url}/b`, protocol: 'v1' })
    })
  }

  it('are followed to the same origin with the credentials of the URL', async () => {
    const server = await serve({ '/': '/a' })
    await connect(withUser(server.url))
    const authorization = /^authorization: Basic .+$/im
    for (const request of requestsOf(server)) expect(request).to.match(authorization)
    expect(server.connections).to.have.length(2)
  })

  it('pass nothing of the user to another origin, and not on the way back either', async () => {
    const last = await serve({})
    const middle = await serve({ '/middle': `${last.url}/last` })
    const first = await serve({ '/': '/own', '/own': `${middle.url}/middle` })
    const { headers, ...others } = OWN
    for (const options of [OWN, { ...others, headers: { ...headers, Authorization: undefined } }]) {
      const client = await connect(withUser(first.url), options)
      expect(client.connection).to.include({ url: `${last.url}/last`, protocol: '' })
    }
    for (const request of requestsOf(first)) expect(request).to.contain(SECRET)
    for (const request of [...requestsOf(middle), ...requestsOf(last)]) {
      expect(request).to.not.contain(SECRET)
      expect(request).to.not.match(
        /^(authorization|cookie|origin|user-agent|x-api-key|sec-websocket-protocol):/im,
      )
    }
    expect([middle, last].map(({ connections }) => connections.length)).to.deep.equal([2, 2])
  })

  it('keep the cookies of each hop, and send each host its own', async () => {
    const last = await serve({})
    const first = await serve({ '/': `${last.url}/last` })
    const calls: string[] = []
    const cookies = {
      get: (url: string) => `at=${new URL(url).port}`,
      set: (url: string, all: string[]) => void calls.push(`${url} ${all.join()}`),
    }
    await connect(withUser(first.url), { cookies })
    expect(requestsOf(first)[0]).to.match(new RegExp(`^cookie: at=${first.port}$`, 'im'))
    expect(requestsOf(last)[0]).to.match(new RegExp(`^cookie: at=${last.port}$`, 'im'))
    expect(calls).to.deep.equal([`${first.url}/ hop=1`])
  })

  it('never lead from wss to ws', async () => {
    const plain = await serve({})
    const secure = await serve({ '/': plain.url.replace('ws:', 'http:') }, 'wss')
    // The certificate is self-signed.
    const { NODE_TLS_REJECT_UNAUTHORIZED: before } = process.env
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      const { message } = await failure(secure.url)
      expect(message).to.contain('never follows a redirect from wss to ws')
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
    }
    expect(plain.sockets).to.have.length(0)
  })

  it('are followed even if the server never ends the body', async () => {
    const last = await serve({})
    const first = use(
      await startRawServer(({ socket }) => {
        socket.write(`HTTP/1.1 302 Found\r\nLocation: ${last.url}/last\r\n\r\nmoved`)
      }),
    )
    const client = await connect(first.url, { connectTimeout: 5_000 })
    expect(client.connection.url).to.equal(`${last.url}/last`)
    const { body } = await failure(first.url, { connectTimeout: 5_000, followRedirects: false })
    expect(body).to.equal('moved')
  })

  it('are limited in number', async () => {
    const server = await serve({ '/': '/1', '/1': '/2', '/2': '/3' })
    const { message, status } = await failure(server.url, { followRedirects: 2 })
    expect(message).to.contain('allows only 2 redirects per attempt')
    expect(status).to.equal(302)
    expect(server.connections).to.have.length(3)
    await connect(server.url, { followRedirects: 3 })
  })

  it('end with an error if they are a loop', async () => {
    const server = await serve({ '/': '/1', '/1': '/' })
    const { message } = await failure(server.url)
    expect(message).to.contain(`The server redirects in a loop, back to ${server.url}/`)
    expect(server.connections).to.have.length(2)
  })

  it('start at the original URL on each attempt, so that the URL never grows (B33)', async () => {
    const server = await serve({ '/?token=1': '/feed?token=1' })
    const asked: (string | undefined)[] = []
    const reconnect = { initialDelay: 1, maxDelay: 1, minUptime: 1 }
    const url = ({ attempt }: AttemptInfo): string => (
      asked.push(`${attempt}`),
      `${withUser(server.url)}/?token=1`
    )
    const client = use(
      await bootstrap(Witness, url, {
        ...{ ...QUIET, followRedirects: true, reconnect },
        ...{ protocols: 'v1', transport: createWsTransport() },
      }),
    )
    const expected = `${withUser(server.url)}/feed?token=1`
    for (let link = 1; link <= 6; link += 1) {
      await eventually(
        `link ${link} is open`,
        () => client.connection.state.status === 'open' && asked.length === link,
      )
      expect(client.connection.url).to.equal(expected)
      if (link < 6) server.connections.at(-1)?.socket.destroy()
    }
    const paths = requestsOf(server).map((request) => request.split(' ')[1])
    expect(paths).to.deep.equal(Array.from({ length: 6 }, () => ['/?token=1', '/feed?token=1']).flat())
  })
})
