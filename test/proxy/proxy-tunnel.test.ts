import { expect } from 'chai'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { inspect } from 'node:util'
import { ConnectFailedError, HandshakeError } from 'holdfast'
import { ProxyTunnel, findMissingPackage } from '#src/proxy/proxy-tunnel.js'
import type { RequestedConnection } from '#src/proxy/proxy-tunnel.js'
import { withProxyVariables } from '../support/environment.js'
import { eventually, turns } from '../support/eventually.js'
import { startHttpProxy } from '../support/http-proxy.js'
import type { HttpProxyOptions } from '../support/http-proxy.js'
import { startLine } from '../support/held-line.js'
import { frame, startRawServer, TEXT, upgradeAnswer } from '../support/raw-server.js'
import { SELF_SIGNED } from '../support/self-signed.js'
import { startSocksProxy } from '../support/socks-proxy.js'
import type { SocksProxyOptions } from '../support/socks-proxy.js'
import { wsScene } from '../ws/ws-scene.js'

const CREDENTIALS = 'jörg:p@ss:ü€'
const ENCODED = 'j%C3%B6rg:p%40ss%3A%C3%BC%E2%82%AC@'
const SECRETS = /jörg|j%C3|p@ss|p%40ss|cMO2cmc|alice|secret|YWxpY2U/

