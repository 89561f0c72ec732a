import { expect } from 'chai'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConnectError, ConnectionLostError, HandshakeError, ProtocolViolationError } from 'holdfast'
import type { Transport, TransportEnd, TransportRequest } from 'holdfast'
import { startTestServer } from 'holdfast/testing'
import type { TestServerConnection } from 'holdfast/testing'
import { connectWs } from '#src/transports/ws.js'
import { disposal } from '../support/disposal.js'
import { eventually, turns } from '../support/eventually.js'
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  TEXT,
  closePayload,
  frame,
  longHeader,
  startRawServer,
  upgradeAnswer,
} from '../support/raw-server.js'
import type { RawConnection, RawServer } from '../support/raw-server.js'
import { Recorder } from '../support/recorder.js'
import { describeTransport } from './conformance.js'
import type { FarEnd } from './conformance.js'

function farEndOf({ socket, request, received }: TestServerConnection, pongs: readonly Uint8Array[]): FarEnd {
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

describeTransport('WsTransport', async ({ early = [], protocol, isRefusing = false }) => {
  const pongs: Uint8Array[] = []
  const server = await startTestServer(
    ({ socket, request }) => {
      socket.on('pong', (data) => pongs.push(data))
      for (const message of early) socket.send(message)
      request.socket.uncork()
    },
    {
      // Corked until the early messages are written: they leave in one segment with the answer to the handshake.
      verifyClient: ({ req }: { req: { socket: { cork(): void } } }) => {
        if (!isRefusing) req.socket.cork()
        return !isRefusing
      },
      handleProtocols: () => protocol ?? false,
    },
  )
  return {
    connect: connectWs,
    url: server.url,
    get headers() {
      return server.connections[0]?.request.headers ?? {}
    },
    farEnd: async () => farEndOf(await server.connection(1), pongs),
    [Symbol.asyncDispose]: () => server.close(),
  }
})

describe('WsTransport', function () {
  this.timeout(30_000)
  const use = disposal()

  /** Connects, and keeps what comes of it. */
  function connect(
    url: string,
    request: Partial<TransportRequest> = {},
  ): { recorder: Recorder; transport: Transport } {
    const recorder = new Recorder()
    const defaults = { protocols: [], headers: {}, maxPayload: 1_000, maxFragments: 10, closeTimeout: 1_000 }
    const transport = connectWs({ url, ...defaults, ...request }, recorder)
    use({
      [Symbol.asyncDispose]: async () => {
        transport.terminate()
        await recorder.untilClosed()
      },
    })
    return { recorder, transport }
  }

  async function endOf(url: string, request: Partial<TransportRequest> = {}): Promise<TransportEnd> {
    return connect(url, request).recorder.untilClosed()
  }

  async function rawServer(onRequest: (connection: RawConnection) => void): Promise<RawServer> {
    return use(await startRawServer(onRequest))
  }

  /** A server that upgrades, and then sends what it is given. */
  function sending(...frames: readonly Uint8Array[]): Promise<RawServer> {
    return rawServer(({ socket, request }) => {
      socket.write(upgradeAnswer(request))
      for (const each of frames) socket.write(each)
    })
  }

  async function httpServer(listener: RequestListener): Promise<string> {
    const server = createServer(listener)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    use({
      [Symbol.asyncDispose]: async () => {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      },
    })
    return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  describe('a refusal', () => {
    it('is a HandshakeError with its status, headers and body', async () => {
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

    it('keeps at most 16 KiB of a body, even of one that never ends', async () => {
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

    it('keeps what had come of a body that is cut short', async () => {
      const url = await httpServer((request, response) => {
        response.writeHead(500, { 'Content-Length': '100' })
        response.write('half of', () => request.socket.destroySoon())
      })
      const { error } = await endOf(url)
      expect((error as HandshakeError).status).to.equal(500)
      expect((error as HandshakeError).body).to.equal('half of')
    })

    it('keeps what had come of a body that stands still when it is given up', async () => {
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

    it('is a redirect, too, which is not followed', async () => {
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

    it('is told without the query and the credentials of the url', async () => {
      const url = await httpServer((_request, response) => void response.writeHead(401).end())
      const { error } = await endOf(`${url.replace('//', '//user:pass@')}/feed?token=secret`)
      expect((error as HandshakeError).url).to.equal(`${url}/feed`)
      expect(`${String(error)} ${JSON.stringify(error)}`).to.not.match(/secret|user|pass/)
    })
  })

  describe('a failure before any answer', () => {
    it('is a ConnectError that says why, when nobody listens at localhost', async () => {
      const server = await startRawServer(() => undefined)
      const { port } = server
      await server[Symbol.asyncDispose]()
      const { code, error } = await endOf(`ws://localhost:${port}/feed?token=secret`)
      expect(code).to.equal(1006)
      expect(error).to.be.instanceOf(ConnectError)
      expect((error as ConnectError).systemCode).to.equal('ECONNREFUSED')
      expect(error?.message).to.match(
        new RegExp(`^Could not connect to ws://localhost:${port}/feed: .*ECONNREFUSED`),
      )
      expect(error?.message).to.not.include('secret')
    })

    it('is a ConnectError when the server hangs up', async () => {
      const server = await rawServer(({ socket }) => void socket.destroy())
      const { error } = await endOf(server.url)
      expect(error).to.be.instanceOf(ConnectError)
      expect((error as ConnectError).systemCode).to.equal('ECONNRESET')
    })

    it('is a ConnectError when what answers does not speak HTTP', async () => {
      const server = await rawServer(({ socket }) => void socket.end('220 mail.example.com ESMTP\r\n'))
      const { error } = await endOf(server.url)
      expect(error).to.be.instanceOf(ConnectError)
      expect((error as ConnectError).systemCode).to.match(/^HPE_/)
    })

    it('is thrown when the request itself is impossible', () => {
      const request = { protocols: [], headers: {}, maxPayload: 0, maxFragments: 0, closeTimeout: 1_000 }
      const recorder = new Recorder()
      expect(() => connectWs({ ...request, url: 'gopher://example.com' }, recorder)).to.throw(SyntaxError)
      const headers = { 'X-Broken': 'a\nb' }
      expect(() => connectWs({ ...request, url: 'ws://127.0.0.1', headers }, recorder)).to.throw(TypeError)
      expect(recorder.events).to.deep.equal([])
    })
  })

  describe('an upgrade against the rules', () => {
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
      it(`is a HandshakeError with the violation '${violation}': ${what}, asked for [${protocols.join()}]`, async () => {
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

  describe('the request', () => {
    it('offers no extension', async () => {
      const server = await sending()
      const { recorder } = connect(server.url)
      await recorder.untilOpened()
      expect(server.connections[0]?.request).to.not.match(/sec-websocket-extensions/i)
    })

    it('tells the headers of the answer, names in lower case', async () => {
      const server = await rawServer(({ socket, request }) => {
        socket.write(upgradeAnswer(request, { 'X-Session': 'abc' }))
      })
      const { recorder } = connect(server.url)
      await recorder.untilOpened()
      expect(recorder.handshakes[0]?.headers).to.include({ 'x-session': 'abc', upgrade: 'websocket' })
    })
  })

  describe('an open socket', () => {
    it('tells a reset with its cause, and counts what had not left', async () => {
      const server = await sending()
      const { recorder, transport } = connect(server.url)
      await recorder.untilOpened()
      const socket = server.connections[0]?.socket
      socket?.pause()
      for (let count = 0; count < 32; count += 1) transport.send(new Uint8Array(2 ** 20))
      socket?.resetAndDestroy()
      const { code, error, sentCode } = await recorder.untilClosed()
      expect({ code, sentCode }).to.deep.equal({ code: 1006, sentCode: undefined })
      expect(error).to.be.instanceOf(ConnectionLostError)
      expect((error?.cause as NodeJS.ErrnoException).code).to.be.oneOf(['ECONNRESET', 'EPIPE'])
      expect(transport.bufferedAmount).to.be.greaterThan(0)
    })

    it('tells a plain FIN without an error', async () => {
      const server = await rawServer(({ socket, request }) => void socket.end(upgradeAnswer(request)))
      const { recorder } = connect(server.url)
      const { code, error } = await recorder.untilClosed()
      expect(recorder.events).to.deep.equal(['opened', 'closed'])
      expect(code).to.equal(1006)
      expect(error).to.equal(undefined)
    })

    it('puts fragments together, with a ping between them', async () => {
      const server = await sending(
        frame(TEXT, 'one ', false),
        frame(0x9, 'still here?'),
        frame(CONTINUATION, 'message'),
      )
      const { recorder } = connect(server.url)
      await recorder.untilMessages(1)
      expect(recorder.messages).to.deep.equal(['one message'])
      expect(recorder.events).to.deep.equal(['opened', 'ping', 'message'])
    })

    it('is cut when the peer never answers a close', async () => {
      const server = await sending()
      const { recorder, transport } = connect(server.url, { closeTimeout: 20 })
      await recorder.untilOpened()
      transport.close(1000, 'bye')
      const { code, error } = await recorder.untilClosed()
      expect(code).to.equal(1006)
      expect(error).to.equal(undefined)
      expect(server.connections[0]?.frames()).to.deep.equal([
        { opcode: CLOSE, payload: closePayload(1000, 'bye') },
      ])
    })
  })

  describe('a peer that breaks the protocol or a limit', () => {
    const empty = Array.from({ length: 10 }, () => frame(CONTINUATION, '', false))
    const cases = [
      { what: 'text that is not UTF-8', sentCode: 1007, frames: [frame(TEXT, Buffer.from([0xc3, 0x28]))] },
      {
        what: 'a close reason that is not UTF-8',
        sentCode: 1007,
        frames: [frame(CLOSE, Buffer.from([3, 232, 0xc3]))],
      },
      { what: 'a message above maxPayload', sentCode: 1009, frames: [frame(BINARY, new Uint8Array(1_001))] },
      {
        what: 'fragments that are above maxPayload together',
        sentCode: 1009,
        frames: [frame(TEXT, 'x'.repeat(999), false), frame(CONTINUATION, 'xx')],
      },
      {
        what: 'a message of 2^63 bytes',
        sentCode: 1009,
        frames: [Buffer.from([0x82, 127, 0x7f, 0, 0, 0, 0, 0, 0, 0])],
      },
      { what: 'more than maxFragments', sentCode: 1008, frames: [frame(TEXT, '', false), ...empty] },
      { what: 'a masked frame', sentCode: 1002, frames: [Buffer.from([0x81, 0x81, 1, 2, 3, 4, 0])] },
      { what: 'an unknown opcode', sentCode: 1002, frames: [frame(0x3)] },
      { what: 'a continuation of nothing', sentCode: 1002, frames: [frame(CONTINUATION, 'x')] },
      {
        what: 'a compressed frame, when that was not agreed',
        sentCode: 1002,
        frames: [Buffer.from([0xc1, 0])],
      },
      {
        what: 'a close code that may not be sent',
        sentCode: 1002,
        frames: [frame(CLOSE, closePayload(1005))],
      },
    ] as const
    for (const { what, sentCode, frames } of cases) {
      it(`is told ${sentCode} for ${what}`, async () => {
        const server = await sending(...frames)
        const { recorder } = connect(server.url, { closeTimeout: 20 })
        const end = await recorder.untilClosed()
        expect(recorder.messages).to.deep.equal([])
        expect(end).to.include({ code: 1006, sentCode })
        expect(end.error).to.be.instanceOf(ProtocolViolationError)
        expect((end.error as ProtocolViolationError).sentCode).to.equal(sentCode)
        const connection = server.connections[0]
        await eventually(
          'the close frame is at the server',
          () => connection?.frames().at(-1)?.opcode === CLOSE,
        )
        expect(connection?.frames().at(-1)?.payload.subarray(0, 2)).to.deep.equal(closePayload(sentCode))
      })
    }

    it('may send what is just within the limits', async () => {
      const fragments = [
        frame(TEXT, 'x'.repeat(991), false),
        ...Array.from({ length: 8 }, () => frame(CONTINUATION, 'y', false)),
      ]
      const server = await sending(...fragments, frame(CONTINUATION, 'z'))
      const { recorder } = connect(server.url)
      await recorder.untilMessages(1)
      expect(recorder.messages[0]).to.have.lengthOf(1_000)
    })

    it('may send more than the defaults of ws when a limit is 0', async () => {
      const server = await rawServer(({ socket, request }) => {
        socket.write(upgradeAnswer(request))
        socket.write(frame(TEXT, '', false))
        socket.write(Buffer.concat(Array.from({ length: 20_000 }, () => frame(CONTINUATION, '', false))))
        socket.write(frame(CONTINUATION, 'the end'))
        socket.end(longHeader(BINARY, 2 ** 31))
      })
      const { recorder } = connect(server.url, { maxPayload: 0, maxFragments: 0 })
      const { code, error } = await recorder.untilClosed()
      expect(recorder.messages).to.deep.equal(['the end'])
      expect(code).to.equal(1006)
      expect(error).to.equal(undefined)
    })
  })
})
