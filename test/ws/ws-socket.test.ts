import { expect } from 'chai'
import { lookup } from 'node:dns'
import { once } from 'node:events'
import { Agent as HttpAgent } from 'node:http'
import type { ClientRequest } from 'node:http'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Agent as HttpsAgent } from 'node:https'
import { Socket, connect as connectPlain } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { bootstrap, ConnectFailedError, ConnectOptionError } from 'holdfast'
import type { ConnectionTarget, CreateConnection, SocketOptions, TransportRequest } from 'holdfast'
import { FakeClock } from 'holdfast/testing'
import { kReader } from '#src/fast-paths/shared-read-buffer.js'
import { eventually, turns } from '../support/eventually.js'
import { ROADS, SocketDuplex, unixPath, unixUrl } from '../support/roads.js'
import { SELF_SIGNED } from '../support/self-signed.js'
import { TEXT, frame, longHeader, startRawServer, upgradeAnswer } from '../support/raw-server.js'
import type { RawServer } from '../support/raw-server.js'
import { rejection } from '../support/rejection.js'
import { watched } from '../support/watched.js'
import { wsScene } from './ws-scene.js'

const ca = SELF_SIGNED.cert
const CHANNEL = 'http.client.request.start'

/** A socket that records the TCP options that are set on it. */
class RecordingSocket extends Socket {
  noDelay: boolean | undefined
  keepAlive: readonly [boolean | undefined, number | undefined] | undefined

  override setNoDelay(noDelay?: boolean): this {
    this.noDelay = noDelay ?? true
    return super.setNoDelay(noDelay)
  }

  override setKeepAlive(enable?: boolean, delay?: number): this {
    this.keepAlive = [enable, delay]
    return super.setKeepAlive(enable, delay)
  }
}

