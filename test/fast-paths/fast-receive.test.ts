import { expect } from 'chai'
import fc from 'fast-check'
import { turns } from '../support/eventually.js'
import { Feed } from '../support/fed-socket.js'
import type { FeedOptions } from '../support/fed-socket.js'
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  PING,
  PONG,
  TEXT,
  closePayload,
  frame,
  longHeader,
} from '../support/raw-server.js'

function chop(bytes: Buffer, ...cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts, bytes.length]
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

function texts(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `message ${index + 1}`)
}

const MIB = 1024 * 1024

const LIMITS = { maxPayload: 300, maxFragments: 3 }

/** Every kind of frame, valid and invalid, by name. */
const KINDS: Readonly<Record<string, readonly Buffer[]>> = {
  'an empty text': [frame(TEXT)],
  'a text': [frame(TEXT, 'a text')],
  'a text of 125 bytes': [frame(TEXT, 'x'.repeat(125))],
  'a text of 126 bytes': [frame(TEXT, 'x'.repeat(126))],
  'a text of 253 bytes': [frame(TEXT, 'x'.repeat(253))],
  'a text of maxPayload': [frame(TEXT, 'x'.repeat(300))],
  'a text that is not ASCII': [frame(TEXT, 'žluťoučký 🐎')],
  'a text with a replacement character': [frame(TEXT, 'was \ufffd sent')],
  'a text with a byte order mark': [frame(TEXT, '\ufefftext')],
  bytes: [frame(BINARY, Buffer.from([1, 2, 0x81, 0xff]))],
  'no bytes': [frame(BINARY)],
  'a ping': [frame(PING, 'ping')],
  'an empty pong': [frame(PONG)],
  'a pong of 125 bytes': [frame(PONG, 'x'.repeat(125))],
  'texts with pongs between them': [frame(TEXT, 'a'), frame(PONG, '1'), frame(TEXT, 'b'), frame(PONG, '2')],
  fragments: [
    frame(TEXT, 'žlu', false),
    frame(PING, 'between'),
    frame(CONTINUATION, 'ť', false),
    frame(CONTINUATION),
  ],
  'fragments of bytes': [frame(BINARY, 'a', false), frame(CONTINUATION, 'b')],
}

const WRONG: Readonly<Record<string, readonly Buffer[]>> = {
  'text that is not UTF-8': [frame(TEXT, Buffer.from([0x61, 0xc3, 0x28]))],
  'fragments that are not UTF-8': [frame(TEXT, Buffer.from([0xc3]), false), frame(CONTINUATION)],
  'a text above maxPayload': [frame(TEXT, 'x'.repeat(301))],
  'a text of 65,536 bytes': [frame(TEXT, 'x'.repeat(65_536))],
  'a text of 2^53 bytes': [longHeader(TEXT, 2 ** 53)],
  'fragments above maxPayload': [frame(TEXT, 'x'.repeat(299), false), frame(CONTINUATION, 'xx')],
  'too many fragments': [
    frame(TEXT, '', false),
    frame(CONTINUATION, '', false),
    frame(CONTINUATION, '', false),
    frame(CONTINUATION),
  ],
  'a masked text': [Buffer.from([0x81, 0x81, 1, 2, 3, 4, 0])],
  'a compressed text': [Buffer.from([0xc1, 0])],
  RSV2: [Buffer.from([0xa1, 0])],
  'an unknown opcode': [frame(0x3, 'x')],
  'an unknown control opcode': [frame(0xb, 'x')],
  'a continuation of nothing': [frame(CONTINUATION, 'x')],
  'a first fragment within fragments': [frame(TEXT, 'x', false), frame(TEXT, 'y')],
  'a ping in fragments': [frame(PING, 'x', false)],
  'a ping of 126 bytes': [frame(PING, 'x'.repeat(126))],
  'a pong in fragments': [frame(PONG, 'x', false)],
  'a pong of 126 bytes': [frame(PONG, 'x'.repeat(126))],
  'a masked pong': [Buffer.from([0x8a, 0x81, 1, 2, 3, 4, 0])],
  'a pong with a reserved bit': [Buffer.from([0xca, 0])],
  'a close frame': [frame(CLOSE, closePayload(4000, 'enough'))],
  'an empty close frame': [frame(CLOSE)],
  'a close code that must not be sent': [frame(CLOSE, closePayload(1005))],
}

describe('FastReceive with emitted data', () => describeFastReceive(false))

