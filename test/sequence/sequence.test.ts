import { expect } from 'chai'
import fc from 'fast-check'
import { existsSync, readFileSync } from 'node:fs'
import { Sequence } from '#src/sequence/sequence.js'
import type { SequenceNumber } from '#src/sequence/numbers.js'
import type {
  SequenceDuplicate,
  SequenceGap,
  SequenceOptions,
  SequenceResult,
} from '#src/sequence/sequence.js'

/** Location of the recordings, outside the project because of their license. */
const FOLDER = new URL('../../../../shared/data/exchanges/', import.meta.url)

interface Numbered {
  readonly stream: string | number
  readonly number: SequenceNumber
  readonly previous?: SequenceNumber
}

type Json = Readonly<Record<string, unknown>>

/** The numbers in the messages of each exchange. */
const READERS: Readonly<Record<string, (message: unknown) => Numbered[]>> = {
  binance(message) {
    const { e, s, U, u } = (message as { data: Json }).data
    return e === 'depthUpdate' ? [{ stream: String(s), number: Number(u), previous: Number(U) - 1 }] : []
  },
  bitfinex(message) {
    return Array.isArray(message) ? [{ stream: 'connection', number: Number(message.at(-1)) }] : []
  },
  coinbase(message) {
    const { type, product_id: product, trade_id: trade } = message as Json
    return type === 'match' || type === 'last_match'
      ? [{ stream: String(product), number: Number(trade) }]
      : []
  },
  deribit(message) {
    const { channel, data } = (message as { params?: { channel: string; data: Json } }).params ?? {}
    if (!channel?.startsWith('book.') || !data) return []
    const previous = data['prev_change_id'] as number | undefined
    return [{ stream: channel, number: Number(data['change_id']), previous }]
  },
}

/** Returns the messages that the client in a recording received. */
function received(file: URL): unknown[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return lines
    .map((line) => JSON.parse(line) as { d: string; text?: string })
    .flatMap(({ d, text }) => (d === 'recv' && text !== undefined ? [JSON.parse(text) as unknown] : []))
}

/** Shuffles within blocks, the same way each time. */
function shuffle(messages: readonly Numbered[], size: number): Numbered[] {
  let seed = 1
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
  const blocks = Array.from({ length: Math.ceil(messages.length / size) }, (_, index) =>
    messages.slice(index * size, (index + 1) * size),
  )
  return blocks.flatMap((block) =>
    block
      .map((message) => ({ message, at: random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ message }) => message),
  )
}

/** Returns whether a message has one of its stream before it, and more than a window of them after it. */
function isInside(messages: readonly Numbered[], message: Numbered, window: number): boolean {
  const stream = messages.filter((each) => each.stream === message.stream)
  const index = stream.indexOf(message)
  return index > 0 && index + 1 + window < stream.length
}

/** Returns about this number of items, spread evenly. */
function every<T>(items: readonly T[], count: number): T[] {
  const distance = Math.ceil(items.length / count)
  return items.filter((_, index) => index % distance === 0)
}