describe('The socket', function () {
  this.timeout(30_000)
  const { connect, endOf, use } = wsScene(true)

  const upgrading = async (scheme?: 'ws' | 'wss' | 'ws+unix'): Promise<RawServer> =>
    use(await startRawServer(({ socket, request }) => void socket.write(upgradeAnswer(request)), scheme))

  async function opens(url: string, request: Partial<TransportRequest> = {}): Promise<void> {
    await connect(url, request).recorder.untilOpened()
  }

  describe('in a ws+unix URL', () => {
    it('has a path with escaped spaces and percent signs, and a request with a path and a query', async () => {
      const server = await upgrading('ws+unix')
      expect(server.url).to.include('%20100%25%20')
      await opens(`${server.url}/feed/a%20b?key=1:2`)
      expect(server.connections[0]?.request).to.match(/^GET [/]feed[/]a%20b[?]key=1:2 HTTP/)
    })

    it('can be followed by a query, or by nothing', async () => {
      const server = await upgrading('ws+unix')
      for (const [end, target] of [
        ['', '/'],
        [':', '/'],
        ['?key=1', '/?key=1'],
        [':/?key=1', '/?key=1'],
      ] as const) {
        await opens(server.url.slice(0, -1) + end)
        expect(server.connections.at(-1)?.request.split(' ')[1]).to.equal(target)
      }
    })

    it('that does not exist fails the attempt, and the error names the path', async () => {
      const { error } = await endOf(`${unixUrl('/nowhere/a b.sock')}/feed?token=secret`)
      expect((error as ConnectFailedError).systemCode).to.equal('ENOENT')
      expect(error?.message).to.include('/nowhere/a b.sock').and.not.include('secret')
    })
  })

  it('with socketPath replaces the host of a ws or wss URL, which stays in the request', async () => {
    for (const [scheme, tls] of [
      ['ws', undefined],
      ['wss', { ca }],
    ] as const) {
      const path = unixPath()
      const server = use(
        await startRawServer(
          ({ socket, request }) => void socket.write(upgradeAnswer(request)),
          scheme,
          path,
        ),
      )
      await opens(`${scheme}://localhost/feed`, { socket: { socketPath: path, tls } })
      expect(server.connections[0]?.request)
        .to.match(/^GET [/]feed HTTP/)
        .and.match(/^Host: localhost$/m)
    }
  })

  it('connects from localAddress', async () => {
    const server = await upgrading()
    await opens(server.url, { socket: { localAddress: '127.0.0.5' } })
    expect(server.sockets[0]?.remoteAddress).to.equal('127.0.0.5')
  })

  it('uses the lookup function, and only the family that is set', async () => {
    const server = await upgrading()
    const asked: unknown[] = []
    const socket: SocketOptions = {
      family: 4,
      lookup: (hostname, options, callback) => {
        asked.push([hostname, options.family])
        lookup('localhost', options, callback)
      },
    }
    await opens(`ws://feed.test:${server.port}`, { socket })
    expect(asked).to.deep.equal([['feed.test', 4]])
    const { error } = await endOf(`ws://localhost:${server.port}`, {
      socket: { family: 6, lookup: (_host, { family }, done) => done(new Error(`family ${family}`), '') },
    })
    expect(error?.message).to.include('family 6')
  })

  it('has the TCP options that are set; by default, no delay and no keep-alive', async () => {
    const server = await upgrading()
    const set = async (socket: SocketOptions): Promise<unknown> => {
      const raw = new RecordingSocket()
      await opens(server.url, {
        socket: { ...socket, createConnection: () => raw.connect(server.port, '127.0.0.1') },
      })
      return [raw.noDelay, raw.keepAlive]
    }
    expect(await set({})).to.deep.equal([true, undefined])
    expect(await set({ tcpNoDelay: false })).to.deep.equal([false, undefined])
    expect(await set({ tcpNoDelay: true })).to.deep.equal([true, undefined])
    expect(await set({ tcpKeepAlive: true })).to.deep.equal([true, [true, 0]])
    expect(await set({ tcpKeepAlive: 60_000 })).to.deep.equal([true, [true, 60_000]])
    expect(await set({ tcpKeepAlive: false })).to.deep.equal([true, [false, 0]])
  })

  it('comes from an agent, which keeps its own options', async () => {
    const plain = await upgrading()
    const made: Duplex[] = []
    class Recording extends HttpAgent {
      override createConnection(
        ...values: Parameters<HttpAgent['createConnection']>
      ): Duplex | null | undefined {
        const socket = super.createConnection(...values)
        if (socket) made.push(socket)
        return socket
      }
    }
    await opens(plain.url, { socket: { agent: new Recording() } })
    expect(made).to.have.lengthOf(1)
    const secure = await upgrading('wss')
    await opens(secure.url, { socket: { agent: new HttpsAgent({ ca }) } })
    await opens(secure.url, { socket: { agent: new HttpsAgent(), tls: { ca } } })
    await opens(secure.url, { socket: { agent: new HttpsAgent({ ca }), tls: { minVersion: 'TLSv1.3' } } })
  })

  it('is not affected by options that are explicitly undefined', async () => {
    const names = ['tls', 'agent', 'socketPath', 'createConnection', 'localAddress', 'family', 'lookup']
    const socket = Object.fromEntries(
      [...names, 'tcpKeepAlive', 'tcpNoDelay'].map((name) => [name, undefined]),
    )
    await opens((await upgrading()).url, { socket })
  })

  describe('from createConnection', () => {
    const forms: readonly (readonly [string, (port: number) => CreateConnection])[] = [
      ['returned', (port) => () => connectPlain(port, '127.0.0.1')],
      ['promised', (port) => async () => Promise.resolve(connectPlain(port, '127.0.0.1'))],
      [
        'passed to the callback',
        (port) => (_target, done) => void setImmediate(done, null, connectPlain(port, '127.0.0.1')),
      ],
      [
        'passed to the callback and returned',
        (port) => (_target, done) => {
          const socket = connectPlain(port, '127.0.0.1')
          done(null, socket)
          return socket
        },
      ],
    ]
    for (const [form, create] of forms) {
      it(`can be ${form}`, async () => {
        const server = await upgrading()
        await opens(server.url, { socket: { createConnection: create(server.port) } })
        expect(server.connections).to.have.lengthOf(1)
      })
    }

    it('can already be connected, also with TLS', async () => {
      const plain = await upgrading()
      const socket = connectPlain(plain.port, '127.0.0.1')
      await once(socket, 'connect')
      await opens(plain.url, { socket: { createConnection: () => socket } })
      const secure = await upgrading('wss')
      const tlsSocket = connectTls({ port: secure.port, host: 'localhost', ca })
      await once(tlsSocket, 'secureConnect')
      await opens(secure.url, { socket: { createConnection: () => tlsSocket } })
    })

    it('receives where to connect to, and no headers or credentials', async () => {
      const server = await upgrading('wss')
      const targets: ConnectionTarget[] = []
      const createConnection: CreateConnection = (target) => {
        targets.push(target)
        return connectTls(target)
      }
      const url = `wss://user:secret@localhost:${server.port}/feed?token=secret`
      const headers = { authorization: 'Bearer secret' }
      await opens(url, { headers, socket: { createConnection, family: 4, tls: { ca } } })
      expect(targets[0]).to.include({
        host: 'localhost',
        port: server.port,
        servername: 'localhost',
        family: 4,
        ca,
      })
      expect(JSON.stringify(targets[0])).to.not.include('secret')
      const unix = await upgrading('ws+unix')
      await opens(unix.url, {
        socket: { createConnection: (target) => connectPlain({ path: target.path ?? '' }) },
      })
    })

    it('fails the attempt if the function throws, rejects, or passes an error, and Holdfast retries', async () => {
      const failure = Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' })
      const failing: readonly CreateConnection[] = [
        () => {
          throw failure
        },
        () => Promise.reject(failure),
        (_target, done) => {
          done(failure)
          return undefined
        },
      ]
      for (const createConnection of failing) {
        const { error } = await endOf('ws://localhost:9', { socket: { createConnection } })
        expect(error).to.be.instanceOf(ConnectFailedError)
        expect(error).to.include({ systemCode: 'EHOSTUNREACH' })
        expect(error?.message).to.include('no route')
      }
    })

    it('is fatal if it is not a stream', async () => {
      for (const value of [7, {}, 'socket']) {
        const { Watched } = watched()
        const createConnection = (() => value) as never
        const error = await rejection(
          bootstrap(Watched, 'ws://localhost:9', { createConnection, logger: false }),
        )
        expect(error).to.be.instanceOf(ConnectOptionError)
        expect(error).to.include({ option: 'createConnection', isInvalidValue: true })
        expect((error as Error).message).to.include('expected a Duplex such as a net.Socket, received')
      }
    })

    it('fails the attempt if it is already closed, instead of waiting for an answer', async () => {
      const server = await upgrading()
      const socket = connectPlain(server.port, '127.0.0.1')
      await once(socket, 'connect')
      socket.destroy()
      const { error } = await endOf(server.url, { socket: { createConnection: () => socket } })
      expect(error?.message).to.include('returned a socket that is already closed')
    })

    it('fails the attempt with the error of a socket that has already failed, instead of ending the process', async () => {
      const failed = (): Socket => connectPlain(9, '127.0.0.1').destroy(new Error('no route'))
      const failing: readonly CreateConnection[] = [
        failed,
        () => Promise.resolve(failed()),
        (_target, done) => {
          done(null, failed())
          return undefined
        },
      ]
      for (const createConnection of failing) {
        const { error } = await endOf('ws://localhost:9', { socket: { createConnection } })
        expect(error).to.be.instanceOf(ConnectFailedError)
        expect(error?.message).to.include('no route')
      }
    })

    it('can fail with anything, before and after the connection has opened', async () => {
      const server = await upgrading()
      for (const opens of [false, true]) {
        const socket = new SocketDuplex(connectPlain(server.port, '127.0.0.1'))
        const { recorder } = connect(server.url, { socket: { createConnection: () => socket } })
        if (opens) await recorder.untilOpened()
        else await turns(3)
        socket.destroy('pulled' as never)
        const { error } = await recorder.untilClosed()
        expect(error?.message).to.include('pulled')
      }
    })

    it('must use TLS for a wss URL: nothing is sent over a net.Socket', async () => {
      const server = await upgrading()
      let made: Socket | undefined
      const createConnection = () => (made = connectPlain(server.port, '127.0.0.1'))
      const { error } = await endOf(server.url.replace('ws:', 'wss:'), {
        headers: { authorization: 'secret' },
        socket: { createConnection },
      })
      expect(error).to.be.instanceOf(ConnectOptionError)
      expect(error).to.include({ option: 'createConnection', isInvalidValue: true })
      expect(error?.message).to.include('expected a TLS socket for a wss: URL')
      expect(made?.destroyed).to.equal(true)
      expect(server.connections).to.deep.equal([])
    })

    it('is closed if it arrives after the attempt was abandoned', async () => {
      const server = await upgrading()
      let pass: (socket: Duplex) => void = () => undefined
      const arriving = new Promise<Duplex>((resolve) => (pass = resolve))
      const { recorder, transport } = connect(server.url, { socket: { createConnection: () => arriving } })
      transport.terminate()
      await recorder.untilClosed()
      const late = connectPlain(server.port, '127.0.0.1')
      pass(late)
      await eventually('the late socket is closed', () => late.destroyed)
    })
  })

  describe('uses the fast paths, or not', () => {
    for (const { name, scheme, socket, isFast } of ROADS) {
      it(`over ${name}: ${isFast ? 'they work' : 'they stand aside'}, and the bytes are counted`, async () => {
        const server = use(
          await startRawServer(({ socket: far, request }) => void far.write(upgradeAnswer(request)), scheme),
        )
        let raw: Duplex | undefined
        const recording = recordSockets((each) => (raw = each))
        const { recorder, transport } = connect(server.url, { socket, maxPayload: 0 })
        await recorder.untilOpened()
        recording()
        expect(kReader in (raw as object)).to.equal(isFast)
        const before = transport.bytesRead
        server.connections[0]?.socket.write(frame(TEXT, 'x'.repeat(1_000)))
        await recorder.untilMessages(1)
        expect(transport.bytesRead - before).to.be.within(1_004, 1_300)
        const written = transport.bytesWritten
        transport.send('y'.repeat(1_000))
        await eventually('the message has left', () => transport.bufferedAmount === 0)
        if (raw instanceof SocketDuplex) expect(written).to.equal(undefined)
        else expect((transport.bytesWritten ?? NaN) - (written ?? NaN)).to.be.within(1_008, 1_300)
      })
    }
  })

  it('keeps a connection over a Duplex alive as long as bytes arrive, even if they complete no message', async () => {
    const server = await upgrading()
    const { Watched, log } = watched()
    const clock = new FakeClock()
    const duplex = new SocketDuplex(connectPlain(server.port, '127.0.0.1'))
    const options = {
      createConnection: () => duplex,
      clock,
      heartbeat: { silence: 1_000 },
      reconnect: false,
      logger: false,
    } as const
    const client = await bootstrap(Watched, server.url, options)
    const far = server.connections[0]?.socket
    far?.write(longHeader(TEXT, 1_000))
    for (let count = 1; count <= 5; count += 1) {
      const { bytesRead } = duplex
      far?.write('more')
      await eventually('the bytes have arrived', () => duplex.bytesRead >= bytesRead + 4)
      await clock.advance(600)
    }
    expect(log.errors).to.deep.equal([])
    expect(client.connection.state.status).to.equal('open')
    await clock.advance(2_000)
    expect(log.errors.map(({ error }) => error.name)).to.deep.equal(['HeartbeatTimeoutError'])
    await client.connection.terminate()
  })
})

/** Calls back with the socket of each request in this process. Returns a function that stops this. */
function recordSockets(onSocket: (socket: Duplex) => void): () => void {
  const onRequest = (message: unknown): void => {
    const { request } = message as { request: ClientRequest }
    if (request.socket) onSocket(request.socket)
  }
  subscribe(CHANNEL, onRequest)
  return () => unsubscribe(CHANNEL, onRequest)
}
