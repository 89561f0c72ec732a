import { expect } from 'chai'
import {
  OnBinary,
  OnError,
  OnMessage,
  WebSocketClient,
  bootstrap,
  compressedCodec,
  createJsonCodec,
  jsonCodec,
  textCodec,
} from 'holdfast'
import type { Codec, ErrorContext } from 'holdfast'
import { bigintJsonCodec } from 'holdfast/bigint-json'
import { msgpackCodec } from 'holdfast/msgpack'
import { FakeClock, MemoryServer } from 'holdfast/testing'
import { WRAPS, fuzzFrame } from '../support/fuzz-frames.js'
import type { Wrap } from '../support/fuzz-frames.js'
import { heapInUse } from '../support/heap.js'
import { SeededRandom } from '../support/seeded-random.js'

const KiB = 2 ** 10
const MiB = 2 ** 20

/** The most memory that the process has ever had, in bytes. */
function peak(): number {
  return process.resourceUsage().maxRSS * KiB
}

/** So many frames go through each codec: 100,000 in all. */
const FRAMES = 12_500

/** After so many the memory is looked at. */
const LOOK = 2_500

@WebSocketClient({ route: 'type' })
class Target {
  handled = 0
  readonly stages: Record<string, number> = {}

  @OnMessage('ticker')
  @OnMessage('trade')
  priced(message: unknown): void {
    this.handled += 1
    // What a handler may well do: nothing of it may reach a prototype.
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
  failed(_: Error, { stage }: ErrorContext): void {
    this.stages[stage] = (this.stages[stage] ?? 0) + 1
  }
}

interface Subject {
  readonly codec: Codec
  readonly wrap: Wrap
  /** What is reported at the least; a codec that reads any text has nothing to report. */
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

/** Everything that hangs on the prototypes that all objects share. */
function prototypes(): readonly unknown[] {
  const shared = [Object, Array, String, Number, BigInt, Function, Date, Map, Uint8Array, Error]
  return shared.flatMap(({ prototype }) =>
    Reflect.ownKeys(prototype as object).flatMap((name) => [
      name,
      Object.getOwnPropertyDescriptor(prototype, name)?.value as unknown,
    ]),
  )
}

describe('100,000 random and mutated frames', function () {
  this.timeout(60_000)
  let seed = 2026

  for (const [name, { codec, wrap, reports }] of Object.entries(SUBJECTS)) {
    it(`are each handled or reported by ${name}, and harm neither prototypes, memory nor the connection`, async () => {
      const random = new SeededRandom((seed += 1))
      const server = new MemoryServer()
      const options = { codec, transport: server.connect, clock: new FakeClock(), logger: false } as const
      const client = await bootstrap(Target, 'ws://peer.test/', options)
      const { peer } = server
      const target = client.instance
      const before = prototypes()
      const heap = heapInUse()
      const peakBefore = peak()

      for (let sent = 1; sent <= FRAMES; sent += 1) {
        peer.send(fuzzFrame(random, wrap))
        if (sent % LOOK === 0) expect(heapInUse() - heap).to.be.lessThan(32 * MiB)
      }

      expect(peak() - peakBefore).to.be.lessThan(256 * MiB)
      const { decode: reported = 0, ...others } = target.stages
      expect(others).to.deep.equal({})
      expect(target.handled + reported).to.equal(FRAMES)
      expect(target.handled).to.be.greaterThan(FRAMES / 10)
      expect(reported).to.be.at.least(reports)
      const after = prototypes()
      expect(after.length).to.equal(before.length)
      expect(after.filter((each, index) => !Object.is(each, before[index]))).to.deep.equal([])

      expect(client.connection.state.status).to.equal('open')
      const isText = codec === textCodec
      peer.send(codec.encode(isText ? 'are you there' : { type: 'are you there' }))
      expect(peer.received).to.deep.equal([codec.encode(isText ? 'yes' : { type: 'yes' })])
      await client.close()
    })
  }
})
