import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { ProtocolViolationError } from 'holdfast'
import { WebSocketServer } from 'ws'
import type { ServerOptions, WebSocket } from 'ws'
import { eventually } from '../support/eventually.js'
import { heapInUse } from '../support/heap.js'
import { TEXT, frame, upgradeAnswer } from '../support/raw-server.js'
import { BOTH_WAYS, wsScene } from './ws-scene.js'

const MiB = 2 ** 20

for (const { way, fastPaths } of BOTH_WAYS) {
  describe(`Compression over ws ${way}`, function () {
    this.timeout(30_000)
    const { connect, rawServer, use } = wsScene(fastPaths)

    /** A server that may compress everything it sends, and records what it receives. */
    async function serve(options: ServerOptions = { perMessageDeflate: { threshold: 0 } }) {
      const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options })
      await once(server, 'listening')
      use({
        [Symbol.asyncDispose]: async () => {
          for (const client of server.clients) client.terminate()
          await new Promise((resolve) => server.close(resolve))
        },
      })
      const received: string[] = []
      const offers: (string | undefined)[] = []
      server.on('connection', (socket, request) => {
        offers.push(request.headers['sec-websocket-extensions'])
        socket.on('message', (data) => received.push((data as Buffer).toString()))
      })
      const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
      return { url, received, offers, socket: () => [...server.clients][0] as WebSocket }
    }

    async function open(url: string, request: Parameters<typeof connect>[1] = {}) {
      const { recorder, transport } = connect(url, { maxPayload: 0, ...request })
      await recorder.untilOpened()
      return { recorder, transport }
    }

    const texts = Array.from({ length: 300 }, (_, index) => `${index} ${'ž'.repeat((index * 37) % 6_000)}`)

    it('is not offered unless it is enabled', async () => {
      const { url, offers } = await serve()
      await open(url)
      expect(offers).to.deep.equal([undefined])
    })

    it('delivers messages of all sizes in order, in both directions', async () => {
      const { url, received, offers, socket } = await serve()
      const { recorder, transport } = await open(url, { compression: true })
      expect(offers[0]).to.match(/^permessage-deflate/)
      for (const text of texts) {
        transport.send(text)
        socket().send(text)
      }
      await recorder.untilMessages(texts.length)
      await eventually('all is at the server', () => received.length === texts.length)
      expect(recorder.messages).to.deep.equal(texts)
      expect(received).to.deep.equal(texts)
    })

    it('keeps the order if only long messages are compressed', async () => {
      const { url, received, socket } = await serve({ perMessageDeflate: { threshold: 1_024 } })
      const { recorder, transport } = await open(url, { compression: true })
      for (const text of texts) {
        socket().send(text)
        transport.send(text)
      }
      await recorder.untilMessages(texts.length)
      expect(recorder.messages).to.deep.equal(texts)
      await eventually('all is at the server', () => received.length === texts.length)
      expect(received).to.deep.equal(texts)
    })

    it('does not compress a message that is sent with compress: false', async () => {
      const { url, received } = await serve()
      const { transport } = await open(url, { compression: true })
      const text = 'x'.repeat(10_000)
      const sizes: number[] = []
      for (const options of [undefined, { compress: false }, undefined]) {
        const before = transport.bytesWritten ?? NaN
        const count = received.length
        transport.send(text, undefined, options)
        await eventually('it is at the server', () => received.length > count)
        sizes.push((transport.bytesWritten ?? NaN) - before)
      }
      expect(sizes[0]).to.be.lessThan(200)
      expect(sizes[1]).to.be.within(10_000, 10_020)
      expect(sizes[2]).to.be.lessThan(200)
      expect(received).to.deep.equal([text, text, text])
    })

    it('ignores compress: false if nothing is compressed', async () => {
      const { url, received } = await serve()
      const { transport } = await open(url)
      transport.send('text', undefined, { compress: false })
      await eventually('it is at the server', () => received.length === 1)
      expect(received).to.deep.equal(['text'])
    })

    it('has copied the bytes when send() returns, because their owner can reuse the memory', async () => {
      const { url, received } = await serve()
      const { transport } = await open(url, { compression: true })
      const bytes = Buffer.alloc(2_000, 'a')
      for (const letter of ['a', 'b', 'c']) transport.send(bytes.fill(letter))
      bytes.fill('x')
      await eventually('all is at the server', () => received.length === 3)
      expect(received).to.deep.equal(['a', 'b', 'c'].map((letter) => letter.repeat(2_000)))
    })

    it('is not used if the server declines it', async () => {
      const { url, received, socket } = await serve({ perMessageDeflate: false })
      const { recorder, transport } = await open(url, { compression: true })
      transport.send('x'.repeat(2_000))
      socket().send('y'.repeat(2_000))
      await recorder.untilMessages(1)
      await eventually('it is at the server', () => received.length === 1)
      expect(recorder.messages).to.deep.equal(['y'.repeat(2_000)])
    })

    it('does not let a message expand beyond maxPayload, and keeps memory flat (B36)', async () => {
      const { url, socket } = await serve()
      const { recorder } = await open(url, { compression: true, maxPayload: MiB })
      const before = heapInUse()
      socket().send('x'.repeat(64 * MiB))
      const end = await recorder.untilClosed()
      expect(end).to.include({ code: 1006, sentCode: 1009 })
      expect(recorder.messages).to.deep.equal([])
      expect(heapInUse() - before).to.be.lessThan(16 * MiB)
    })

    it('ends the connection with a ProtocolViolationError if a message cannot be decompressed', async () => {
      const closeCodes: number[] = []
      const server = await rawServer(({ socket, request }) => {
        socket.write(upgradeAnswer(request, { 'Sec-WebSocket-Extensions': 'permessage-deflate' }))
        const compressed = frame(TEXT, Buffer.from([0xff, 0xff, 0xff, 0xff]))
        compressed[0] = 0x40 | (compressed[0] as number)
        socket.write(compressed)
        socket.on('data', (bytes: Buffer) => closeCodes.push(closeCodeOf(bytes)))
      })
      const end = await connect(server.url, { compression: true }).recorder.untilClosed()
      expect(end).to.include({ code: 1006, sentCode: 1007 })
      expect(end.error).to.be.instanceOf(ProtocolViolationError)
      await eventually('the server has received the close frame', () => closeCodes.length > 0)
      expect(closeCodes).to.deep.equal([1007])
    })
  })
}

/** Returns the code of a masked close frame. */
function closeCodeOf(bytes: Buffer): number {
  const mask = bytes.subarray(2, 6)
  return (((bytes[6] as number) ^ (mask[0] as number)) << 8) | ((bytes[7] as number) ^ (mask[1] as number))
}
