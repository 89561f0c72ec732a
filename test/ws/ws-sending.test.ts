import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { WebSocketServer } from 'ws'
import { eventually, turns } from '../support/eventually.js'
import { startLine } from '../support/held-line.js'
import {
  BINARY,
  CLOSE,
  PING,
  PONG,
  TEXT,
  closePayload,
  frame,
  startRawServer,
  upgradeAnswer,
} from '../support/raw-server.js'
import { SELF_SIGNED } from '../support/self-signed.js'
import { BOTH_WAYS, wsScene } from './ws-scene.js'

/** Resolves after everything due in this turn has run. */
function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve)
  })
}

for (const { way, fastPaths } of BOTH_WAYS) {
  describe(`Sending over ws ${way}`, function () {
    this.timeout(30_000)
    const { connect, sending, use } = wsScene(fastPaths)

    async function open() {
      const server = await sending()
      const { recorder, transport } = connect(server.url)
      await recorder.untilOpened()
      const frames = (): { opcode: number; payload: string }[] =>
        (server.connections[0]?.frames() ?? []).map(({ opcode, payload }) => ({
          opcode,
          payload: payload.toString('latin1'),
        }))
      return { server, recorder, transport, frames }
    }

    it('holds messages sent in one turn, counts them as buffered, and sends them at the end of the turn', async () => {
      const { transport, frames } = await open()
      for (const text of ['one', 'two', 'three']) transport.send(text)
      expect(transport.bufferedAmount).to.be.at.least(11)
      await endOfTurn()
      expect(transport.bufferedAmount).to.equal(0)
      await eventually('all is at the server', () => frames().length === 3)
      expect(frames().map(({ payload }) => payload)).to.deep.equal(['one', 'two', 'three'])
    })

    it('keeps the order of texts, bytes, pings, pongs, and the close frame', async () => {
      const { transport, frames } = await open()
      transport.send('text')
      transport.ping(Buffer.from('ping'))
      transport.send(Buffer.from('bytes'))
      transport.pong(Buffer.from('pong'))
      transport.send('last')
      transport.close(1000, '')
      await eventually('all is at the server', () => frames().at(-1)?.opcode === CLOSE)
      expect(frames()).to.deep.equal([
        { opcode: TEXT, payload: 'text' },
        { opcode: PING, payload: 'ping' },
        { opcode: BINARY, payload: 'bytes' },
        { opcode: PONG, payload: 'pong' },
        { opcode: TEXT, payload: 'last' },
        { opcode: CLOSE, payload: closePayload(1000).toString('latin1') },
      ])
    })

    it('keeps the order of short and long texts in any alphabet', async () => {
      const { transport, frames } = await open()
      const texts = ['a', 'b'.repeat(5_000), 'ž'.repeat(100), 'c'.repeat(4_096), 'd'.repeat(4_097), '🐎', '']
      for (const text of texts) transport.send(text)
      await eventually('all is at the server', () => frames().length === texts.length)
      const payloads = frames().map(({ payload }) => Buffer.from(payload, 'latin1').toString())
      expect(payloads).to.deep.equal(texts)
    })

    it('answers a close frame after the messages sent before it arrived', async () => {
      const { server, recorder, transport, frames } = await open()
      recorder.afterMessage = () => transport.send('an answer')
      const close = frame(CLOSE, closePayload(1000))
      server.connections[0]?.socket.write(Buffer.concat([frame(TEXT, 'a question'), close]))
      await eventually('the answer and the close frame are at the server', () => frames().length === 2)
      expect(frames().map(({ opcode }) => opcode)).to.deep.equal([TEXT, CLOSE])
    })

    it("writes pending messages before it answers the peer's FIN", async () => {
      const { server, recorder, transport, frames } = await open()
      recorder.afterMessage = () => transport.send('an answer')
      server.connections[0]?.socket.end(frame(TEXT, 'a question'))
      await recorder.untilClosed()
      await eventually('the answer is at the server', () => frames().length === 1)
    })

    it('sends a close frame immediately, after the messages before it', async () => {
      const { transport } = await open()
      transport.send('last')
      transport.close(1000, '')
      expect(transport.bufferedAmount).to.equal(0)
    })

    it('sends a message immediately if its callback is waiting', async () => {
      const { transport, frames } = await open()
      let flushed = 0
      transport.send('one')
      transport.send('two', () => (flushed += 1))
      expect(transport.bufferedAmount).to.equal(0)
      transport.send('three')
      expect(transport.bufferedAmount).to.be.greaterThan(0)
      await endOfTurn()
      expect(flushed).to.equal(1)
      await eventually('all is at the server', () => frames().length === 3)
    })

    it('delivers messages sent in the turn that ends with terminate()', async () => {
      const { transport, recorder, frames } = await open()
      transport.send('last words')
      transport.terminate()
      await recorder.untilClosed()
      expect(transport.bufferedAmount).to.equal(0)
      await eventually('it is at the server', () => frames().length === 1)
    })

    it('accepts sends after terminate() and after the end, in their own turn', async () => {
      const { transport, recorder, frames } = await open()
      transport.terminate()
      transport.send('too late')
      await recorder.untilClosed()
      transport.send('far too late')
      await endOfTurn()
      expect(frames()).to.deep.equal([])
    })

    it('answers a ping even if nothing else is sent (B35)', async () => {
      const { server, frames } = await open()
      server.connections[0]?.socket.write(Buffer.from([0x89, 2, 0x68, 0x69]))
      await eventually('the pong is at the server', () => frames().length === 1)
      expect(frames()).to.deep.equal([{ opcode: PONG, payload: 'hi' }])
    })

    it('delivers a burst over TLS in order, in both directions', async () => {
      const httpsServer = createServer(SELF_SIGNED)
      const server = new WebSocketServer({ server: httpsServer })
      httpsServer.listen(0, '127.0.0.1')
      await once(httpsServer, 'listening')
      use({
        [Symbol.asyncDispose]: async () => {
          for (const client of server.clients) client.terminate()
          server.close()
          await new Promise((resolve) => httpsServer.close(resolve))
        },
      })
      const received: string[] = []
      server.on('connection', (socket) =>
        socket.on('message', (data) => {
          received.push((data as Buffer).toString())
          socket.send((data as Buffer).toString())
        }),
      )
      const { recorder, transport } = connectUnverified(`wss://localhost:${portOf(httpsServer.address())}`)
      await recorder.untilOpened()
      const numbers = Array.from({ length: 2_000 }, (_, index) => String(index))
      for (const number of numbers) transport.send(number)
      expect(transport.bufferedAmount).to.be.greaterThan(2_000)
      await eventually('all is at the server', () => received.length === numbers.length)
      expect(received).to.deep.equal(numbers)
      await recorder.untilMessages(numbers.length)
      expect(recorder.messages).to.deep.equal(numbers)
      expect(transport.bufferedAmount).to.equal(0)
    })

    it('counts the bytes on the wire over TLS, including half a record', async () => {
      const server = use(
        await startRawServer(({ socket, request }) => {
          socket.write(upgradeAnswer(request))
        }, 'wss'),
      )
      const line = use(await startLine(server.port))
      const { recorder, transport } = connectUnverified(`wss://localhost:${line.port}`)
      await recorder.untilOpened()
      await eventually(
        'everything that arrived with the handshake is read',
        () => line.passed === transport.bytesRead,
      )
      line.hold()
      server.connections[0]?.socket.write(frame(TEXT, 'x'.repeat(900)))
      await eventually('the record has left the server', () => line.held > 900)
      const before = transport.bytesRead
      line.pass(500)
      await eventually('half a record has arrived', () => transport.bytesRead === before + 500)
      expect(recorder.messages).to.deep.equal([])
      line.pass(line.held)
      await recorder.untilMessages(1)
    })

    it('counts the bytes on the wire over TLS as they are sent', async () => {
      const server = use(
        await startRawServer(({ socket, request }) => {
          socket.write(upgradeAnswer(request))
        }, 'wss'),
      )
      const { recorder, transport } = connectUnverified(`wss://localhost:${server.port}`)
      await recorder.untilOpened()
      const socket = server.connections[0]?.socket
      socket?.pause()
      transport.send(new Uint8Array(2 ** 24), () => undefined)
      await turns()
      const stalled = transport.bytesWritten ?? NaN
      const { bufferedAmount } = transport
      expect(stalled).to.be.lessThan(2 ** 24)
      socket?.resume()
      await eventually('more has left', () => (transport.bytesWritten ?? NaN) > stalled)
      expect(transport.bufferedAmount).to.equal(bufferedAmount)
    })

    /** Connects without verifying the certificate. */
    function connectUnverified(url: string): ReturnType<typeof connect> {
      return connect(url, { socket: { tls: { rejectUnauthorized: false } } })
    }
  })
}

function portOf(address: AddressInfo | string | null): number {
  return (address as AddressInfo).port
}