describe('A connection through a proxy', function () {
  this.timeout(30_000)
  const { connect, endOf, rawServer, httpServer, use } = wsScene(true)

  const httpProxy = async (options?: HttpProxyOptions): ReturnType<typeof startHttpProxy> =>
    use(await startHttpProxy(options))
  const socksProxy = async (options?: SocksProxyOptions): ReturnType<typeof startSocksProxy> =>
    use(await startSocksProxy(options))

  /** Connects through a proxy to a URL that leads nowhere, and waits for the error. */
  async function errorThrough(proxy: string, url = 'ws://feed.test:81/v1?token=secret'): Promise<Error> {
    const { error } = await endOf(url, { socket: { proxy }, headers: { authorization: 'secret' } })
    for (const shown of [inspect(error, { depth: 9, showHidden: true }), String(error?.stack)])
      expect(shown).to.not.match(SECRETS)
    return error as Error
  }

  /** A server that sends one text after its upgrade. */
  const greeter = (): ReturnType<typeof rawServer> =>
    rawServer(({ socket, request }) => {
      socket.write(upgradeAnswer(request))
      socket.write(frame(TEXT, 'hello'))
    })

  describe('over http', () => {
    it('uses CONNECT also for ws:, and sends the headers of the request only to the server', async () => {
      const server = await greeter()
      const proxy = await httpProxy()
      const { recorder } = connect(`${server.url.replace('//', '//me:mine@')}/feed`, {
        headers: { cookie: 'sid=1', 'x-key': 'k' },
        socket: { proxy: proxy.url() },
      })
      await recorder.untilMessages(1)
      expect(recorder.messages).to.deep.equal(['hello'])
      expect(proxy.targets).to.deep.equal([`127.0.0.1:${server.port}`])
      expect(Object.keys(proxy.requests[0]?.headers ?? {})).to.have.members(['host', 'proxy-connection'])
      const received = server.connections[0]?.request.toLowerCase()
      expect(received).to.include('authorization: basic').and.include('cookie: sid=1').and.include('x-key: k')
      expect(received).to.not.include('proxy')
    })

    it('sends decoded credentials to the proxy, and nothing of them to the server', async () => {
      const server = await greeter()
      const proxy = await httpProxy({ credentials: CREDENTIALS })
      const { recorder } = connect(server.url, { socket: { proxy: proxy.url(ENCODED) } })
      await recorder.untilMessages(1)
      expect(Object.keys(proxy.requests[0]?.headers ?? {})).to.have.members([
        'host',
        'proxy-connection',
        'proxy-authorization',
      ])
      expect(server.connections[0]?.request.toLowerCase()).to.not.include('authorization')
    })

    it('lets the proxy resolve the host', async () => {
      const proxy = await httpProxy({ answer: (socket) => void socket.end('HTTP/1.1 504 Late\r\n\r\n') })
      await errorThrough(proxy.url())
      expect(proxy.requests[0]?.url).to.equal('feed.test:81')
      expect(proxy.requests[0]?.headers.host).to.equal('feed.test:81')
    })

    it('keeps the brackets of an IPv6 address', async () => {
      const proxy = await httpProxy({ answer: (socket) => void socket.end('HTTP/1.1 504 Late\r\n\r\n') })
      await errorThrough(proxy.url(), 'ws://[2001:db8::1]:81/')
      expect(proxy.requests[0]?.url).to.equal('[2001:db8::1]:81')
    })

    const REFUSALS: [string, string, string][] = [
      ['407 Proxy Authentication Required', '', 'Add credentials to the proxy URL'],
      [
        '407 Proxy Authentication Required',
        'alice:secret@',
        'Check the username and password in the proxy URL',
      ],
      ['403 Forbidden', '', 'The proxy does not allow connections to this host and port'],
      ['405 Method Not Allowed', '', 'The proxy does not support CONNECT'],
      ['502 Bad Gateway', '', 'The proxy failed to reach the server. Check the host and port'],
      ['503 Service Unavailable', '', 'The proxy failed to reach the server. Check the host and port'],
      ['504 Gateway Timeout', '', 'The proxy failed to reach the server. Check the host and port'],
    ]
    for (const [status, credentials, advice] of REFUSALS) {
      it(`reports ${status}${credentials && ' with credentials'} as a HandshakeError of the proxy: ${advice}`, async () => {
        const answer = (socket: Socket): void =>
          void socket.end(`HTTP/1.1 ${status}\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbody`)
        const proxy = await httpProxy({ answer })
        const error = await errorThrough(proxy.url(credentials), 'wss://feed.test/v1?token=secret')
        expect(error).to.be.instanceOf(HandshakeError)
        expect(error.message).to.equal(
          `Proxy ${proxy.url()} rejected the tunnel to wss://feed.test/v1 with HTTP ${status}. ${advice}`,
        )
        expect(error).to.include({
          status: Number(status.slice(0, 3)),
          proxy: proxy.url(),
          url: 'wss://feed.test/v1',
        })
        expect((error as HandshakeError).headers).to.include({ 'retry-after': '7' })
      })
    }

    it('names the authentication that the proxy requires if it is not Basic', async () => {
      const answer = (socket: Socket): void =>
        void socket.end(
          'HTTP/1.1 407 Denied\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\n',
        )
      const error = await errorThrough((await httpProxy({ answer })).url())
      expect(error.message).to.contain(
        'HTTP 407 Denied. The proxy requires Negotiate authentication, but Holdfast supports only Basic',
      )
    })

    it("keeps a proxy's redirect and cookies from being taken for the server's", async () => {
      const answer = (socket: Socket): void =>
        void socket.end(
          'HTTP/1.1 302 Found\r\nLocation: http://login.test/\r\nSet-Cookie: sid=1\r\nX-Id: 7\r\n\r\n',
        )
      const error = await errorThrough((await httpProxy({ answer })).url())
      expect((error as HandshakeError).status).to.equal(302)
      expect((error as HandshakeError).headers).to.deep.equal({ 'x-id': '7' })
      expect(error.message).to.match(/with HTTP 302 Found$/)
    })

    const FAILURES: [string, (socket: Socket) => void, string, string | undefined][] = [
      [
        'closes the connection',
        (socket) => void socket.end(),
        'the proxy closed the connection without a response. If the proxy expects TLS, use https:// in the proxy URL',
        undefined,
      ],
      [
        'resets the connection',
        (socket) => void socket.resetAndDestroy(),
        'the proxy closed the connection without a response. If the proxy expects TLS, use https:// in the proxy URL',
        'ECONNRESET',
      ],
      [
        'sends something else than HTTP',
        (socket) => void socket.end('220 mail.example.com ESMTP\r\n\r\n'),
        'the response did not come from an HTTP proxy. Check the scheme and port of the proxy URL',
        undefined,
      ],
      [
        'sends invalid headers',
        (socket) => void socket.end('HTTP/1.1 200 OK\r\nnonsense\r\n\r\n'),
        'the response did not come from an HTTP proxy. Check the scheme and port of the proxy URL',
        undefined,
      ],
    ]
    for (const [what, answer, reason, systemCode] of FAILURES) {
      it(`reports a ConnectFailedError of the proxy if it ${what}`, async () => {
        const proxy = await httpProxy({ answer })
        const error = await errorThrough(proxy.url('alice:secret@'))
        expect(error).to.be.instanceOf(ConnectFailedError)
        expect(error.message).to.equal(
          `Failed to connect to ws://feed.test:81/v1 through the proxy ${proxy.url()}: ${reason}`,
        )
        expect(error).to.include({ proxy: proxy.url(), systemCode })
      })
    }

    it('reports that the proxy expects TLS, as far as that can be seen', async () => {
      const proxy = await httpProxy({ isSecure: true })
      const error = await errorThrough(proxy.url().replace('https:', 'http:'))
      expect(error.message).to.contain('If the proxy expects TLS, use https:// in the proxy URL')
    })
  })

  for (const scheme of ['http', 'https', 'socks5', 'socks4']) {
    it(`reports an ${scheme} proxy that cannot be reached, and no variable that is set`, async () => {
      const port = await unusedPort()
      await withProxyVariables({ ALL_PROXY: 'http://other.test' }, async () => {
        const error = await errorThrough(`${scheme}://alice:secret@127.0.0.1:${port}`, 'ws://127.0.0.1:1/')
        expect(error).to.be.instanceOf(ConnectFailedError)
        expect(error.message).to.equal(
          `Failed to connect to ws://127.0.0.1:1/ through the proxy ${scheme}://127.0.0.1:${port}: the proxy cannot be reached: connect ECONNREFUSED 127.0.0.1:${port}. Check the proxy URL`,
        )
        expect(error).to.include({ systemCode: 'ECONNREFUSED', proxy: `${scheme}://127.0.0.1:${port}` })
      })
    })
  }

  it('reports a server that refuses the upgrade, without blaming the proxy', async () => {
    const proxy = await httpProxy()
    const url = await httpServer((_request, response) => void response.writeHead(407).end())
    const error = await errorThrough(proxy.url(), url)
    expect(error.message).to.match(/^Server rejected the handshake with HTTP 407/)
    expect((error as HandshakeError).proxy).to.equal(undefined)
  })

  it('reports a server that hangs up behind the proxy, without blaming the proxy', async () => {
    const proxy = await socksProxy()
    const server = await rawServer(({ socket }) => void socket.destroy())
    const error = await errorThrough(proxy.url(), server.url)
    expect(error.message).to.match(/^Failed to connect to .* through the proxy socks5:.*: socket hang up/)
    expect((error as ConnectFailedError).proxy).to.equal(undefined)
  })

  describe('over https', () => {
    it("verifies the proxy with the user's ca, and with none of the other TLS options", async () => {
      const proxy = await httpProxy({ isSecure: true })
      const server = await greeter()
      const options = {
        host: '127.0.0.1',
        port: server.port,
        ca: SELF_SIGNED.cert,
        servername: 'server.test',
        checkServerIdentity: () => new Error('for the server only'),
      }
      const socket = await opened(proxy.url(), server.url, options)
      socket.destroy()
      expect(proxy.targets).to.deep.equal([`127.0.0.1:${server.port}`])
    })

    it('rejects a proxy with an unknown certificate, even with rejectUnauthorized: false', async () => {
      const proxy = await httpProxy({ isSecure: true })
      const options = { host: '127.0.0.1', port: 1, rejectUnauthorized: false }
      const error = await opened(proxy.url(), 'ws://127.0.0.1:1', options).catch((thrown: unknown) => thrown)
      // Node 26 adds a hint to the reason.
      const message = (error as Error).message.replace(/; if the root CA is .*?--use-system-ca/, '')
      expect(message).to.equal(
        `Failed to connect to ws://127.0.0.1:1/ through the proxy ${proxy.url()}: the certificate of the proxy was rejected: self-signed certificate. Add the CA of the proxy to tls.ca`,
      )
      expect(error).to.include({ systemCode: 'DEPTH_ZERO_SELF_SIGNED_CERT', proxy: proxy.url() })
    })

    it('does not present the client certificate, nor the server name of the user, to the proxy', async () => {
      const seen: Record<string, unknown>[] = []
      const server = createTlsServer({ ...SELF_SIGNED, requestCert: true, rejectUnauthorized: false })
      server.on('secureConnection', (socket: TLSSocket) => {
        seen.push({ servername: socket.servername, subject: socket.getPeerCertificate().subject })
        socket.on('error', () => undefined).destroySoon()
      })
      const port = await listening(server)
      const options = {
        host: 'localhost',
        port: 1,
        ca: SELF_SIGNED.cert,
        cert: SELF_SIGNED.cert,
        key: SELF_SIGNED.key,
        servername: 'server.test',
      }
      await opened(`https://localhost:${port}`, 'wss://server.test', options).catch(() => undefined)
      server.close()
      expect(seen).to.deep.equal([{ servername: 'localhost', subject: undefined }])
    })

    it('reports that the proxy does not use TLS', async () => {
      const proxy = await httpProxy()
      const error = await errorThrough(proxy.url().replace('http:', 'https:'))
      expect(error.message).to.contain(
        'the proxy does not use TLS on this port. Use http:// in the proxy URL',
      )
    })
  })

  describe('with TLS to the server', () => {
    for (const kind of ['http', 'https', 'socks5'] as const) {
      it(`verifies the certificate for the host of the URL, through ${kind}`, async () => {
        const server = createTlsServer(SELF_SIGNED, (socket) => socket.end('hi'))
        const port = await listening(server)
        const proxy = kind === 'socks5' ? await socksProxy() : await httpProxy({ isSecure: kind === 'https' })
        const socket = await opened(proxy.url(), 'wss://127.0.0.1', {
          host: '127.0.0.1',
          port,
          ca: SELF_SIGNED.cert,
        })
        const [greeting] = (await once(socket, 'data')) as [Buffer]
        expect(String(greeting)).to.equal('hi')
        socket.destroy()
        server.close()
      })

      it(`refuses the certificate of another host, through ${kind}`, async () => {
        const server = createTlsServer(SELF_SIGNED, (socket) => socket.on('error', () => undefined))
        const port = await listening(server)
        const proxy = kind === 'socks5' ? await socksProxy() : await httpProxy({ isSecure: kind === 'https' })
        const socket = await opened(proxy.url(), 'wss://127.0.0.2', {
          host: '127.0.0.2',
          port,
          ca: SELF_SIGNED.cert,
        })
        const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
        expect(error.code).to.equal('ERR_TLS_CERT_ALTNAME_INVALID')
        server.close()
      })
    }
  })

  describe('over SOCKS', () => {
    for (const [scheme, target] of [
      ['socks5h', 'localhost'],
      ['socks', 'localhost'],
      ['socks5', '127.0.0.1'],
    ] as const) {
      it(`passes ${target === 'localhost' ? 'the name' : 'the address'} of the host with ${scheme}:`, async () => {
        const server = await greeter()
        const proxy = await socksProxy()
        const url = proxy.url().replace('socks5', scheme)
        const socket = await opened(url, server.url, { host: 'localhost', port: server.port, family: 4 })
        socket.destroy()
        expect(proxy.targets).to.deep.equal([`${target}:${server.port}`])
      })
    }

    it('connects without credentials', async () => {
      const server = await greeter()
      const proxy = await socksProxy()
      const { recorder } = connect(server.url, { socket: { proxy: proxy.url() } })
      await recorder.untilMessages(1)
      expect(recorder.messages).to.deep.equal(['hello'])
      expect(proxy.credentials).to.deep.equal([])
    })

    it('sends decoded credentials', async () => {
      const server = await greeter()
      const proxy = await socksProxy({ credentials: CREDENTIALS })
      const { recorder } = connect(server.url, { socket: { proxy: proxy.url(ENCODED) } })
      await recorder.untilMessages(1)
      expect(proxy.credentials).to.deep.equal([CREDENTIALS])
    })

    const REFUSALS: [string, SocksProxyOptions, string][] = [
      ['alice:secret@', { credentials: 'other:one' }, 'the proxy rejected the username and password'],
      ['', { credentials: 'a:b' }, 'the proxy requires a username and password. Add them to the proxy URL'],
      ['', { refusal: 2 }, 'the proxy does not allow connections to this host and port'],
      ['', { refusal: 4 }, 'the proxy failed to reach the server: host unreachable'],
      ['', { refusal: 5 }, 'the proxy failed to reach the server: connection refused'],
      [
        '',
        { refusal: 99 },
        'the response did not come from a SOCKS proxy. Check the scheme and port of the proxy URL',
      ],
      [
        '',
        { version: 72 },
        'the response did not come from a SOCKS proxy. Check the scheme and port of the proxy URL',
      ],
    ]
    for (const [credentials, options, reason] of REFUSALS) {
      it(`reports a ConnectFailedError of the proxy, without credentials: ${reason}`, async () => {
        const proxy = await socksProxy(options)
        const error = await errorThrough(proxy.url(credentials), 'ws://127.0.0.1:81/')
        expect(error).to.be.instanceOf(ConnectFailedError)
        expect(error.message).to.equal(
          `Failed to connect to ws://127.0.0.1:81/ through the proxy ${proxy.url()}: ${reason}`,
        )
        expect((error as ConnectFailedError).proxy).to.equal(proxy.url())
      })
    }

    it('reports a host that this side cannot resolve, and how to let the proxy resolve it', async () => {
      const proxy = await socksProxy()
      const lookup: RequestedConnection['lookup'] = (_host, _options, callback) =>
        callback(new Error('getaddrinfo ENOTFOUND feed.test'), '')
      const error = await opened(proxy.url(), 'ws://feed.test', {
        host: 'feed.test',
        port: 80,
        lookup,
      }).catch((thrown: unknown) => thrown)
      expect((error as Error).message).to.equal(
        `Failed to connect to ws://feed.test/ through the proxy ${proxy.url()}: getaddrinfo ENOTFOUND feed.test. To let the proxy resolve the host, use socks5h://`,
      )
      expect((error as ConnectFailedError).proxy).to.equal(undefined)
    })

    it('reports a host name that SOCKS cannot express, instead of ending the process', async () => {
      const proxy = await socksProxy()
      const error = await errorThrough(proxy.url().replace('socks5', 'socks5h'), `ws://${'a'.repeat(256)}/`)
      expect(error.message).to.contain('the host is longer than 255 bytes')
    })
  })

  describe('that is open', () => {
    const tls = { ca: SELF_SIGNED.cert }

    for (const kind of ['http', 'https', 'socks5'] as const) {
      it(`counts the bytes on the wire, with TLS to the server through ${kind}`, async () => {
        const server = use(
          await startRawServer(({ socket, request }) => void socket.write(upgradeAnswer(request)), 'wss'),
        )
        const proxy = kind === 'socks5' ? await socksProxy() : await httpProxy({ isSecure: kind === 'https' })
        const line = use(await startLine(proxy.port))
        const { recorder, transport } = connect(server.url, {
          socket: { proxy: `${kind}://127.0.0.1:${line.port}`, tls },
        })
        await recorder.untilOpened()
        await eventually('everything that arrived is read', () => line.passed === transport.bytesRead)
        line.hold()
        server.connections[0]?.socket.write(frame(TEXT, 'x'.repeat(900)))
        await eventually('the record has left the server', () => line.held > 900)
        const before = transport.bytesRead
        line.pass(500)
        await eventually('half a record has arrived', () => transport.bytesRead === before + 500)
        expect(recorder.messages).to.deep.equal([])
        line.pass(line.held)
        await recorder.untilMessages(1)

        server.connections[0]?.socket.pause()
        let sent = 0
        // Until nothing more fits into the buffers of the system.
        do {
          transport.send(new Uint8Array(2 ** 22), () => undefined)
          sent += 2 ** 22
          await turns()
        } while ((transport.bytesWritten ?? NaN) >= sent)
        expect(transport.bufferedAmount).to.be.greaterThan(0)
        server.connections[0]?.socket.resume()
        await eventually('all has left', () => (transport.bytesWritten ?? NaN) > sent)
        await eventually('nothing is buffered', () => transport.bufferedAmount === 0)
      })
    }

    it('ends with an error if the proxy breaks the TLS around the TLS of the server', async () => {
      const server = use(
        await startRawServer(({ socket, request }) => void socket.write(upgradeAnswer(request)), 'wss'),
      )
      const proxy = await httpProxy({ isSecure: true })
      const line = use(await startLine(proxy.port))
      const { recorder } = connect(server.url, { socket: { proxy: `https://127.0.0.1:${line.port}`, tls } })
      await recorder.untilOpened()
      line.hold()
      line.inject(Buffer.from('not a TLS record'))
      const { code, error } = await recorder.untilClosed()
      expect(code).to.equal(1006)
      expect(error?.message).to.match(/^Connection to wss:.* lost: /)
    })
  })

  describe('that is abandoned', () => {
    const tls = { ca: SELF_SIGNED.cert }

    const kinds = ['http', 'https', 'socks5', 'socks4a'] as const
    for (const kind of kinds) {
      it(`closes its connection to a silent ${kind} proxy`, async () => {
        const sockets = new Set<Socket>()
        const server = createServer((socket) => {
          sockets.add(
            socket
              .on('error', () => undefined)
              .on('close', () => sockets.delete(socket))
              .resume(),
          )
        })
        const port = await listening(server)
        const { transport, recorder } = connect('ws://127.0.0.1:1', {
          socket: { proxy: `${kind}://127.0.0.1:${port}`, tls },
        })
        await eventually('the proxy has the connection', () => sockets.size > 0)
        transport.terminate()
        expect((await recorder.untilClosed()).error).to.equal(undefined)
        await eventually('the connection is closed', () => sockets.size === 0)
        server.close()
      })
    }

    it('closes its connection during the TLS handshake with the server', async () => {
      let received = 0
      const sockets = new Set<Socket>()
      const server = createServer((socket) => {
        sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)))
        socket.on('data', ({ length }) => (received += length))
      })
      const port = await listening(server)
      for (const proxy of [await httpProxy(), await httpProxy({ isSecure: true }), await socksProxy()]) {
        received = 0
        const socket = { proxy: proxy.url(), tls }
        const { transport, recorder } = connect(`wss://127.0.0.1:${port}`, { socket })
        await eventually('the handshake has started', () => received > 0)
        transport.terminate()
        await recorder.untilClosed()
        await eventually('the connection is closed', () => proxy.open === 0 && sockets.size === 0)
      }
      server.close()
    })

    it('asks the proxy for nothing if it is abandoned immediately', async () => {
      for (const proxy of [await httpProxy(), await socksProxy()]) {
        const socket = { proxy: proxy.url(), tls }
        const { transport, recorder } = connect('ws://127.0.0.1:1', { socket })
        transport.terminate()
        await recorder.untilClosed()
        // The next attempt takes longer than the first one would have taken.
        await endOf('ws://127.0.0.1:2', { socket })
        await eventually('no connection is left', () => proxy.open === 0)
        expect(proxy.targets).to.deep.equal(['127.0.0.1:2'])
      }
    })

    for (const kind of kinds.slice(0, 3)) {
      it(`closes its connection through ${kind} to a server that does not answer`, async () => {
        const server = await rawServer(() => undefined)
        const proxy = kind === 'socks5' ? await socksProxy() : await httpProxy({ isSecure: kind === 'https' })
        const { transport, recorder } = connect(server.url, { socket: { proxy: proxy.url(), tls } })
        await eventually('the server has the request', () => server.connections.length > 0)
        transport.terminate()
        await recorder.untilClosed()
        await eventually('the connection is closed', () => proxy.open === 0)
      })
    }
  })
})

describe('findMissingPackage', () => {
  it('finds nothing if the package is installed', async () => {
    for (const proxy of ['http://proxy', 'https://proxy', 'socks5://proxy', 'socks4://proxy'])
      expect(await findMissingPackage(proxy)).to.equal(undefined)
  })
})

/** Listens on a free port, and returns it. */
async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Returns a port on which nothing listens. */
async function unusedPort(): Promise<number> {
  const server = createServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Opens the socket for a request to a URL. */
function opened(proxy: string, url: string, options: RequestedConnection): Promise<Socket> {
  return new Promise((resolve, reject) => {
    new ProxyTunnel(url, proxy).createConnection(options, (error, socket) => {
      if (socket) resolve(socket)
      else reject(error ?? new Error('neither an error nor a socket'))
    })
  })
}