describe('FastReceive with lent data', () => describeFastReceive(true))

function describeFastReceive(isLending: boolean): void {
  afterEach(() => Feed.destroyAll())

  /** Reads chunks with the fast path. */
  async function fast(chunks: readonly Uint8Array[], options?: FeedOptions): Promise<Feed> {
    const feed = await Feed.open(true, { ...options, isLending })
    await feed.read(chunks)
    return feed
  }

  /** Returns the events that result from chunks, including the end. */
  async function eventsOf(
    isFast: boolean,
    chunks: readonly Uint8Array[],
    options?: FeedOptions,
  ): Promise<readonly string[]> {
    const feed = await Feed.open(isFast, { ...options, isLending: isFast && isLending })
    await feed.read(chunks)
    return feed.end()
  }

  describe('plain messages', () => {
    it('delivers texts of any length and alphabet without ws', async () => {
      const plain = ['', 'a', 'x'.repeat(125), 'y'.repeat(126), 'z'.repeat(60_000), 'žluťoučký 🐎', '\ufffd']
      const feed = await fast([Buffer.concat(plain.map((text) => frame(TEXT, text)))])
      expect(feed.events).to.deep.equal(plain)
      expect(feed.fastMessages).to.equal(plain.length)
    })

    it('completes a short text that is split between two chunks', async () => {
      const bytes = Buffer.concat(texts(300).map((text) => frame(TEXT, text)))
      const first = frame(TEXT, texts(1)[0]).length
      for (let cut = first + 2; cut < 2 * first; cut += 1) {
        const feed = await fast(chop(bytes, cut))
        expect(feed.events).to.deep.equal(texts(300))
        expect(feed.fastMessages).to.equal(300)
      }
    })

    it('completes a message of up to 1 MiB, in any number of chunks', async () => {
      for (const length of [20, 9_000, 65_535, 65_536, MIB]) {
        const text = 'x'.repeat(length)
        const bytes = Buffer.alloc(length, 'b')
        const frames = [frame(TEXT, 'a'), frame(TEXT, text), frame(BINARY, bytes), frame(TEXT, 'ž')]
        for (const size of [11, 8_192, 65_536].filter((each) => each * 1_000 > length)) {
          const feed = await fast(frames.flatMap((each) => chunksOf(each, [size])))
          expect(feed.events, `${length} in ${size}`).to.deep.equal([
            'a',
            text,
            `bytes ${bytes.toString('hex')}`,
            'ž',
          ])
          expect(feed.fastMessages, `${length} in ${size}`).to.equal(4)
        }
      }
    })

    it('delivers bytes that later reads do not change', async () => {
      const feed = await fast([
        frame(BINARY, 'whole'),
        ...chop(frame(BINARY, 'in two'), 4),
        frame(BINARY, 'last'),
      ])
      expect(feed.fastMessages).to.equal(3)
      expect(feed.bytes.map((bytes) => Buffer.from(bytes).toString())).to.deep.equal([
        'whole',
        'in two',
        'last',
      ])
    })

    it('leaves a message that is split within its header or longer than 1 MiB to ws, and resumes after it', async () => {
      const short = frame(TEXT, 'a short one')
      const long = frame(TEXT, 'x'.repeat(MIB + 1))
      const cases = [
        chop(Buffer.concat([short, short]), short.length + 1),
        chop(frame(TEXT, 'x'.repeat(70_000)), 9),
        chop(frame(BINARY, 'x'.repeat(300)), 3),
        chop(long, 100),
      ]
      for (const chunks of cases) {
        const plain = await Feed.open(false)
        const feed = await fast([...chunks, short])
        expect(feed.events).to.deep.equal(await plain.read([...chunks, short]))
        expect(feed.events.length - feed.fastMessages).to.equal(1)
      }
    })

    it('reports the same as ws for a text that is split and never completed, or that is not valid UTF-8', async () => {
      const broken = frame(TEXT, Buffer.from([0x61, 0xc3, 0x28]))
      for (const chunks of [[frame(TEXT, 'a'), frame(TEXT, 'never').subarray(0, 4)], chop(broken, 4)]) {
        expect(await eventsOf(true, chunks)).to.deep.equal(await eventsOf(false, chunks))
      }
    })

    it('does not retain the start of a text if ws receives the rest', async () => {
      const bytes = Buffer.concat([frame(TEXT, 'first'), frame(TEXT, 'cut'), frame(TEXT, 'last')])
      const [before, after] = chop(bytes, 10) as [Buffer, Buffer]
      const close = frame(CLOSE, closePayload(1000))
      const closing = async (feed: Feed): Promise<void> => {
        feed.ws.close()
        await feed.read([Buffer.concat([after, close])])
      }
      const breaking = async (feed: Feed): Promise<void> => {
        feed.ws.pause()
        await feed.read([after])
        feed.socket.destroy()
        await turns(4)
      }
      for (const end of [closing, breaking]) {
        const told = []
        for (const isFast of [false, true]) {
          const feed = await Feed.open(isFast, { isLending: isFast && isLending })
          await feed.read([before])
          await end(feed)
          told.push([...feed.events])
        }
        expect(told[0], end.name).to.include.members(['first', 'cut', 'last'])
        expect(told[1], end.name).to.deep.equal(told[0])
      }
    })

    it('resumes after bytes, pings and fragments', async () => {
      for (const [kind, frames] of Object.entries(KINDS)) {
        const feed = await fast([Buffer.concat([...frames, frame(TEXT, 'after'), frame(TEXT, 'it')])])
        expect(feed.events.slice(-2), kind).to.deep.equal(['after', 'it'])
        expect(feed.fastMessages, kind).to.be.at.least(2)
      }
    })

    it('reports complete pongs without ws, in order with texts', async () => {
      const frames = [frame(PONG, '1'), frame(TEXT, 'a'), frame(PONG), frame(TEXT, 'b'), frame(PONG, '2')]
      const feed = await fast([Buffer.concat(frames)])
      expect(feed.events).to.deep.equal(['pong 1', 'a', 'pong ', 'b', 'pong 2'])
      // The payloads stay unchanged if they are kept.
      expect(feed.fastPongs.map(String)).to.deep.equal(['1', '', '2'])
    })

    it('leaves a pong that is split or comes between fragments to ws', async () => {
      const pong = frame(PONG, 'pong')
      const fragments = [frame(TEXT, 'a', false), pong, frame(CONTINUATION, 'b')]
      for (const chunks of [
        chop(pong, 1),
        chop(pong, 2),
        chop(pong, 5),
        fragments,
        [Buffer.concat(fragments)],
      ]) {
        const feed = await fast([...chunks, frame(TEXT, 'after')])
        expect(feed.events).to.include.members(['pong pong', 'after'])
        expect(feed.fastPongs).to.deep.equal([])
        expect(feed.fastMessages).to.equal(1)
      }
    })

    it('leaves a frame whose length field is longer than necessary to ws', async () => {
      const feed = await fast([Buffer.from([0x81, 126, 0, 2, 0x68, 0x69])])
      expect(feed.events).to.deep.equal(['hi'])
      expect(feed.fastMessages).to.equal(0)
    })

    it('reads nothing while ws has input that it has not emitted', async () => {
      const fragments = [frame(BINARY, 'x', false), frame(CONTINUATION)]
      const frames = [...fragments, ...texts(3).map((text) => frame(TEXT, text))]
      const feed = await fast([Buffer.concat(frames)], { allowSynchronousEvents: false })
      await turns(10)
      expect(feed.events).to.deep.equal(['bytes 78', ...texts(3)])
      expect(feed.fastMessages).to.equal(0)
    })

    it('reads nothing more once ws has failed', async () => {
      for (const [kind, frames] of Object.entries(WRONG)) {
        const feed = await fast([Buffer.concat([...frames, frame(TEXT, 'too late')])], LIMITS)
        expect(feed.fastMessages, kind).to.equal(0)
        expect(feed.events, kind).to.not.include('too late')
      }
    })
  })

  describe('in the middle of a chunk', () => {
    const chunk = Buffer.concat(texts(10).map((text) => frame(TEXT, text)))

    it('delivers nothing more once it is paused, and delivers the rest when it is resumed', async () => {
      const feed = await fast([chunk, frame(TEXT, 'next chunk')], {
        onMessage: ({ ws }, number) => {
          if (number === 4) ws.pause()
        },
      })
      expect(feed.events).to.deep.equal(texts(4))
      feed.ws.resume()
      await turns(2)
      expect(feed.events).to.deep.equal([...texts(10), 'next chunk'])
      expect(feed.fastMessages).to.equal(11)
    })

    it('can be paused after each message', async () => {
      const feed = await fast([chunk], { onMessage: ({ ws }) => ws.pause() })
      for (let count = 1; count <= 10; count += 1) {
        expect(feed.events).to.deep.equal(texts(count))
        feed.ws.resume()
        await turns(2)
      }
    })

    it('continues if it is paused and resumed immediately', async () => {
      const feed = await fast([chunk, frame(TEXT, 'next chunk')], {
        onMessage: ({ ws }) => {
          ws.pause()
          ws.resume()
        },
      })
      expect(feed.events).to.deep.equal([...texts(10), 'next chunk'])
    })

    it('loses nothing if the stream ends, or the socket is terminated or reset, while it is paused', async () => {
      for (const way of ['end', 'cut', 'reset'] as const) {
        const feed = await fast([chunk], {
          onMessage: ({ ws }, number) => {
            if (number === 4) ws.pause()
          },
        })
        if (way === 'end') {
          feed.socket.push(null)
          feed.ws.resume()
        } else feed.socket.destroy(way === 'reset' ? new Error('reset') : undefined)
        await turns(4)
        expect(feed.events).to.deep.equal([...texts(10), 'close 1006 '])
      }
    })

    for (const way of ['terminate', 'close'] as const) {
      it(`treats the rest as ws does if a message leads to ${way}()`, async () => {
        const onMessage = ({ ws }: Feed, number: number): void => {
          if (number === 4) ws[way]()
        }
        const chunks = [chunk, frame(TEXT, 'next chunk')]
        const expected = await eventsOf(false, chunks, { onMessage })
        const feed = await fast(chunks, { onMessage })
        expect(await feed.end()).to.deep.equal(expected)
        expect(feed.fastMessages).to.equal(4)
      })
    }

    it('waits while ws has received more than it processes at once', async () => {
      const fragments = [frame(BINARY, new Uint8Array(40_000), false), frame(CONTINUATION)]
      const frames = [...fragments, frame(TEXT, 'after')]
      const feed = await fast([Buffer.concat([frame(TEXT, 'before'), ...frames, ...frames])])
      const bytes = `bytes ${'00'.repeat(40_000)}`
      expect(feed.events).to.deep.equal(['before', bytes, 'after', bytes, 'after'])
      expect(feed.fastMessages).to.equal(3)
    })
  })

  describe('compared with bare ws', () => {
    const all = { ...KINDS, ...WRONG }

    for (const [kind, frames] of Object.entries(all)) {
      it(`reports the same for ${kind}, wherever it is split`, async () => {
        const bytes = Buffer.concat([frame(TEXT, 'before'), ...frames, frame(TEXT, 'after')])
        const expected = await eventsOf(false, [bytes], LIMITS)
        const last = Math.min(bytes.length - 1, 340)
        for (let cut = 1; cut <= last; cut += 1) {
          expect(await eventsOf(true, chop(bytes, cut), LIMITS), `split at ${cut}`).to.deep.equal(expected)
        }
        expect(await eventsOf(true, [bytes], LIMITS)).to.deep.equal(expected)
      })
    }

    it('reports the same for any sequence of frames, in any chunks, with any calls between them', async () => {
      const kind = fc.oneof(
        { weight: 30, arbitrary: fc.constantFrom(...Object.keys(KINDS)) },
        { weight: 30, arbitrary: fc.constant('a text') },
        { weight: 1, arbitrary: fc.constantFrom(...Object.keys(WRONG)) },
      )
      const act = fc.constantFrom('pause', 'close', 'terminate', 'nothing')
      const scenario = fc.record({
        kinds: fc.array(kind, { minLength: 1, maxLength: 40 }),
        sizes: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 10 }),
        act,
        at: fc.integer({ min: 1, max: 30 }),
      })
      await fc.assert(
        fc.asyncProperty(scenario, async ({ kinds, sizes, act, at }) => {
          const bytes = Buffer.concat(kinds.flatMap((each) => all[each] as Buffer[]))
          const chunks = chunksOf(bytes, sizes)
          const onMessage = ({ ws }: Feed, number: number): void => {
            if (number !== at || act === 'nothing') return
            ws[act]()
            if (act === 'pause') setImmediate(() => ws.resume())
          }
          const options = { ...LIMITS, onMessage }
          expect(await eventsOf(true, chunks, options)).to.deep.equal(await eventsOf(false, chunks, options))
        }),
        { numRuns: 300 },
      )
    })
  })
}

/** Splits bytes into chunks of these sizes, repeatedly. */
function chunksOf(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  let at = 0
  for (let index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] as number
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}
