import { expect } from 'chai'
import * as z from 'zod'
import {
  ConnectionLostError,
  OnBinary,
  OnClose,
  OnError,
  OnMessage,
  OnOpen,
  ProtocolViolationError,
  WebSocketClient,
  bootstrap,
} from 'holdfast'
import { compressedCodec, createJsonCodec, jsonCodec, textCodec } from 'holdfast/codecs'
import { jsonRpc } from 'holdfast/requests'
import { keyPair, keyPresent } from 'holdfast/routes'
import type { ClientOptions, Codec, ErrorContext } from 'holdfast'
import { bigintJsonCodec } from 'holdfast/bigint-json'
import { msgpackCodec } from 'holdfast/msgpack'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { disposal } from '../support/disposal.js'
import { eventually } from '../support/eventually.js'
import { WRAPS, fuzzFrame, fuzzWire } from '../support/fuzz-frames.js'
import type { Wrap } from '../support/fuzz-frames.js'
import { heapInUse } from '../support/heap.js'
import { startRawServer, upgradeAnswer } from '../support/raw-server.js'
import { SeededRandom } from '../support/seeded-random.js'

const KiB = 2 ** 10
const MiB = 2 ** 20

/** Returns the peak memory usage of the process, in bytes. */
function peak(): number {
  return process.resourceUsage().maxRSS * KiB
}

/** Number of frames per codec; 100,000 in total. */
const FRAMES = 12_500

/** Number of frames between two checks of the memory. */
const LOOK = 2_500

@WebSocketClient({ route: 'type' })
class Target {
  handled = 0
  readonly stages: Record<string, number> = {}

  @OnMessage('ticker')
  @OnMessage('trade')
  priced(message: unknown): void {
    this.handled += 1
    // Handlers often copy a message. The copy must not reach a prototype.
    expect({ ...(message as object) }).to.not.equal(message)
  }

  @OnMessage('are you there')
  answer(): unknown {
    this.handled += 1
    return { type: 'yes' }
  }

  @OnMessage()
  rest(message: unknown): unknown {
    this.handled += 1
    return message === 'are you there' ? 'yes' : undefined
  }

  @OnBinary()
  binary(): void {
    this.handled += 1
  }

  @OnError()
  failed(_: Error, { stage, count }: ErrorContext): void {
    this.stages[stage] = (this.stages[stage] ?? 0) + count
  }
}

interface Subject {
  readonly codec: Codec
  readonly wrap: Wrap
  /** Minimum number of reports. A codec that accepts any text reports nothing. */
  readonly reports: number
}

const SUBJECTS: Readonly<Record<string, Subject>> = {
  jsonCodec: { codec: jsonCodec, wrap: WRAPS.text, reports: 1_000 },
  'createJsonCodec with binary': {
    codec: createJsonCodec({ binary: true, reviver: (_, value) => value }),
    wrap: WRAPS.utf8,
    reports: 1_000,
  },
  textCodec: { codec: textCodec, wrap: WRAPS.text, reports: 0 },
  bigintJsonCodec: { codec: bigintJsonCodec, wrap: WRAPS.text, reports: 1_000 },
  'compressedCodec with gzip': {
    codec: compressedCodec({ format: 'gzip' }),
    wrap: WRAPS.gzip,
    reports: 1_000,
  },
  'compressedCodec with deflate around bigintJsonCodec': {
    codec: compressedCodec({ format: 'deflate', codec: bigintJsonCodec }),
    wrap: WRAPS.deflate,
    reports: 1_000,
  },
  msgpackCodec: { codec: msgpackCodec, wrap: WRAPS.msgpack, reports: 1_000 },
  'compressedCodec with deflate-raw around msgpackCodec': {
    codec: compressedCodec({ format: 'deflate-raw', codec: msgpackCodec, compress: true }),
    wrap: WRAPS['msgpack in deflate-raw'],
    reports: 1_000,
  },
}

