import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { ProtocolViolationError } from 'holdfast'
import type { CompressionOptions, TransportRequest } from 'holdfast'
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

    it('compresses a message in fragments as a whole, also if the last one is empty, or not at all', async () => {
      const { url, received } = await serve()
      const { transport } = await open(url, { compression: true })
      const text = 'x'.repeat(10_000)
      const sizes: number[] = []
      for (const compress of [true, false, true]) {
        const before = transport.bytesWritten ?? NaN
        const count = received.length
        const options = (isLast: boolean) => ({ compress, fragment: { isBinary: false, isLast } })
        transport.send(text, undefined, options(false))
        transport.send(text, undefined, options(false))
        transport.send('', undefined, options(true))
        transport.send('between', undefined, { compress })
        await eventually('both are at the server', () => received.length === count + 2)
        sizes.push((transport.bytesWritten ?? NaN) - before)
      }
      expect(sizes[0]).to.be.lessThan(300)
      expect(sizes[1]).to.be.within(20_000, 20_060)
      expect(sizes[2]).to.be.lessThan(300)
      expect(received).to.deep.equal(Array.from({ length: 3 }, () => [text + text, 'between']).flat())
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

    it('offers the settings by their names in RFC 7692', async () => {
      const { url, offers } = await serve()
      for (const compression of [
        true,
        {},
        { serverNoContextTakeover: true, clientNoContextTakeover: true },
        { serverNoContextTakeover: false, clientNoContextTakeover: false },
        { serverMaxWindowBits: 10, clientMaxWindowBits: 9, level: 1, memLevel: 1, threshold: 5 },
      ]) {
        await open(url, { compression })
      }
      expect(offers).to.deep.equal([
        'permessage-deflate; client_max_window_bits',
        'permessage-deflate; client_max_window_bits',
        'permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits',
        'permessage-deflate; client_max_window_bits',
        'permessage-deflate; server_max_window_bits=10; client_max_window_bits=9',
      ])
    })

    /** Sends and receives messages one after another, and returns the size of each on the wire. */
    async function sizes(compression: TransportRequest['compression'], ...messages: (string | Buffer)[]) {
      const { url, received, socket } = await serve()
      const { recorder, transport } = await open(url, { compression })
      const all = { sent: [] as number[], received: [] as number[] }
      for (const [index, message] of messages.entries()) {
        const { bytesWritten = NaN, bytesRead } = transport
        transport.send(message)
        socket().send(message)
        await recorder.untilMessages(index + 1)
        await eventually('it is at the server', () => received.length === index + 1)
        all.sent.push((transport.bytesWritten ?? NaN) - bytesWritten)
        all.received.push(transport.bytesRead - bytesRead)
      }
      expect(recorder.messages.map(String)).to.deep.equal(messages.map(String))
      expect(received).to.deep.equal(messages.map(String))
      return all
    }

    it('uses one context for all messages in a direction, unless that is turned off', async () => {
      const message = randomBytes(2_000)
      const shared = await sizes(true, message, message)
      expect(shared.sent[1]).to.be.lessThan(100)
      expect(shared.received[1]).to.be.lessThan(100)
      const ours = await sizes({ clientNoContextTakeover: true }, message, message)
      expect(ours.sent[1]).to.be.greaterThan(2_000)
      expect(ours.received[1]).to.be.lessThan(100)
      const theirs = await sizes({ serverNoContextTakeover: true }, message, message)
      expect(theirs.sent[1]).to.be.lessThan(100)
      expect(theirs.received[1]).to.be.greaterThan(2_000)
    })

    it('keeps to the windows that were negotiated', async () => {
      const block = randomBytes(2_000)
      const twice = Buffer.concat([block, block])
      const full = await sizes(true, twice)
      expect(full.sent[0]).to.be.lessThan(2_200)
      expect(full.received[0]).to.be.lessThan(2_200)
      for (const bits of [8, 9]) {
        const ours = await sizes({ clientMaxWindowBits: bits }, twice, twice)
        expect(ours.sent[1]).to.be.greaterThan(4_000)
        expect(ours.received[0]).to.be.lessThan(2_200)
        const theirs = await sizes({ serverMaxWindowBits: bits }, twice, twice)
        expect(theirs.sent[0]).to.be.lessThan(2_200)
        expect(theirs.received[1]).to.be.greaterThan(4_000)
      }
    })

    it('does not compress messages below the threshold, with and without one context', async () => {
      for (const clientNoContextTakeover of [false, true]) {
        const settings = { threshold: 100, clientNoContextTakeover }
        const { sent } = await sizes(
          settings,
          'x'.repeat(99),
          'x'.repeat(100),
          'ž'.repeat(49),
          'ž'.repeat(50),
        )
        expect(sent[0]).to.equal(99 + 6)
        expect(sent[1]).to.be.lessThan(30)
        expect(sent[2]).to.equal(98 + 6)
        expect(sent[3]).to.be.lessThan(30)
      }
    })

    it('uses the level and the memory level', async () => {
      const text = Array.from({ length: 5_000 }, (_, index) => `${index * 7_919} ${index % 13}`).join()
      const sent = async (settings: CompressionOptions): Promise<number> =>
        (await sizes(settings, text)).sent[0] ?? NaN
      const normal = await sent({})
      expect(await sent({ level: 1 })).to.be.greaterThan(normal)
      expect(await sent({ memLevel: 1 })).to.be.greaterThan(normal)
    })

    it('accepts a server that turns a context off, although false was set', async () => {
      const { url, received } = await serve({
        perMessageDeflate: { threshold: 0, clientNoContextTakeover: true, serverNoContextTakeover: true },
      })
      const compression = { clientNoContextTakeover: false, serverNoContextTakeover: false }
      const { transport } = await open(url, { compression })
      transport.send('x'.repeat(2_000))
      await eventually('it is at the server', () => received.length === 1)
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

    it('does not let a message in small fragments expand beyond maxPayload either', async () => {
      const { url, socket } = await serve()
      const { recorder } = await open(url, { compression: true, maxPayload: MiB })
      const before = heapInUse()
      const part = 'x'.repeat(MiB / 4)
      for (let count = 0; count < 100; count += 1) socket().send(part, { fin: false })
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