/** A sequence with a record of its reports. */
function rig(options: SequenceOptions<string | number> = {}) {
  const gaps: SequenceGap<string | number>[] = []
  const duplicates: SequenceDuplicate<string | number>[] = []
  const sequence = new Sequence<string | number>({
    ...options,
    onGap: (gap) => void gaps.push(gap),
    onDuplicate: (duplicate) => void duplicates.push(duplicate),
  })
  const check = (...numbers: SequenceNumber[]): SequenceResult[] =>
    numbers.map((number) => sequence.check('s', number))
  const checkAll = (messages: readonly Numbered[]): SequenceResult[] =>
    messages.map(({ stream, number, previous }) => sequence.check(stream, number, previous))
  return { check, checkAll, duplicates, gaps, sequence }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

describe('Sequence', () => {
  describe('#check', () => {
    it('returns ok for messages in order, from any number on', () => {
      const { check, gaps } = rig()
      expect(check(7, 8, 9, 10)).to.deep.equal(['ok', 'ok', 'ok', 'ok'])
      expect(gaps).to.deep.equal([])
    })

    it('distinguishes early, late and in order', () => {
      const { check, duplicates, gaps } = rig()
      expect(check(1, 4, 2, 5, 3, 6)).to.deep.equal(['ok', 'early', 'late', 'ok', 'late', 'ok'])
      expect([gaps, duplicates]).to.deep.equal([[], []])
    })

    it('reports a gap once, at the end of the window, with the message that ends it', () => {
      const { check, gaps } = rig({ window: 3 })
      expect(check(1, 4, 5, 6)).to.deep.equal(['ok', 'early', 'ok', 'ok'])
      expect(gaps).to.deep.equal([])
      expect(check(7, 8, 9)).to.deep.equal(['gap', 'ok', 'ok'])
      expect(gaps).to.deep.equal([{ stream: 's', from: 2, to: 3 }])
    })

    it('accepts a message that arrives with the last message in the window', () => {
      const { check, gaps } = rig({ window: 3 })
      expect(check(1, 3, 4, 5, 2, 6, 7)).to.deep.equal(['ok', 'early', 'ok', 'ok', 'late', 'ok', 'ok'])
      expect(gaps).to.deep.equal([])
    })

    it('reports immediately if the window is 0', () => {
      const { check, gaps } = rig({ window: 0 })
      expect(check(1, 4, 5)).to.deep.equal(['ok', 'gap', 'ok'])
      expect(gaps).to.deep.equal([{ stream: 's', from: 2, to: 3 }])
    })

    it('waits for 100 more messages by default', () => {
      const { check, gaps } = rig({ window: undefined })
      check(1, 3, ...range(4, 102))
      expect(gaps).to.deep.equal([])
      expect(check(103)).to.deep.equal(['gap'])
    })

    it('reports the rest of a range from which some messages have arrived', () => {
      const { check, gaps } = rig({ window: 3 })
      expect(check(1, 10, 5, 8, 11, 12)).to.deep.equal(['ok', 'early', 'late', 'late', 'gap', 'ok'])
      expect(gaps).to.deep.equal([
        { stream: 's', from: 2, to: 4 },
        { stream: 's', from: 6, to: 7 },
        { stream: 's', from: 9, to: 9 },
      ])
    })

    it('reports duplicates of the last message and of earlier ones', () => {
      const { check, duplicates } = rig()
      expect(check(1, 2, 2, 1, 5, 3, 3)).to.deep.equal([
        'ok',
        'ok',
        'duplicate',
        'duplicate',
        'early',
        'late',
        'duplicate',
      ])
      expect(duplicates.map(({ number }) => number)).to.deep.equal([2, 1, 3])
    })

    it('does not count duplicates toward the window', () => {
      const { check, gaps } = rig({ window: 2 })
      expect(check(1, 3, 3, 3, 3, 4, 2)).to.deep.equal([
        'ok',
        'early',
        'duplicate',
        'duplicate',
        'duplicate',
        'ok',
        'late',
      ])
      expect(gaps).to.deep.equal([])
    })

    it('distinguishes a message that arrives after its gap was reported from a duplicate', () => {
      const { check, duplicates } = rig({ window: 1 })
      expect(check(1, 4, 5, 2, 2, 3)).to.deep.equal(['ok', 'early', 'gap', 'late', 'duplicate', 'late'])
      expect(duplicates).to.have.lengthOf(1)
    })

    it('counts each stream separately', () => {
      const { gaps, sequence } = rig({ window: 0 })
      const results = [
        sequence.check('a', 1),
        sequence.check(7, 100),
        sequence.check('a', 2),
        sequence.check(7, 102),
        sequence.check('7', 5),
      ]
      expect(results).to.deep.equal(['ok', 'ok', 'ok', 'gap', 'ok'])
      expect(gaps).to.deep.equal([{ stream: 7, from: 101, to: 101 }])
    })

    it('accepts numbers above 2^53 as bigint', () => {
      const { check, gaps } = rig({ window: 0 })
      const first = 17_843_232_920_108_168_701n
      expect(check(first, first + 1n, first + 1n, first + 4n)).to.deep.equal(['ok', 'ok', 'duplicate', 'gap'])
      expect(gaps).to.deep.equal([{ stream: 's', from: first + 2n, to: first + 3n }])
    })

    it('rejects values that are not numbers, and numbers that JSON.parse has rounded', () => {
      const { sequence } = rig()
      for (const wrong of [NaN, 1.5, Infinity, 2 ** 53, '5', undefined, null]) {
        expect(() => sequence.check('s', wrong as number)).to.throw(TypeError, 'number must be an integer')
      }
      expect(() => sequence.check('s', 2, 1.5)).to.throw(TypeError, 'previous must be an integer')
      expect(sequence.size).to.equal(0)
    })

    it('records the message before it reports, so that a callback can reset the stream', () => {
      const sequence: Sequence = new Sequence({ window: 0, onGap: ({ stream }) => sequence.reset(stream) })
      expect([1, 5, 9, 10].map((number) => sequence.check('s', number))).to.deep.equal([
        'ok',
        'gap',
        'ok',
        'ok',
      ])
    })

    it('works without callbacks', () => {
      const sequence = new Sequence({ window: 0 })
      expect([1, 3, 3].map((number) => sequence.check('s', number))).to.deep.equal(['ok', 'gap', 'duplicate'])
    })
  })

  describe('start', () => {
    it("accepts messages that arrive after a later first message, if it is 'any'", () => {
      const { check, gaps } = rig({ window: 3 })
      expect(check(3, 1, 4, 2, 5, 6, 7)).to.deep.equal(['ok', 'late', 'ok', 'late', 'ok', 'ok', 'ok'])
      expect(gaps).to.deep.equal([])
    })

    it('misses numbers between the first messages, but none before them', () => {
      const { check, gaps } = rig({ window: 3 })
      check(3, 1, 4, 5, 6)
      expect(gaps).to.deep.equal([{ stream: 's', from: 2, to: 2 }])
    })

    it('treats numbers before the first message as duplicates once the window is over', () => {
      expect(rig({ window: 1 }).check(10, 11, 9)).to.deep.equal(['ok', 'ok', 'duplicate'])
    })

    it('misses numbers before the first message if it is a number', () => {
      const { check, gaps } = rig({ window: 1, start: 1 })
      expect(check(3, 1, 4)).to.deep.equal(['early', 'gap', 'ok'])
      expect(gaps).to.deep.equal([{ stream: 's', from: 2, to: 2 }])
    })

    it('reports in the number type of the messages, regardless of the type of start', () => {
      const big = rig({ window: 0, start: 1 })
      big.check(3n)
      expect(big.gaps).to.deep.equal([{ stream: 's', from: 1n, to: 2n }])
      const small = rig({ window: 0, start: 1n })
      small.check(3)
      expect(small.gaps).to.deep.equal([{ stream: 's', from: 1, to: 2 }])
    })
  })

  describe('step', () => {
    it('is the distance between consecutive numbers', () => {
      const { check, gaps } = rig({ step: 10, window: 0 })
      expect(check(10, 20, 50, 60)).to.deep.equal(['ok', 'ok', 'gap', 'ok'])
      expect(gaps).to.deep.equal([{ stream: 's', from: 30, to: 40 }])
    })
  })

  describe('rollover', () => {
    const rollover = { highest: 65_535, lowest: 1 }

    it('continues with the lowest number after the highest one', () => {
      const { check, gaps } = rig({ rollover, window: 0 })
      expect(check(65_534, 65_535, 1, 2)).to.deep.equal(['ok', 'ok', 'ok', 'ok'])
      expect(check(2, 65_535, 4)).to.deep.equal(['duplicate', 'duplicate', 'gap'])
      expect(gaps).to.deep.equal([{ stream: 's', from: 3, to: 3 }])
    })

    it('tolerates messages that arrive out of order across it', () => {
      const { check, gaps } = rig({ rollover, window: 3 })
      expect(check(65_534, 1, 65_535, 3, 2)).to.deep.equal(['ok', 'early', 'late', 'early', 'late'])
      expect(gaps).to.deep.equal([])
    })

    it('reports a gap across it, from the number before to the number after', () => {
      const { check, gaps } = rig({ rollover, window: 0 })
      expect(check(65_533, 3)).to.deep.equal(['ok', 'gap'])
      expect(gaps).to.deep.equal([{ stream: 's', from: 65_534, to: 2 }])
    })

    it('accepts a previous number across it, even one that was computed by subtraction', () => {
      const { gaps, sequence } = rig({ rollover, window: 0 })
      const results = [
        sequence.check('s', 65_530),
        sequence.check('s', 3, 65_530),
        sequence.check('t', 65_535),
        sequence.check('t', 5, 1 - 1),
        sequence.check('t', 9, 7),
        sequence.check('t', 3, 8),
      ]
      expect(results).to.deep.equal(['ok', 'ok', 'ok', 'ok', 'gap', 'ok'])
      expect(gaps).to.deep.equal([{ stream: 't', from: 6, to: 7 }])
    })

    it('counts in steps, for any number of cycles', () => {
      const { check, gaps } = rig({ rollover: { highest: 30, lowest: 0 }, step: 10, window: 0, start: 0 })
      const rounds = Array.from({ length: 50 }, () => [0, 10, 20, 30]).flat()
      expect(new Set(check(...rounds))).to.deep.equal(new Set(['ok']))
      expect(check(10)).to.deep.equal(['gap'])
      expect(gaps).to.deep.equal([{ stream: 's', from: 0, to: 0 }])
    })

    it('works at the limits of 32 bits, of safe integers and of 64 bits', () => {
      for (const highest of [2 ** 32 - 1, Number.MAX_SAFE_INTEGER, 2n ** 64n - 1n]) {
        const { check, gaps } = rig({ rollover: { highest, lowest: 0 }, window: 0 })
        expect(check(highest, 0, 2)).to.deep.equal(['ok', 'ok', 'gap'])
        const one = typeof highest === 'bigint' ? 1n : 1
        expect(gaps).to.deep.equal([{ stream: 's', from: one, to: one }])
      }
    })

    it('misses numbers before the first message if start is a number', () => {
      const { check, gaps } = rig({ rollover, window: 0, start: 1 })
      expect(check(3)).to.deep.equal(['gap'])
      expect(gaps).to.deep.equal([{ stream: 's', from: 1, to: 2 }])
    })

    it('rejects numbers outside its bounds, and remembers no stream for them', () => {
      const { sequence } = rig({ rollover })
      expect(() => sequence.check('s', 0)).to.throw(
        TypeError,
        'number must be between 1 and 65535 (rollover), received 0',
      )
      expect(() => sequence.check('s', 65_536)).to.throw(TypeError, 'received 65536')
      expect(() => sequence.check('s', 3, -1)).to.throw(TypeError, 'previous must be between 1 and 65535')
      expect(sequence.size).to.equal(0)
    })

    it('returns the same results as numbers that do not roll over', () => {
      const jumps = fc.array(fc.integer({ min: -6, max: 8 }), { minLength: 1, maxLength: 120 })
      const settings = fc.record({
        window: fc.nat(5),
        begin: fc.nat(40),
        lowest: fc.integer({ min: -3, max: 3 }),
        cycle: fc.constantFrom(64, 100, 257),
        start: fc.boolean(),
        hasPrevious: fc.boolean(),
      })
      fc.assert(
        fc.property(jumps, settings, (steps, { window, begin, lowest, cycle, start, hasPrevious }) => {
          const wrap = (number: number): number => lowest + ((((number - lowest) % cycle) + cycle) % cycle)
          const first = { plain: lowest + begin, wrapped: wrap(lowest + begin) }
          const plain = rig({ window, ...(start && { start: first.plain }) })
          const wrapped = rig({
            window,
            ...(start && { start: first.wrapped }),
            rollover: { highest: lowest + cycle - 1, lowest },
          })
          let number = first.plain
          let highest = number
          for (const step of steps) {
            // Half of the shortest round would be ambiguous.
            number = Math.max(number + step, highest - 20)
            highest = Math.max(highest, number)
            const previous = hasPrevious ? number - 2 : undefined
            expect(
              wrapped.sequence.check('s', wrap(number), previous === undefined ? undefined : wrap(previous)),
            ).to.equal(plain.sequence.check('s', number, previous))
          }
          const gapsOf = plain.gaps.map(({ stream, from, to }) => ({
            stream,
            from: wrap(Number(from)),
            to: wrap(Number(to)),
          }))
          expect(wrapped.gaps).to.deep.equal(gapsOf)
          expect(wrapped.duplicates.length).to.equal(plain.duplicates.length)
        }),
        { numRuns: 500 },
      )
    })
  })

  describe('messages with the number of the previous one', () => {
    const chain = (...links: [number, number][]): Numbered[] =>
      links.map(([previous, number]) => ({ stream: 's', number, previous }))

    it('are in order however far apart their numbers are', () => {
      const { checkAll, sequence } = rig()
      expect(sequence.check('s', 1_000)).to.equal('ok')
      expect(checkAll(chain([1_000, 1_007], [1_007, 1_008], [1_008, 2_000]))).to.deep.equal([
        'ok',
        'ok',
        'ok',
      ])
    })

    it('may arrive out of order within the window', () => {
      const { checkAll, gaps } = rig({ window: 3 })
      expect(checkAll(chain([0, 10], [15, 30], [10, 15], [40, 41], [30, 40], [41, 50]))).to.deep.equal([
        'ok',
        'early',
        'late',
        'early',
        'late',
        'ok',
      ])
      expect(gaps).to.deep.equal([])
    })

    it('miss the messages that they follow: one gap', () => {
      const { checkAll, gaps } = rig({ window: 1 })
      expect(checkAll(chain([0, 10], [15, 30], [30, 31], [31, 40]))).to.deep.equal([
        'ok',
        'early',
        'gap',
        'ok',
      ])
      expect(gaps).to.deep.equal([{ stream: 's', from: 11, to: 15 }])
    })

    it('are duplicates if they arrive again', () => {
      expect(rig().checkAll(chain([0, 10], [10, 20], [0, 10], [10, 20]))).to.deep.equal([
        'ok',
        'ok',
        'duplicate',
        'duplicate',
      ])
    })

    it('may partly cover numbers that have arrived, like the first update after a snapshot', () => {
      const { checkAll, gaps, sequence } = rig({ window: 1 })
      sequence.check('s', 100)
      expect(checkAll(chain([95, 105], [110, 112], [90, 120], [120, 121]))).to.deep.equal([
        'ok',
        'early',
        'ok',
        'ok',
      ])
      expect(gaps).to.deep.equal([])
    })

    it('may follow themselves, which means that there is nothing new', () => {
      const { checkAll, gaps } = rig({ window: 2 })
      expect(checkAll(chain([0, 10], [10, 10], [20, 20], [15, 15], [10, 20], [20, 20]))).to.deep.equal([
        'ok',
        'ok',
        'early',
        'ok',
        'late',
        'ok',
      ])
      expect(gaps).to.deep.equal([])
    })

    it('restart the stream if they follow a higher number', () => {
      const { checkAll, gaps } = rig({ window: 0 })
      expect(checkAll(chain([0, 10], [10, 3], [3, 5], [6, 7]))).to.deep.equal(['ok', 'ok', 'ok', 'gap'])
      expect(gaps).to.deep.equal([{ stream: 's', from: 6, to: 6 }])
    })
  })

  describe('#reset', () => {
    it('removes one stream and its missing numbers', () => {
      const { gaps, sequence } = rig({ window: 1 })
      sequence.check('a', 1)
      sequence.check('a', 5)
      sequence.check('b', 1)
      sequence.reset('a')
      expect(sequence.size).to.equal(1)
      expect(sequence.check('a', 1)).to.equal('ok')
      expect(sequence.check('a', 2)).to.equal('ok')
      expect(sequence.check('b', 1)).to.equal('duplicate')
      expect(gaps).to.deep.equal([])
    })

    it('removes all streams', () => {
      const { sequence } = rig()
      sequence.check('a', 1)
      sequence.check('b', 1)
      sequence.reset()
      expect(sequence.size).to.equal(0)
      expect(sequence.check('b', 1)).to.equal('ok')
    })
  })

  describe('#restart', () => {
    it('restarts the stream with the next number, whichever it is', () => {
      const { check, gaps, sequence } = rig({ window: 0, start: 1 })
      check(1, 2, 3)
      sequence.restart('s')
      expect(check(2, 3, 5)).to.deep.equal(['ok', 'ok', 'gap'])
      sequence.restart('s')
      expect(check(100, 101)).to.deep.equal(['ok', 'ok'])
      expect(gaps).to.deep.equal([{ stream: 's', from: 4, to: 4 }])
    })

    it('reports missing numbers, because they can no longer arrive', () => {
      const { check, gaps, sequence } = rig({ window: 10 })
      check(1, 4, 7)
      sequence.restart('s')
      expect(gaps).to.deep.equal([
        { stream: 's', from: 2, to: 3 },
        { stream: 's', from: 5, to: 6 },
      ])
      sequence.restart('s')
      expect(gaps).to.have.lengthOf(2)
    })

    it('misses nothing before the next number, and treats lower numbers as duplicates', () => {
      const { check, gaps, sequence } = rig({ window: 3 })
      sequence.restart('s')
      expect(check(5, 4, 6, 7, 8, 9)).to.deep.equal(['ok', 'duplicate', 'ok', 'ok', 'ok', 'ok'])
      expect(gaps).to.deep.equal([])
    })

    it('reports missing numbers across a rollover in the numbers of the stream', () => {
      const gaps: SequenceGap[] = []
      const sequence: Sequence = new Sequence({
        rollover: { highest: 9, lowest: 0 },
        window: 5,
        onGap: (gap) => gaps.push(gap),
      })
      for (const number of [8, 1]) sequence.check('s', number)
      sequence.restart('s')
      expect(sequence.check('s', 5)).to.equal('ok')
      expect(gaps).to.deep.equal([{ stream: 's', from: 9, to: 0 }])
    })
  })

  it('accepts any Map key as a stream', () => {
    const [a, b] = [{ id: 1 }, { id: 1 }]
    const gaps: SequenceGap<{ readonly id: number }>[] = []
    const sequence = new Sequence<{ readonly id: number }>({ window: 0, onGap: (gap) => gaps.push(gap) })
    expect([sequence.check(a, 1), sequence.check(b, 5), sequence.check(a, 3)]).to.deep.equal([
      'ok',
      'ok',
      'gap',
    ])
    expect(gaps.map(({ stream }) => stream === a)).to.deep.equal([true])
  })

  describe('memory', () => {
    it('removes the stream that has been silent longest', () => {
      const { sequence } = rig({ maxStreams: 2 })
      for (const stream of ['a', 'b', 'a', 'c']) sequence.check(stream, sequence.size + 1)
      expect(sequence.size).to.equal(2)
      expect(sequence.check('a', 3)).to.equal('duplicate')
      expect(sequence.check('b', 1)).to.equal('ok')
    })

    it('remembers 10,000 streams by default', () => {
      const { sequence } = rig()
      for (let stream = 0; stream < 10_010; stream += 1) sequence.check(stream, 1)
      expect(sequence.size).to.equal(10_000)
    })

    it('is one entry for a range of missing numbers, however long', () => {
      const { check, gaps } = rig({ window: 1 })
      check(0, 2 ** 52, 2 ** 52 + 1)
      expect(gaps).to.deep.equal([{ stream: 's', from: 1, to: 2 ** 52 - 1 }])
    })

    it('drops reported gaps beyond 100, whose messages then count as duplicates', () => {
      const { check } = rig({ window: 0 })
      check(...range(0, 101).map((index) => index * 2))
      expect(check(1, 3)).to.deep.equal(['duplicate', 'late'])
    })
  })

  describe('constructor', () => {
    it('rejects invalid options', () => {
      const wrong: [SequenceOptions, string][] = [
        [{ window: -1 }, 'window must be an integer of at least 0, received -1'],
        [{ step: 0 }, 'step must be an integer of at least 1, received 0'],
        [{ maxStreams: 1.5 }, 'maxStreams must be an integer of at least 1, received 1.5'],
        [
          { rollover: { highest: 1, lowest: 1 } },
          'rollover.highest must exceed rollover.lowest by a multiple of step (1)',
        ],
        [{ rollover: { highest: 10, lowest: 1 }, step: 2 }, 'by a multiple of step (2), received 10 and 1'],
        [{ rollover: { highest: 1.5, lowest: 1 } }, 'rollover.highest must be an integer'],
        [
          { rollover: { highest: 9, lowest: 1 }, start: 0 },
          'start must be between 1 and 9 (rollover), received 0',
        ],
        [{ start: 0.5 }, 'start must be an integer up to 2^53 or a bigint, received 0.5'],
      ]
      for (const [options, message] of wrong) expect(() => new Sequence(options)).to.throw(TypeError, message)
    })
  })

  it('agrees with a model that remembers everything', () => {
    const arrivals = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 80 })
    fc.assert(
      fc.property(arrivals, fc.nat(8), (numbers, window) => {
        const { check, gaps } = rig({ window, start: 0 })
        const model = new Model(window)
        for (const number of numbers) {
          const isDuplicate = model.seen.has(number)
          model.take(number)
          expect(check(number)[0] === 'duplicate', `${number} is a duplicate`).to.equal(isDuplicate)
          const missing = gaps.flatMap(({ from, to }) => range(Number(from), Number(to)))
          expect(missing.sort(byNumber)).to.deep.equal([...model.lost].sort(byNumber))
        }
      }),
      { numRuns: 500 },
    )
  })

  it('reports nothing for streams that are shuffled within the window', () => {
    const blocks = fc.integer({ min: 1, max: 12 }).chain((size) =>
      fc.record({
        size: fc.constant(size),
        order: fc.shuffledSubarray(range(0, size - 1), { minLength: size, maxLength: size }),
      }),
    )
    fc.assert(
      fc.property(blocks, fc.constantFrom('any' as const, 0), ({ size, order }, start) => {
        const { check, duplicates, gaps } = rig({ window: size, start })
        for (let block = 0; block < 6; block += 1) check(...order.map((index) => block * size + index))
        expect([gaps, duplicates]).to.deep.equal([[], []])
      }),
    )
  })

  describe('recordings', () => {
    for (const [name, read] of Object.entries(READERS)) {
      describe(name, () => {
        let messages: readonly Numbered[] = []

        before(function () {
          const file = new URL(`${name}.jsonl`, FOLDER)
          if (!existsSync(file)) {
            console.log(`      no recordings next to the project: ${name} skipped`)
            this.skip()
          }
          messages = received(file).flatMap(read)
          expect(messages).to.not.be.empty
        })

        it('have no gap and no duplicate', () => {
          const { checkAll, duplicates, gaps } = rig({ window: 0 })
          expect(new Set(checkAll(messages))).to.deep.equal(new Set(['ok']))
          expect([gaps, duplicates]).to.deep.equal([[], []])
        })

        it('cause no false report if they are shuffled within the window', () => {
          const { checkAll, duplicates, gaps } = rig()
          const shuffled = shuffle(messages, 100)
          expect(shuffled).to.not.deep.equal(messages)
          expect(checkAll(shuffled)).to.include('late')
          expect([gaps, duplicates]).to.deep.equal([[], []])
        })

        it('have exactly one gap if one message is missing', () => {
          const window = 2
          const removable = messages.filter((message) => isInside(messages, message, window))
          expect(removable).to.not.be.empty
          for (const removed of every(removable, 20)) {
            const { checkAll, duplicates, gaps } = rig({ window })
            checkAll(messages.filter((message) => message !== removed))
            const { stream, number, previous = BigInt(number) - 1n } = removed
            const gap = { stream, from: Number(previous) + 1, to: number }
            expect([gaps, duplicates]).to.deep.equal([[gap], []])
          }
        })

        it('have exactly one duplicate if one message arrives twice', () => {
          for (const repeated of every(messages, 20)) {
            const { checkAll, duplicates, gaps } = rig()
            checkAll(messages.flatMap((message) => (message === repeated ? [message, message] : [message])))
            expect([gaps, duplicates]).to.deep.equal([
              [],
              [{ stream: repeated.stream, number: repeated.number }],
            ])
          }
        })
      })
    }
  })
})

const byNumber = (a: number, b: number): number => a - b

/** Returns the same results as a Sequence that starts at 0, number by number. */
class Model {
  readonly seen = new Set<number>()
  readonly lost = new Set<number>()
  readonly #window: number
  /** The message at which each missing number was first missed. */
  readonly #missed = new Map<number, number>()
  #count = 0
  #highest = -1

  constructor(window: number) {
    this.#window = window
  }

  take(number: number): void {
    if (this.seen.has(number)) return
    this.seen.add(number)
    this.#missed.delete(number)
    this.#count += 1
    for (let missing = this.#highest + 1; missing < number; missing += 1) {
      this.#missed.set(missing, this.#count)
    }
    this.#highest = Math.max(this.#highest, number)
    for (const [missing, since] of this.#missed) {
      if (this.#count - since < this.#window) continue
      this.#missed.delete(missing)
      this.lost.add(missing)
    }
  }
}
