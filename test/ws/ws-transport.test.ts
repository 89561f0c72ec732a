import { expect } from 'chai'
import { ConnectionLostError, ProtocolViolationError } from 'holdfast'
import { createWsTransport } from '#src/ws/ws-transport.js'
import { eventually, turns } from '../support/eventually.js'
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  PING,
  TEXT,
  closePayload,
  frame,
  longHeader,
  upgradeAnswer,
} from '../support/raw-server.js'
import { describeTransport } from '../transports/conformance.js'
import { openHarness } from './ws-harness.js'
import { BOTH_WAYS, wsScene } from './ws-scene.js'

for (const { way, fastPaths } of BOTH_WAYS) {
  describeTransport(`WsTransport ${way}`, (scenario) =>
    openHarness(scenario, createWsTransport({ fastPaths })),
  )

  describe(`WsTransport ${way}`, function () {
    this.timeout(30_000)
    const { connect, rawServer, sending } = wsScene(fastPaths)

    describe('the request', () => {
      it('does not offer any extensions', async () => {
        const server = await sending()
        const { recorder } = connect(server.url)
        await recorder.untilOpened()
        expect(server.connections[0]?.request).to.not.match(/sec-websocket-extensions/i)
      })

      it('leads to a response whose headers are reported with lowercase names', async () => {
        const server = await rawServer(({ socket, request }) => {
          socket.write(upgradeAnswer(request, { 'X-Session': 'abc' }))
        })
        const { recorder } = connect(server.url)
        await recorder.untilOpened()
        expect(recorder.handshakes[0]?.headers).to.include({ 'x-session': 'abc', upgrade: 'websocket' })
      })
    })

    describe('an open socket', () => {
      it('reports a reset with its cause, and counts the unsent data', async () => {
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

      it('reports a plain FIN without an error', async () => {
        const server = await rawServer(({ socket, request }) => void socket.end(upgradeAnswer(request)))
        const { recorder } = connect(server.url)
        const { code, error } = await recorder.untilClosed()
        expect(recorder.events).to.deep.equal(['opened', 'closed'])
        expect(code).to.equal(1006)
        expect(error).to.equal(undefined)
      })

      it('joins fragments even if a ping arrives between them', async () => {
        const server = await sending(
          frame(TEXT, 'one ', false),
          frame(PING, 'still here?'),
          frame(CONTINUATION, 'message'),
        )
        const { recorder } = connect(server.url)
        await recorder.untilMessages(1)
        expect(recorder.messages).to.deep.equal(['one message'])
        expect(recorder.events).to.deep.equal(['opened', 'ping', 'message'])
      })

      it("counts a message's bytes as they arrive", async () => {
        const server = await sending(Buffer.concat([longHeader(TEXT, 1_000), Buffer.alloc(10)]))
        const { recorder, transport } = connect(server.url)
        expect(transport.bytesRead).to.equal(0)
        await recorder.untilOpened()
        const before = transport.bytesRead
        server.connections[0]?.socket.write(Buffer.alloc(100))
        await eventually('the bytes have arrived', () => transport.bytesRead >= before + 100)
        expect(recorder.messages).to.deep.equal([])
      })

      it("counts an upload's bytes as they are sent, even within one message", async () => {
        const server = await sending()
        const { recorder, transport } = connect(server.url)
        await recorder.untilOpened()
        const socket = server.connections[0]?.socket
        socket?.pause()
        const before = transport.bytesWritten ?? NaN
        transport.send(new Uint8Array(2 ** 24), () => undefined)
        await turns()
        const stalled = transport.bytesWritten ?? NaN
        expect(stalled - before).to.be.within(1, 2 ** 24 - 1)
        const { bufferedAmount } = transport
        socket?.resume()
        await eventually('more has left', () => (transport.bytesWritten ?? NaN) > stalled)
        expect(transport.bufferedAmount).to.equal(bufferedAmount)
      })

      it('reports that a ping has been sent only after the upload before it', async () => {
        const server = await sending()
        const { recorder, transport } = connect(server.url)
        await recorder.untilOpened()
        const socket = server.connections[0]?.socket
        socket?.pause()
        transport.send(new Uint8Array(2 ** 24))
        let hasLeft = false
        transport.ping(Buffer.from('1'), () => (hasLeft = true))
        await turns()
        expect(hasLeft).to.equal(false)
        socket?.resume()
        await eventually('the ping has left', () => hasLeft)
      })

      it('is terminated if the peer never answers a close frame', async () => {
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

    describe('a peer that violates the protocol or a limit', () => {
      const empty = Array.from({ length: 10 }, () => frame(CONTINUATION, '', false))
      const cases = [
        { what: 'text that is not UTF-8', sentCode: 1007, frames: [frame(TEXT, Buffer.from([0xc3, 0x28]))] },
        {
          what: 'a close reason that is not UTF-8',
          sentCode: 1007,
          frames: [frame(CLOSE, Buffer.from([3, 232, 0xc3]))],
        },
        {
          what: 'a message above maxPayload',
          sentCode: 1009,
          frames: [frame(BINARY, new Uint8Array(1_001))],
        },
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
          what: 'a close code that must not be sent',
          sentCode: 1002,
          frames: [frame(CLOSE, closePayload(1005))],
        },
      ] as const
      for (const { what, sentCode, frames } of cases) {
        it(`receives ${sentCode} for ${what}`, async () => {
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

      const limits = [
        ['maxPayload (1000 bytes)', 1009, [frame(BINARY, new Uint8Array(1_001))]],
        ['maxFragments (10 fragments)', 1008, [frame(TEXT, '', false), ...empty]],
      ] as const
      for (const [limit, sentCode, frames] of limits) {
        it(`is reported with the option and the option's value: ${limit}`, async () => {
          const server = await sending(...frames)
          const { recorder } = connect(server.url, { closeTimeout: 20 })
          const { error } = await recorder.untilClosed()
          expect(error?.message).to.equal(
            `Received message exceeds ${limit}: connection closed with ${sentCode}. Raise ${limit.split(' ')[0]} if the message is expected`,
          )
        })
      }

      it('can send up to the limits', async () => {
        const fragments = [
          frame(TEXT, 'x'.repeat(991), false),
          ...Array.from({ length: 8 }, () => frame(CONTINUATION, 'y', false)),
        ]
        const server = await sending(...fragments, frame(CONTINUATION, 'z'))
        const { recorder } = connect(server.url)
        await recorder.untilMessages(1)
        expect(recorder.messages[0]).to.have.lengthOf(1_000)
      })

      it('can send up to limits of more than 32 bits', async () => {
        const server = await sending(
          frame(BINARY, 'longer than ten'),
          frame(TEXT, 'in ', false),
          frame(CONTINUATION, 'fragments'),
        )
        const { recorder } = connect(server.url, { maxPayload: 2 ** 32 + 10, maxFragments: 2 ** 32 + 1 })
        await recorder.untilMessages(2)
        expect(recorder.messages.map(String)).to.deep.equal(['longer than ten', 'in fragments'])
      })

      it('can send more than ws allows by default if a limit is 0', async () => {
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
}