/** Returns the properties of the built-in prototypes, as names and values. */
function prototypes(): readonly unknown[] {
  const shared = [Object, Array, String, Number, BigInt, Function, Date, Map, Uint8Array, Error]
  return shared.flatMap(({ prototype }) =>
    Reflect.ownKeys(prototype as object).flatMap((name) => [
      name,
      Object.getOwnPropertyDescriptor(prototype, name)?.value as unknown,
    ]),
  )
}

/** Records the built-in prototypes. Returns a function that throws if anything has changed. */
function watchPrototypes(): () => void {
  const before = prototypes()
  return () => {
    const after = prototypes()
    expect(after.length).to.equal(before.length)
    expect(after.filter((each, index) => !Object.is(each, before[index]))).to.deep.equal([])
  }
}

describe('100,000 random and mutated frames', function () {
  this.timeout(60_000)
  const { stackTraceLimit } = Error
  // Most frames cause an error, and stack traces are not needed.
  before(() => (Error.stackTraceLimit = 0))
  after(() => (Error.stackTraceLimit = stackTraceLimit))
  let seed = 2026

  for (const [name, { codec, wrap, reports }] of Object.entries(SUBJECTS)) {
    it(`are each handled or reported with ${name}, without harming prototypes, memory, or the connection`, async () => {
      const random = new SeededRandom((seed += 1))
      const server = new MemoryServer()
      const clock = new FakeClock()
      const options = { codec, transport: server.connect, clock, logger: false } as const
      const client = await bootstrap(Target, 'ws://peer.test/', options)
      const { peer } = server
      const target = client.instance
      const expectSamePrototypes = watchPrototypes()
      const heap = heapInUse()
      const peakBefore = peak()

      for (let sent = 1; sent <= FRAMES; sent += 1) {
        peer.send(fuzzFrame(random, wrap))
        if (sent % LOOK === 0) expect(heapInUse() - heap).to.be.lessThan(32 * MiB)
      }

      expect(peak() - peakBefore).to.be.lessThan(256 * MiB)
      // Errors with the same cause are reported once a second, with their count.
      await clock.advance(1_000)
      const { decode: reported = 0, ...others } = target.stages
      expect(others).to.deep.equal({})
      expect(target.handled + reported).to.equal(FRAMES)
      expect(target.handled).to.be.greaterThan(FRAMES / 10)
      expect(reported).to.be.at.least(reports)
      expectSamePrototypes()

      expect(client.connection.state.status).to.equal('open')
      const isText = codec === textCodec
      peer.send(codec.encode(isText ? 'are you there' : { type: 'are you there' }))
      expect(peer.received).to.deep.equal([codec.encode(isText ? 'yes' : { type: 'yes' })])
      await client.close()
    })
  }
})

const Priced = z.object({ type: z.string(), p: z.number(), side: z.null() })
const Checked = z
  .object({ price: z.string() })
  .refine(async ({ price }) => Promise.resolve(Number(price) > 0))

/** A client with schemas, one of them async, and without handlers for many of the messages. */
class Strict {
  handled = 0
  readonly stages: Record<string, number> = {}

  @OnMessage('trade', Priced)
  @OnMessage('ticker', Checked)
  @OnMessage('book-1000')
  @OnMessage('constructor')
  async priced(): Promise<void> {
    this.handled += 1
    await Promise.resolve()
  }

  @OnError()
  failed(_: Error, { stage, count }: ErrorContext): void {
    this.stages[stage] = (this.stages[stage] ?? 0) + count
  }
}

