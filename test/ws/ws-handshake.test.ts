import { expect } from 'chai'
import dns from 'node:dns'
import { ConnectFailedError, HandshakeError } from 'holdfast'
import type { TransportRequest } from 'holdfast'
import { createWsTransport } from '#src/ws/ws-transport.js'
import { withProxyVariables } from '../support/environment.js'
import { eventually, turns } from '../support/eventually.js'
import { startRawServer, upgradeAnswer } from '../support/raw-server.js'
import type { RawServer } from '../support/raw-server.js'
import { Recorder } from '../support/recorder.js'
import { wsScene } from './ws-scene.js'

describe('The opening handshake over ws', function () {
  this.timeout(30_000)
  const { connect, endOf, rawServer, httpServer, use } = wsScene()

  describe('a refusal', () => {
    it('is reported as a HandshakeError with its status, headers, and body', async () => {
      const url = await httpServer((_request, response) => {
        response.writeHead(429, { 'Retry-After': '7', 'X-Reason': 'quota' }).end('slow down')
      })
      const { code, error } = await endOf(url)
      expect(code).to.equal(1006)
      expect(error).to.be.instanceOf(HandshakeError)
      const { status, headers, body, violation } = error as HandshakeError
      expect({ status, body, violation }).to.deep.equal({
        status: 429,
        body: 'slow down',
        violation: undefined,
      })
      expect(headers).to.include({ 'retry-after': '7', 'x-reason': 'quota' })
      expect(error?.message).to.include('429 Too Many Requests')
    })

    it('has at most 16 KiB of its body kept, even if the body never ends', async () => {
      const url = await httpServer((request, response) => {
        response.writeHead(503)
        const more = (): void =>
          void (request.socket.destroyed || response.write('x'.repeat(10_000), () => setImmediate(more)))
        more()
      })
      const { error } = await endOf(url)
      expect((error as HandshakeError).status).to.equal(503)
      expect((error as HandshakeError).body).to.equal('x'.repeat(16 * 1_024))
    })

    it('has the received part of its body kept if the body is truncated', async () => {
      const url = await httpServer((request, response) => {
        response.writeHead(500, { 'Content-Length': '100' })
        response.write('half of', () => request.socket.destroySoon())
      })
      const { error } = await endOf(url)
      expect((error as HandshakeError).status).to.equal(500)
      expect((error as HandshakeError).body).to.equal('half of')
    })

    it('has the received part of its body kept if the body stalls until the attempt is abandoned', async () => {
      let hasSent = false
      const url = await httpServer((_request, response) => {
        response.writeHead(500, { 'Content-Length': '100' })
        response.write('half of', () => (hasSent = true))
      })
      const { recorder, transport } = connect(url)
      await eventually('half of the body has been sent', () => hasSent)
      await turns()
      transport.terminate()
      const { error } = await recorder.untilClosed()
      expect((error as HandshakeError).status).to.equal(500)
      expect((error as HandshakeError).body).to.equal('half of')
    })

    it('can be a redirect, which is not followed', async () => {
      let requests = 0
      const url = await httpServer((_request, response) => {
        requests += 1
        response.writeHead(302, { Location: '/elsewhere' }).end()
      })
      const { error } = await endOf(url)
      expect((error as HandshakeError).status).to.equal(302)
      expect((error as HandshakeError).headers['location']).to.equal('/elsewhere')
      expect(requests).to.equal(1)
    })

    const ANSWERS: [string, number, Record<string, string>, string, string][] = [
      [
        '200 explains that the URL serves plain HTTP',
        200,
        {},
        '',
        '. This URL serves plain HTTP. Check the path',
      ],
      [
        '302 names the target, without query and credentials',
        302,
        { Location: 'https://user:secret@other.test/login?token=secret' },
        '',
        '. The server redirects to https://other.test/login, but Holdfast does not follow redirects. Use the final URL, or set followRedirects',
      ],
      [
        '307 to a path names the whole URL',
        307,
        { Location: '/v2?token=secret' },
        '',
        `. The server redirects to URL/v2, but Holdfast does not follow redirects. Use the final URL, or set followRedirects`,
      ],
      ['304 without a location has no advice', 304, {}, '', ''],
      [
        "400 with nginx's wording explains that the server expects TLS",
        400,
        {},
        '<center>The plain HTTP request was sent to HTTPS port</center>',
        '. The server expects TLS on this port. Use wss://',
      ],
      ['400 alone has no advice', 400, {}, 'Bad Request', ''],
    ]
    for (const [title, status, headers, body, advice] of ANSWERS) {
      it(title, async () => {
        const url = await httpServer(
          (_request, response) => void response.writeHead(status, headers).end(body),
        )
        const { error } = await endOf(`${url}/?token=secret`)
        const { STATUS_CODES } = await import('node:http')
        expect(error?.message).to.equal(
          `Server rejected the handshake with HTTP ${status} ${STATUS_CODES[status]}: ${url}/${advice.replace('URL/', `${url}/`)}`,
        )
      })
    }

    it("is reported without the URL's query and credentials", async () => {
      const url = await httpServer((_request, response) => void response.writeHead(401).end())
      const { error } = await endOf(`${url.replace('//', '//user:pass@')}/feed?token=secret`)
      expect((error as HandshakeError).url).to.equal(`${url}/feed`)
      expect(`${String(error)} ${JSON.stringify(error)}`).to.not.match(/secret|user|pass/)
    })
  })

  describe('a failure before any response', () => {
    it('is reported as a ConnectFailedError with the reason if nothing listens on localhost', async () => {
      const server = await startRawServer(() => undefined)
      const { port } = server
      await server[Symbol.asyncDispose]()
      const { code, error } = await endOf(`ws://localhost:${port}/feed?token=secret`)
      expect(code).to.equal(1006)
      expect(error).to.be.instanceOf(ConnectFailedError)
      expect((error as ConnectFailedError).systemCode).to.equal('ECONNREFUSED')
      expect(error?.message).to.match(
        new RegExp(`^Failed to connect to ws://localhost:${port}/feed: .*ECONNREFUSED`),
      )
      expect(error?.message).to.not.include('secret')
    })

    it('is reported with the name of an unused proxy variable, but not its value', async () => {
      const server = await startRawServer(() => undefined)
      const { url } = server
      await server[Symbol.asyncDispose]()
      await withProxyVariables({ ALL_PROXY: 'http://user:secret@proxy.test:3128' }, async () => {
        const { error } = await endOf(url)
        expect(error?.message).to.match(
          /[.] ALL_PROXY is set, but was not used[.] To connect through that proxy, use proxy: 'environment'$/,
        )
        expect(error?.message).to.not.include('secret')
      })
    })

    it('is reported without a proxy variable if the proxy option decided to connect directly', async () => {
      const server = await startRawServer(() => undefined)
      const { url } = server
      await server[Symbol.asyncDispose]()
      await withProxyVariables({ ALL_PROXY: 'http://proxy.test:3128' }, async () => {
        const { error } = await endOf(url, { socket: { proxy: false } })
        expect(error?.message).to.not.include('PROXY')
      })
    })

    it('is reported as a ConnectFailedError if the server hangs up', async () => {
      const server = await rawServer(({ socket }) => void socket.destroy())
      const { error } = await endOf(server.url)
      expect(error).to.be.instanceOf(ConnectFailedError)
      expect((error as ConnectFailedError).systemCode).to.equal('ECONNRESET')
    })

    it('is reported as a ConnectFailedError if the response is not HTTP', async () => {
      const server = await rawServer(({ socket }) => void socket.end('220 mail.example.com ESMTP\r\n'))
      const { error } = await endOf(server.url)
      expect(error).to.be.instanceOf(ConnectFailedError)
      expect((error as ConnectFailedError).systemCode).to.match(/^HPE_/)
    })

    it('is reported with the hint that the server does not use TLS', async () => {
      const url = (await httpServer(() => undefined)).replace('ws:', 'wss:')
      const { error } = await endOf(url)
      expect(error).to.be.instanceOf(ConnectFailedError)
      expect(error?.message).to.equal(
        `Failed to connect to ${url}/: the server does not use TLS on this port. Use ws://`,
      )
      expect((error as Error).cause).to.be.an('error')
    })

    it('is reported with the hint that the server may expect TLS if it hangs up', async () => {
      const server = use(await startRawServer(() => undefined, 'wss'))
      const url = `ws://127.0.0.1:${server.port}`
      const { error } = await endOf(url)
      expect(error?.message).to.equal(
        `Failed to connect to ${url}/: socket hang up. If the server expects TLS on this port, use wss://`,
      )
    })

    it('is reported with the hint that the server expects TLS if it responds with an alert', async () => {
      const server = await rawServer(({ socket }) => void socket.end(Buffer.from([21, 3, 1, 0, 2, 2, 70])))
      const { error } = await endOf(server.url)
      expect(error?.message).to.equal(
        `Failed to connect to ${server.url}/: the server expects TLS on this port. Use wss://`,
      )
    })

    it('is thrown synchronously if the request itself is impossible', () => {
      const request = { protocols: [], headers: {}, maxPayload: 0, maxFragments: 0, closeTimeout: 1_000 }
      const recorder = new Recorder()
      expect(() => createWsTransport()({ ...request, url: 'gopher://example.com' }, recorder)).to.throw(
        SyntaxError,
      )
      const headers = { 'X-Broken': 'a\nb' }
      expect(() => createWsTransport()({ ...request, url: 'ws://127.0.0.1', headers }, recorder)).to.throw(
        TypeError,
      )
      expect(recorder.events).to.deep.equal([])
    })
  })

  describe('the request', () => {
    /** Returns the request that a server received. */
    async function requestTo(toUrl: (url: string) => string, request: Partial<TransportRequest> = {}) {
      const server = await rawServer(({ socket, request: text }) => void socket.write(upgradeAnswer(text)))
      const { recorder } = connect(toUrl(server.url), request)
      await recorder.untilOpened()
      return server.connections[0]?.request ?? ''
    }

    it('has neither an Origin nor a User-Agent by default', async () => {
      const text = await requestTo((url) => url)
      expect(text).to.not.match(/^(origin|user-agent):/im)
    })

    it('has one header line per value', async () => {
      const text = await requestTo((url) => url, { headers: { 'X-A': ['1', '2'], 'X-B': [] } })
      expect(text.split('\r\n').filter((line) => /^x-/i.test(line))).to.deep.equal(['X-A: 1', 'X-A: 2'])
    })

    it('has the credentials of the URL, percent-decoded, as Basic authorization', async () => {
      const text = await requestTo((url) => url.replace('//', '//j%C3%BCrgen%40home:p%25%3A%23ä@'))
      const [, encoded = ''] = /^authorization: Basic (.*)$/im.exec(text) ?? []
      expect(Buffer.from(encoded, 'base64').toString()).to.equal('jürgen@home:p%:#ä')
    })

    it("has the user's own Authorization header instead of the credentials in the URL", async () => {
      for (const name of ['Authorization', 'authorization']) {
        const headers = { [name]: 'Bearer token' }
        const text = await requestTo((url) => url.replace('//', '//user:pass@'), { headers })
        expect(text.match(/^authorization: .*$/gim)).to.deep.equal([`${name}: Bearer token`])
      }
    })

    it('has an international host in its ASCII form', async () => {
      const server = await rawServer(({ socket, request }) => void socket.write(upgradeAnswer(request)))
      const { lookup } = dns
      const hosts: string[] = []
      const loopback = (host: string, _options: unknown, done: (...result: unknown[]) => void): void => {
        hosts.push(host)
        done(null, [{ address: '127.0.0.1', family: 4 }])
      }
      dns.lookup = loopback as never
      try {
        await connect(server.url.replace('127.0.0.1', 'bücher.example')).recorder.untilOpened()
      } finally {
        dns.lookup = lookup
      }
      expect(hosts).to.deep.equal(['xn--bcher-kva.example'])
      expect(server.connections[0]?.request.match(/^host: .*/gim)).to.deep.equal([
        `Host: xn--bcher-kva.example:${server.port}`,
      ])
    })
  })

  describe('optional subprotocols', () => {
    const OPTIONAL = { protocols: ['v2', 'v1'], isProtocolRequired: false }
    const answering = (headers: Record<string, string>): Promise<RawServer> =>
      rawServer(({ socket, request }) => void socket.write(upgradeAnswer(request, headers)))

    it('are offered in one header', async () => {
      const server = await answering({})
      await connect(server.url, OPTIONAL).recorder.untilOpened()
      const { request } = server.connections[0]!
      expect(request.match(/^sec-websocket-protocol: .*$/gim)).to.deep.equal([
        'Sec-WebSocket-Protocol: v2, v1',
      ])
    })

    it("are reported with the server's headers if the server chooses one", async () => {
      const server = await answering({ 'Sec-WebSocket-Protocol': 'v1', 'X-Other': 'yes' })
      const { recorder, transport } = connect(server.url, OPTIONAL)
      await recorder.untilOpened()
      expect(transport.protocol).to.equal('v1')
      const [handshake] = recorder.handshakes
      expect(handshake?.protocol).to.equal('v1')
      expect(handshake?.headers).to.include({ 'sec-websocket-protocol': 'v1', 'x-other': 'yes' })
    })

    it('fail the handshake if the server chooses one that was not offered', async () => {
      const server = await answering({ 'Sec-WebSocket-Protocol': 'v9' })
      const { error } = await endOf(server.url, OPTIONAL)
      expect(error).to.be.instanceOf(HandshakeError).with.property('violation', 'subprotocol')
      expect((error as HandshakeError).headers).to.include({ 'sec-websocket-protocol': 'v9' })
      expect(error?.message).to.equal(
        `Server at ${server.url}/ sent an invalid handshake response: Server sent an invalid subprotocol`,
      )
    })
  })

  describe('an invalid upgrade', () => {
    const cases = [
      { violation: 'upgrade', headers: { Upgrade: 'h2c' }, protocols: [] },
      { violation: 'accept', headers: { 'Sec-WebSocket-Accept': 'bm90IHlvdXJzIGF0IGFsbA==' }, protocols: [] },
      { violation: 'subprotocol', headers: { 'Sec-WebSocket-Protocol': 'v9' }, protocols: ['v1'] },
      { violation: 'subprotocol', headers: { 'Sec-WebSocket-Protocol': 'v1' }, protocols: [] },
      { violation: 'subprotocol', headers: {}, protocols: ['v1'] },
      {
        violation: 'extension',
        headers: { 'Sec-WebSocket-Extensions': 'permessage-deflate' },
        protocols: [],
      },
    ] as const
    for (const { violation, headers, protocols } of cases) {
      const what = JSON.stringify(headers)
      it(`causes a HandshakeError with the violation '${violation}': ${what}, requested [${protocols.join()}]`, async () => {
        const server = await rawServer(
          ({ socket, request }) => void socket.write(upgradeAnswer(request, headers)),
        )
        const { recorder } = connect(`${server.url}/feed?token=secret`, { protocols })
        const { code, error } = await recorder.untilClosed()
        expect(recorder.events).to.deep.equal(['closed'])
        expect(code).to.equal(1006)
        expect(error).to.be.instanceOf(HandshakeError)
        expect((error as HandshakeError).violation).to.equal(violation)
        expect((error as HandshakeError).status).to.equal(undefined)
        expect((error as HandshakeError).headers).to.have.property('upgrade')
        expect(error?.message).to.include('/feed').and.not.include('secret')
      })
    }
  })
})