describe('Random and mutated frames', function () {
  this.timeout(60_000)
  const use = disposal()

  it('are each handled, conflated, counted, or reported if all other options are enabled', async () => {
    let [frames, messages] = [0, 0]
    const random = new SeededRandom(2_026)
    const [server, clock] = [new MemoryServer(), new FakeClock()]
    const options: ClientOptions = {
      transport: server.connect,
      clock,
      logger: false,
      route: ['type', 'data.e', -2, keyPair('jsonrpc', 'method'), keyPresent('__proto__', 'valueOf')],
      *unpack(decoded) {
        frames += 1
        for (const each of Array.isArray(decoded) ? (decoded as unknown[]) : [decoded]) {
          messages += 1
          yield each
        }
      },
      concurrency: { key: ['type', 'constructor.prototype'], limit: 4, conflate: true },
      requests: jsonRpc(),
      heartbeat: { message: () => 'beat', isReply: (message) => message === 'never' },
    }
    const client = await bootstrap(Strict, 'ws://peer.test/', options)
    const { connection, instance } = client
    const expectSamePrototypes = watchPrototypes()
    const heap = heapInUse()
    for (let sent = 1; sent <= FRAMES; sent += 1) {
      server.peer.send(fuzzFrame(random, WRAPS.text))
      if (sent % 20 === 0) await clock.settle()
      if (sent % LOOK === 0) expect(heapInUse() - heap).to.be.lessThan(32 * MiB)
    }
    await clock.advance(1_000)
    expectSamePrototypes()
    const { decode = 0, validate = 0, ...others } = instance.stages
    const { conflated, unhandledMessages } = connection.stats
    expect(others).to.deep.equal({})
    const counts = [instance.handled, validate, conflated, unhandledMessages, decode]
    expect(Math.min(...counts), String(counts)).to.be.greaterThan(100)
    // Binary and undecodable frames are never unpacked.
    expect(counts.reduce((sum, count) => sum + count)).to.equal(messages + FRAMES - frames)
    expect(connection.state.status).to.equal('open')
    await client.close()
  })

  it('at worst end a connection, which is reported once and followed by a reconnect', async () => {
    const CONNECTIONS = 200
    const random = new SeededRandom(6_455)
    const expectSamePrototypes = watchPrototypes()
    const heap = heapInUse()
    const log = { opens: 0, closes: 0, messages: 0, ends: [] as string[], others: [] as string[] }
    class Feed {
      @OnOpen() opened(): void {
        log.opens += 1
      }
      @OnMessage() message(): void {
        log.messages += 1
      }
      @OnBinary() binary(): void {
        log.messages += 1
      }
      @OnError() failed(error: Error, { stage }: ErrorContext): void {
        if (stage === 'decode') return
        if (error instanceof ProtocolViolationError) log.ends.push(String(error.sentCode))
        else if (error instanceof ConnectionLostError) log.ends.push('lost')
        else log.others.push(`${stage}: ${error.message}`)
      }
      @OnClose() closed(): void {
        log.closes += 1
        // Each connection ends at most once.
        if (log.ends.length > log.closes) log.others.push(`${log.ends.length} ends at ${log.closes}`)
      }
    }
    const server = use(
      await startRawServer(({ socket, request }) => {
        socket.write(upgradeAnswer(request))
        if (server.connections.length > CONNECTIONS) return
        for (const chunk of fuzzWire(random)) socket.write(chunk)
        socket.end()
      }),
    )
    const reconnect = { delays: [0], initialDelay: 0, shouldReconnect: () => 0 }
    const client = use(await bootstrap(Feed, server.url, { logger: false, reconnect, closeTimeout: 1_000 }))
    await eventually('the last connection is open', () => log.opens > CONNECTIONS)
    expectSamePrototypes()
    expect(heapInUse() - heap).to.be.lessThan(32 * MiB)
    expect(log.others).to.deep.equal([])
    expect(log.closes).to.equal(CONNECTIONS)
    expect(log.messages).to.be.greaterThan(CONNECTIONS)
    for (const code of ['1002', '1007']) expect(log.ends.filter((end) => end === code).length).to.be.above(10)
    expect(client.connection.state.status).to.equal('open')
  })
})
