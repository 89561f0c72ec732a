import { expect } from 'chai'
import fc from 'fast-check'
import { FakeClock } from 'holdfast/testing'
import { SnapshotSync } from 'holdfast/sequence'
import type { SequenceNumber, SnapshotGap, SnapshotSyncOptions } from 'holdfast/sequence'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'

/** The state of a key: the number of the last change, and the content of each change. */
interface Book {
  number: SequenceNumber
  readonly entries: string[]
}

interface Change {
  readonly first: SequenceNumber
  readonly last: SequenceNumber
  readonly text: string
}

interface Fetch extends Deferred<Book> {
  readonly key: string
  readonly signal: AbortSignal
  readonly at: number
}

type Options = Partial<SnapshotSyncOptions<Book, Change>>

const book = (number: SequenceNumber, ...entries: string[]): Book => ({ number, entries })

/** A change of one number, or of several. */
const change = (first: number, last = first): Change => ({ first, last, text: `${first}-${last}` })

const noFetch = {
  fetch: undefined,
  number: undefined,
  range: undefined,
} satisfies Options

/** A sync whose fetches wait for the test, with a record of its reports. The wait before each fetch is its upper bound. */
function rig(options: Options = {}) {
  const clock = new FakeClock()
  const fetches: Fetch[] = []
  const events: string[] = []
  const errors: Error[] = []
  const sync = new SnapshotSync<Book, Change>({
    fetch: (key, { signal }) => {
      const fetch = { key, signal, at: clock.now(), ...deferred<Book>() }
      fetches.push(fetch)
      return fetch.promise
    },
    number: ({ number }) => number,
    range: ({ first, last }) => [first, last],
    apply: (state, { text }) => void state.entries.push(text),
    onReady: (key) => void events.push(`ready ${key}`),
    onGap: (key, { from, to }) => void events.push(`gap ${key} ${from}-${to}`),
    onError: (_, error) => void errors.push(error),
    clock,
    random: () => 1,
    ...options,
  })
  const last = (): Fetch => fetches.at(-1) as Fetch
  /** Settles the last fetch. */
  const answer = async (snapshot: Book): Promise<void> => {
    last().resolve(snapshot)
    await clock.settle()
  }
  const entries = (key = 'a'): readonly string[] | undefined => sync.get(key)?.entries
  return { answer, clock, entries, errors, events, fetches, last, sync }
}

/** A rig whose key `a` is ready at a number. */
async function ready(number: SequenceNumber, options: Options = {}) {
  const made = rig(options)
  made.sync.start('a')
  await made.answer(book(number, 'snapshot'))
  return made
}

/** Runs a function and records the warnings of the console. */
async function warnings(run: () => Promise<void>): Promise<unknown[]> {
  const { warn } = console
  const lines: unknown[] = []
  console.warn = (line: unknown) => void lines.push(line)
  try {
    await run()
  } finally {
    console.warn = warn
  }
  return lines
}

describe('SnapshotSync', () => {
  describe('#start', () => {
    it('fetches immediately', () => {
      const { fetches, sync } = rig()
      sync.start('a')
      expect(fetches.map(({ key }) => key)).to.deep.equal(['a'])
    })

    it('fetches once, and only after "after" has resolved', async () => {
      const { clock, fetches, sync } = rig()
      const acknowledged = deferred<string>()
      sync.start('a', { after: acknowledged.promise })
      await clock.advance(60_000)
      expect(fetches).to.have.lengthOf(0)
      acknowledged.resolve('yes')
      await clock.settle()
      expect(fetches).to.have.lengthOf(1)
    })

    it("provides a key's snapshot even if there are no changes", async () => {
      const { entries, events } = await ready(7)
      expect(entries()).to.deep.equal(['snapshot'])
      expect(events).to.deep.equal(['ready a'])
    })

    it('stops the key and reports the error if "after" rejects', async () => {
      const { clock, errors, fetches, sync } = rig()
      sync.start('a', { after: Promise.reject(new Error('refused')) })
      sync.change('a', change(1))
      await clock.advance(60_000)
      expect(fetches).to.have.lengthOf(0)
      expect(errors.map(({ message }) => message)).to.deep.equal([
        'Snapshot not fetched: the "after" promise rejected (refused). Call start() to try again',
      ])
      expect((errors[0]?.cause as Error).message).to.equal('refused')
    })

    it('ignores an "after" that settles when the key no longer waits for it', async () => {
      const { clock, errors, fetches, sync } = rig()
      const [first, second] = [deferred<number>(), deferred<number>()]
      sync.start('a', { after: first.promise })
      sync.stop('a')
      first.reject(new Error('lost'))
      sync.start('a', { after: second.promise })
      sync.stop('a')
      second.resolve(1)
      await clock.settle()
      expect([errors, fetches]).to.deep.equal([[], []])
    })

    it('drops the state and the fetch of a running key, and starts over', async () => {
      const { answer, entries, events, fetches, sync } = await ready(7)
      sync.start('a')
      expect(sync.get('a')).to.equal(undefined)
      sync.start('a')
      expect(fetches.map(({ signal }) => signal.aborted)).to.deep.equal([false, true, false])
      fetches[1]!.resolve(book(99, 'late'))
      await answer(book(8, 'new'))
      expect(entries()).to.deep.equal(['new'])
      expect(events).to.deep.equal(['ready a', 'ready a'])
    })

    it('stops with its signal, and with the signal of all keys', async () => {
      for (const name of ['own', 'all'] as const) {
        const own = new AbortController()
        const all = new AbortController()
        const { clock, entries, errors, fetches, last, sync } = rig({ signal: all.signal })
        sync.start('a', { signal: own.signal })
        last().resolve(book(1))
        sync.start('b', { signal: own.signal })
        await clock.settle()
        ;({ own, all })[name].abort()
        expect(entries()).to.equal(undefined)
        expect(last().signal.aborted).to.equal(true)
        last().reject(new Error('aborted'))
        await clock.advance(60_000)
        expect([fetches.length, clock.timers, errors.length]).to.deep.equal([2, 0, 0])
      }
    })

    it('only stops the key if the signal has already aborted', async () => {
      const { entries, fetches, sync } = await ready(1)
      sync.start('a', { signal: AbortSignal.abort() })
      sync.change('a', change(2))
      expect([fetches.length, entries()]).to.deep.equal([1, undefined])
    })

    it('leaves no callback on a signal', async () => {
      const { sync } = await ready(1)
      const controller = new AbortController()
      const { signal } = controller
      let listeners = 0
      signal.addEventListener = () => (listeners += 1)
      signal.removeEventListener = () => (listeners -= 1)
      sync.start('a', { signal })
      sync.start('b', { signal })
      expect(listeners).to.equal(1)
      sync.stop()
      expect(listeners).to.equal(0)
    })
  })

  describe('#change', () => {
    it('buffers changes until the snapshot arrives, then drops those that it contains and applies the rest in order', async () => {
      const { answer, entries, sync } = rig()
      sync.start('a')
      for (const each of [change(3, 4), change(5), change(6, 8), change(9)]) sync.change('a', each)
      expect(sync.get('a')).to.equal(undefined)
      await answer(book(5, 'snapshot'))
      expect(entries()).to.deep.equal(['snapshot', '6-8', '9-9'])
    })

    it('accepts a change that starts within the snapshot and ends after it (Binance: U <= lastUpdateId + 1 <= u)', async () => {
      const { answer, entries, sync } = rig()
      sync.start('a')
      sync.change('a', change(3, 8))
      await answer(book(5))
      sync.change('a', change(9))
      expect(entries()).to.deep.equal(['3-8', '9-9'])
    })

    it('applies a change to a ready key immediately, and drops an old one', async () => {
      const { entries, sync } = await ready(5)
      for (const each of [change(5), change(6), change(6), change(4, 5), change(7)]) sync.change('a', each)
      expect(entries()).to.deep.equal(['snapshot', '6-6', '7-7'])
    })

    it('accepts an empty change, which follows itself to show that there is nothing new', async () => {
      const { entries, events, sync } = await ready(5)
      sync.change('a', { first: 6, last: 5, text: 'nothing' })
      sync.change('a', change(6))
      expect(entries()).to.deep.equal(['snapshot', '6-6'])
      sync.change('a', { first: 9, last: 8, text: 'nothing' })
      expect(events).to.deep.equal(['ready a', 'gap a 7-8'])
    })

    it('works with bigint, and with number and bigint together', async () => {
      const { entries, events, sync } = await ready(2n ** 60n)
      sync.change('a', { first: 2n ** 60n + 1n, last: 2n ** 60n + 1n, text: 'big' })
      expect(entries()).to.deep.equal(['snapshot', 'big'])
      sync.change('a', { first: 2n ** 60n + 4n, last: 2n ** 60n + 4n, text: 'gap' })
      expect(events.at(-1)).to.equal('gap a 1152921504606846978-1152921504606846979')
      const mixed = await ready(5n)
      mixed.sync.change('a', change(6))
      expect(mixed.entries()).to.deep.equal(['snapshot', '6-6'])
    })

    it('uses the return value of apply as the new state', async () => {
      const { entries, sync } = await ready(5, {
        apply: ({ number, entries: before }, { text }) => ({ number, entries: [...before, text] }),
      })
      const before = sync.get('a')
      sync.change('a', change(6))
      expect(entries()).to.deep.equal(['snapshot', '6-6'])
      expect(sync.get('a')).to.not.equal(before)
    })

    it('ignores a key that is not running', async () => {
      const { answer, entries, sync } = rig()
      sync.change('a', change(1))
      sync.start('a')
      await answer(book(0))
      expect(entries()).to.deep.equal([])
      sync.stop('a')
      sync.change('a', change(1))
      expect(sync.get('a')).to.equal(undefined)
    })

    it('affects only its own key', async () => {
      const { answer, entries, sync } = await ready(5)
      sync.start('b')
      await answer(book(100))
      sync.change('b', change(101))
      sync.change('a', change(6))
      sync.change('a', change(9))
      expect([entries('a'), entries('b')]).to.deep.equal([undefined, ['101-101']])
    })

    it('drops the oldest change beyond bufferLimit, and detects it if the snapshot needs that change', async () => {
      const { answer, clock, entries, errors, sync } = rig({ bufferLimit: 2 })
      sync.start('a')
      for (const number of [1, 2, 3]) sync.change('a', change(number))
      await answer(book(0))
      expect(entries()).to.equal(undefined)
      expect(errors[0]?.message).to.contain('it ends at 0, but they start at 2 (1 to 1 are missing)')
      await clock.advance(1_000)
      await answer(book(1))
      expect(entries()).to.deep.equal(['2-2', '3-3'])
    })

    it('buffers up to 10,000 changes by default', async () => {
      for (const [size, isReady] of [
        [10_000, true],
        [10_001, false],
      ] as const) {
        const { answer, sync } = rig()
        sync.start('a')
        for (let number = 1; number <= size; number += 1) sync.change('a', change(number))
        await answer(book(0))
        expect(sync.get('a') !== undefined).to.equal(isReady)
      }
    })

    it('throws for an invalid return value of range, ready or not', async () => {
      const wrong: [unknown, string][] = [
        [
          undefined,
          'range must return [first, last], the numbers that the change covers, received undefined',
        ],
        [[1], 'received an array'],
        [5, 'received a number'],
        [Promise.reject(new Error('async')), 'received an instance of Promise'],
        [
          ['1', 2],
          'The first number that range() returns must be an integer up to 2^53 or a bigint, received a string',
        ],
        [[1, 2 ** 53], 'The last number that range() returns must be an integer'],
        [
          [8, 3],
          'range returned [8, 3], but the first number must not exceed the last. If the server restarted its numbering',
        ],
      ]
      const { answer, entries, sync } = rig({ range: (({ text }: { text: unknown }) => text) as never })
      sync.start('a')
      const change = (text: unknown): void => sync.change('a', { text } as never)
      for (const [range, message] of wrong) expect(() => change(range)).to.throw(TypeError, message)
      await answer(book(5))
      for (const [range, message] of wrong) expect(() => change(range)).to.throw(TypeError, message)
      change([6, 6])
      expect(entries()).to.deep.equal([[6, 6]])
    })

    it('throws whatever apply throws, and fetches again, because the change may be partially applied', async () => {
      const failing: Options = {
        apply: (state, { text }) => {
          state.entries.push(text)
          if (text === '6-6') throw new RangeError('no such price')
        },
      }
      const { answer, clock, entries, events, fetches, sync } = await ready(5, failing)
      expect(() => sync.change('a', change(6))).to.throw(RangeError, 'no such price')
      expect(sync.get('a')).to.equal(undefined)
      await clock.advance(1_000)
      expect(fetches).to.have.lengthOf(2)
      await answer(book(5, 'as before'))
      expect(entries(), 'the change is missing').to.equal(undefined)
      sync.change('a', change(7))
      await clock.advance(2_000)
      await answer(book(6, 'again'))
      expect(entries()).to.deep.equal(['again', '7-7'])
      expect(events).to.deep.equal(['ready a', 'ready a'])
    })

    it('throws if apply returns a promise', async () => {
      const { sync } = await ready(5, { apply: (() => Promise.reject(new Error('lost'))) as never })
      expect(() => sync.change('a', change(6))).to.throw(TypeError, 'apply returned a promise')
      expect(sync.get('a')).to.equal(undefined)
    })
  })

  describe('a gap', () => {
    it('removes the state, is reported once, and ends with a new snapshot', async () => {
      const { answer, clock, entries, events, fetches, sync } = await ready(5)
      sync.change('a', change(8, 9))
      sync.change('a', change(10))
      expect([sync.get('a'), events]).to.deep.equal([undefined, ['ready a', 'gap a 6-7']])
      await clock.advance(999)
      expect(fetches).to.have.lengthOf(1)
      await clock.advance(1)
      expect(fetches).to.have.lengthOf(2)
      await answer(book(8, 'again'))
      expect(entries()).to.deep.equal(['again', '8-9', '10-10'])
      expect(events).to.deep.equal(['ready a', 'gap a 6-7', 'ready a'])
    })

    it('between the snapshot and the first change means that the snapshot is too old and is fetched again', async () => {
      const { answer, clock, entries, errors, events, fetches, sync } = rig()
      sync.start('a')
      sync.change('a', change(8))
      await answer(book(5))
      expect(errors.map(({ message }) => message)).to.deep.equal([
        'The snapshot is older than the buffered changes: it ends at 5, but they start at 8 (6 to 7 are missing). A newer snapshot is required',
      ])
      await clock.advance(1_000)
      await answer(book(7))
      expect([fetches.length, entries(), events]).to.deep.equal([2, ['8-8'], ['ready a']])
    })

    it('within the buffer requires a snapshot from after it', async () => {
      const { answer, clock, entries, sync } = rig()
      sync.start('a')
      for (const number of [6, 7, 10, 11]) sync.change('a', change(number))
      await answer(book(5))
      expect(sync.get('a')).to.equal(undefined)
      await clock.advance(1_000)
      await answer(book(6))
      expect(sync.get('a')).to.equal(undefined)
      await clock.advance(2_000)
      await answer(book(10))
      expect(entries()).to.deep.equal(['11-11'])
    })

    it('allows its callback to restart or stop the key', async () => {
      const restarting: SnapshotSync<Book, Change> = new SnapshotSync<Book, Change>({
        fetch: () => Promise.resolve(book(5)),
        number: ({ number }) => number,
        range: ({ first, last }) => [first, last],
        apply: () => undefined,
        onGap: (key) => restarting.start(key),
      })
      const { clock, events, sync } = await ready(5, { onGap: (key) => sync.stop(key) })
      sync.change('a', change(9))
      expect([clock.timers, events]).to.deep.equal([0, ['ready a']])
      restarting.start('a')
      await clock.settle()
      restarting.change('a', change(9))
      await clock.settle()
      expect(restarting.get('a')?.number).to.equal(5)
      restarting.stop()
    })
  })

  describe('retry', () => {
    it('waits below a ceiling that doubles with each fetch that rejects, and reports each rejection', async () => {
      const { clock, errors, fetches, last, sync } = rig()
      sync.start('a')
      for (let count = 1; count <= 7; count += 1) {
        last().reject(new Error(`HTTP 50${count}`))
        await clock.advance(Math.min(30_000, 1_000 * 2 ** (count - 1)))
      }
      const waits = fetches.slice(1).map(({ at }, index) => at - fetches[index]!.at)
      expect(waits).to.deep.equal([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
      expect(errors).to.have.lengthOf(7)
      expect(errors[0]?.message).to.equal('HTTP 501')
    })

    it('draws a random delay (full jitter), within the bounds of the options', async () => {
      const { clock, fetches, last, sync } = rig({
        random: () => 0.5,
        retry: { initialDelay: 100, maxDelay: 150 },
      })
      sync.start('a')
      for (const wait of [50, 75, 75]) {
        last().reject(new Error('no'))
        await clock.advance(wait)
      }
      expect(fetches.map(({ at }) => at)).to.deep.equal([0, 50, 125, 200])
    })

    it('counts gaps as failures until a state has stayed valid for maxDelay', async () => {
      const { answer, clock, fetches, sync } = await ready(0, {
        retry: { initialDelay: 100, maxDelay: 1_000 },
      })
      const lose = async (number: number, wait: number): Promise<void> => {
        const { length } = fetches
        sync.change('a', change(number))
        await clock.advance(wait - 1)
        expect(fetches).to.have.lengthOf(length)
        await clock.advance(1)
        expect(fetches).to.have.lengthOf(length + 1)
        await answer(book(number))
      }
      await lose(10, 100)
      await lose(20, 200)
      await lose(30, 400)
      await clock.advance(1_000)
      await lose(40, 100)
      await lose(50, 200)
    })

    it('also follows a fetch that throws, an invalid number and an apply that throws', async () => {
      const { clock, errors, fetches, sync } = rig({
        fetch: () => {
          throw new Error('at once')
        },
      })
      sync.start('a')
      await clock.settle()
      expect(errors.map(({ message }) => message)).to.deep.equal(['at once'])
      expect([clock.timers, fetches.length]).to.deep.equal([1, 0])

      const numbered = rig()
      numbered.sync.start('a')
      await numbered.answer(book('7' as never))
      expect(numbered.errors[0]?.message).to.equal(
        'number() must return an integer up to 2^53 or a bigint, received a string',
      )
      await numbered.clock.advance(1_000)
      await numbered.answer(book(7))
      expect(numbered.entries()).to.deep.equal([])

      const applied = rig({
        apply: () => {
          throw new Error('no such price')
        },
      })
      applied.sync.start('a')
      applied.sync.change('a', change(1))
      await applied.answer(book(0))
      expect(applied.errors.map(({ message }) => message)).to.deep.equal(['no such price'])
      await applied.clock.advance(1_000)
      await applied.answer(book(1))
      expect(applied.entries()).to.deep.equal([])
    })

    it('ends with stop', async () => {
      const { clock, fetches, last, sync } = rig()
      sync.start('a')
      last().reject(new Error('no'))
      await clock.settle()
      expect(clock.timers).to.equal(1)
      sync.stop('a')
      expect(clock.timers).to.equal(0)
      await clock.advance(60_000)
      expect(fetches).to.have.lengthOf(1)
    })
  })

  describe('#snapshot', () => {
    it('accepts a pushed snapshot, and requires neither fetch nor start', () => {
      const { entries, events, sync } = rig({ fetch: undefined })
      sync.change('a', change(6))
      sync.snapshot('a', book(7, 'pushed'))
      sync.change('a', change(8))
      expect([entries(), events]).to.deep.equal([['pushed', '8-8'], ['ready a']])
      sync.snapshot('a', book(2, 'pushed again'))
      sync.change('a', change(3))
      expect([entries(), events]).to.deep.equal([
        ['pushed again', '3-3'],
        ['ready a', 'ready a'],
      ])
    })

    it('is required after a gap if there is no fetch', async () => {
      const { clock, entries, events, sync } = rig({ fetch: undefined })
      sync.start('a')
      sync.snapshot('a', book(5))
      sync.change('a', change(9))
      await clock.advance(60_000)
      expect([clock.timers, sync.get('a'), events]).to.deep.equal([0, undefined, ['ready a', 'gap a 6-8']])
      expect(() => sync.snapshot('a', book(6))).to.throw(
        'it ends at 6, but they start at 9 (7 to 8 are missing)',
      )
      sync.snapshot('a', book(8))
      expect(entries()).to.deep.equal(['9-9'])
    })

    it('replaces a pending fetch, and ends the wait for it', async () => {
      const { answer, clock, entries, last, sync } = rig()
      sync.start('a')
      sync.snapshot('a', book(5, 'pushed'))
      expect(last().signal.aborted).to.equal(true)
      await answer(book(6, 'fetched'))
      expect(entries()).to.deep.equal(['pushed'])
      sync.change('a', change(9))
      expect(clock.timers).to.equal(1)
      sync.snapshot('a', book(9, 'pushed'))
      expect([clock.timers, entries()]).to.deep.equal([0, ['pushed']])
    })

    it('makes the fetch unnecessary if it is called before "after" has resolved', async () => {
      const { clock, fetches, sync } = rig()
      const acknowledged = deferred<number>()
      sync.start('a', { after: acknowledged.promise })
      sync.snapshot('a', book(5))
      acknowledged.resolve(1)
      await clock.settle()
      expect(fetches).to.have.lengthOf(0)
    })

    it('can be called inside apply, and replaces the return value of apply', async () => {
      const { entries, sync } = await ready(5, { apply: () => sync.snapshot('a', book(9, 'pushed')) })
      sync.change('a', change(6))
      expect(entries()).to.deep.equal(['pushed'])
    })

    it('throws for an unusable snapshot, and another one is fetched', async () => {
      const { clock, fetches, sync } = rig()
      sync.start('a')
      sync.change('a', change(9))
      expect(() => sync.snapshot('a', book(5))).to.throw('is older than the buffered changes')
      await clock.advance(1_000)
      expect(fetches).to.have.lengthOf(2)
    })

    it('is followed by every change if changes have no numbers; those before it are dropped', () => {
      const { entries, events, sync } = rig(noFetch)
      sync.start('a')
      sync.change('a', change(1))
      expect(sync.get('a')).to.equal(undefined)
      sync.snapshot('a', book(0, 'pushed'))
      sync.change('a', change(50))
      sync.change('a', change(3))
      expect([entries(), events]).to.deep.equal([['pushed', '50-50', '3-3'], ['ready a']])
      sync.snapshot('a', book(0, 'pushed again'))
      expect(entries()).to.deep.equal(['pushed again'])
    })

    it('starts the key until its signal aborts, so that no fetch after a gap outlives the link', async () => {
      const { clock, entries, fetches, sync } = rig()
      const link = new AbortController()
      sync.snapshot('a', book(5), { signal: link.signal })
      sync.change('a', change(9))
      expect([clock.timers, fetches.length]).to.deep.equal([1, 0])
      link.abort()
      await clock.advance(60_000)
      expect([clock.timers, fetches.length, entries()]).to.deep.equal([0, 0, undefined])
    })

    it('does nothing after the signal of all keys has aborted', () => {
      const { sync } = rig({ ...noFetch, signal: AbortSignal.abort() })
      sync.snapshot('a', book(1))
      expect(sync.get('a')).to.equal(undefined)
    })
  })

  describe('#stop', () => {
    it('stops one key, or all of them', async () => {
      const { answer, entries, sync } = await ready(1)
      sync.start('b')
      await answer(book(1))
      sync.start('c')
      sync.stop('a')
      sync.stop('unknown')
      expect([entries('a'), entries('b')]).to.deep.equal([undefined, []])
      sync.stop()
      expect(entries('b')).to.equal(undefined)
      await answer(book(1))
      expect(entries('c')).to.equal(undefined)
    })

    it('can be called inside apply', async () => {
      const { answer, events, sync } = rig({ apply: () => sync.stop('a') })
      sync.start('a')
      sync.change('a', change(1))
      await answer(book(0))
      expect([events, sync.get('a')]).to.deep.equal([[], undefined])
      sync.start('a')
      await answer(book(0))
      sync.change('a', change(1))
      expect(sync.get('a')).to.equal(undefined)
    })

    it('stays in effect if apply throws afterward: nothing is fetched again', async () => {
      const { clock, sync } = await ready(5, {
        apply: () => {
          sync.stop('a')
          throw new Error('no such price')
        },
      })
      expect(() => sync.change('a', change(6))).to.throw('no such price')
      expect(clock.timers).to.equal(0)
    })
  })

  describe('callbacks', () => {
    it('that throw or reject are reported to onError, without other effects', async () => {
      const rejecting: () => unknown = () => Promise.reject(new Error('gap'))
      const { clock, entries, errors, sync } = await ready(5, {
        onReady: () => {
          throw new Error('ready')
        },
        onGap: rejecting,
      })
      expect(entries()).to.deep.equal(['snapshot'])
      sync.change('a', change(9))
      await clock.settle()
      expect(errors.map(({ message }) => message)).to.deep.equal(['ready', 'gap'])
    })

    it('receive the state and the gap', async () => {
      const seen: unknown[] = []
      const gaps: SnapshotGap[] = []
      const { sync } = await ready(5, {
        onReady: (_, state) => void seen.push(state),
        onGap: (_, gap) => void gaps.push(gap),
      })
      expect(seen).to.deep.equal([sync.get('a')])
      sync.change('a', change(9))
      expect(gaps).to.deep.equal([{ from: 6, to: 8 }])
    })

    it('are optional: if they are not set, errors are logged to the console', async () => {
      const lines = await warnings(async () => {
        const { clock, last, sync } = rig({ onError: undefined, onReady: undefined, onGap: undefined })
        sync.start('a\n')
        last().reject(new Error('HTTP 503'))
        await clock.advance(1_000)
        last().resolve(book(1))
        await clock.settle()
        sync.change('a\n', change(5))
        sync.stop()
      })
      expect(lines).to.deep.equal(['[SnapshotSync] "a\\n": HTTP 503'])
    })

    it('that fail in onError go to the console', async () => {
      const lines = await warnings(async () => {
        const { clock, last, sync } = rig({
          onError: () => {
            throw new Error('worse')
          },
        })
        sync.start('a')
        last().reject(new Error('bad'))
        await clock.settle()
        sync.stop()
      })
      expect(lines).to.deep.equal(['[SnapshotSync] "a": worse'])
    })
  })

  describe('constructor', () => {
    it('rejects invalid options', () => {
      const wrong: [object, string][] = [
        [{ apply: undefined }, 'apply must be a function, received undefined'],
        [{ fetch: 'https://…' }, 'fetch must be a function, received https://…'],
        [{ range: undefined }, '"range" is required if "fetch" is set'],
        [{ number: undefined }, '"number" is required if "fetch" is set'],
        [{ number: undefined, range: undefined }, '"number" is required if "fetch" is set'],
        [{ fetch: undefined, range: undefined }, '"range" is required if "number" is set'],
        [{ fetch: undefined, number: undefined }, '"number" is required if "range" is set'],
        [{ bufferLimit: 0 }, 'bufferLimit must be an integer of at least 1, received 0'],
        [
          { retry: { initialDelay: -1 } },
          'retry.initialDelay must be between 0 and retry.maxDelay (30000), received -1',
        ],
        [{ retry: { initialDelay: 5, maxDelay: 4 } }, 'between 0 and retry.maxDelay (4), received 5'],
        [{ retry: { maxDelay: NaN } }, 'between 0 and retry.maxDelay (NaN), received NaN'],
      ]
      for (const [options, message] of wrong) {
        expect(() => rig(options), message).to.throw(TypeError, message)
      }
    })

    it('adjusts the default of one delay to the other', () => {
      expect(() => rig({ retry: { maxDelay: 10 } })).to.not.throw()
      expect(() => rig({ retry: { initialDelay: 60_000 } })).to.not.throw()
    })
  })

  it('accepts any Map key', async () => {
    const sync = new SnapshotSync<number[], number, object>({
      fetch: () => Promise.resolve([0]),
      number: (numbers) => numbers.at(-1)!,
      range: (number) => [number, number],
      apply: (numbers, number) => [...numbers, number],
    })
    const [a, b] = [{}, {}]
    sync.start(a)
    sync.change(a, 1)
    await new FakeClock().settle()
    expect([sync.get(a), sync.get(b)]).to.deep.equal([[0, 1], undefined])
  })

  it("equals the server's state whenever it has a state, regardless of what is lost, late or rejected", async () => {
    const size = fc.integer({ min: 1, max: 3 })
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('change' as const), size }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), size }) },
      { weight: 1, arbitrary: fc.constant({ do: 'repeat' as const }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('answer' as const), age: fc.nat(6) }) },
      { weight: 1, arbitrary: fc.constant({ do: 'refuse' as const }) },
      { weight: 2, arbitrary: fc.constant({ do: 'wait' as const }) },
      { weight: 1, arbitrary: fc.constant({ do: 'start' as const }) },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.constantFrom(2, 100),
        async (steps, bufferLimit) => {
          const world = new World(bufferLimit)
          for (const each of steps) {
            if (each.do === 'change') world.deliver(world.make(each.size))
            else if (each.do === 'lose') world.make(each.size)
            else if (each.do === 'repeat') world.repeat()
            else if (each.do === 'wait') await world.clock.advance(30_000)
            else if (each.do === 'start') world.start()
            else await world.settleFetch(each.do === 'answer' ? each.age : undefined)
            world.expectTruth()
          }
          await world.expectRecovery()
          world.expectPairs()
        },
      ),
      { numRuns: 300 },
    )
  })
})

/** A server whose state is the list of all numbers so far, and its client. */
class World {
  readonly #rig
  readonly #sent: Change[] = []
  #number = 0
  /** The highest delivered number, which a state must contain. */
  #delivered = 0
  #answered = 0

  constructor(bufferLimit: number) {
    this.#rig = rig({
      bufferLimit,
      // Like the levels of a book, a part of a change can be applied twice.
      apply: ({ entries }, { text }) =>
        void entries.push(...text.split(',').filter((each) => !entries.includes(each))),
    })
    this.start()
  }

  get clock(): FakeClock {
    return this.#rig.clock
  }

  start(): void {
    this.#rig.sync.start('a')
    this.#sent.length = 0
    this.#delivered = 0
  }

  make(size: number): Change {
    const first = this.#number + 1
    this.#number += size
    return { first, last: this.#number, text: numbers(first, this.#number).join() }
  }

  deliver(each: Change): void {
    this.#sent.push(each)
    this.#rig.sync.change('a', each)
    this.#delivered = Math.max(this.#delivered, Number(each.last))
  }

  repeat(): void {
    for (const each of this.#sent.slice(-2)) this.#rig.sync.change('a', each)
  }

  /** Settles a pending fetch with a state of some age, or rejects it. */
  async settleFetch(age: number | undefined): Promise<void> {
    const { fetches, last } = this.#rig
    if (fetches.length === this.#answered) return
    this.#answered = fetches.length
    const number = Math.max(0, this.#number - (age ?? 0))
    if (age === undefined) last().reject(new Error('refused'))
    else last().resolve(book(number, ...numbers(1, number)))
    await this.clock.settle()
  }

  expectTruth(): void {
    const entries = this.#rig.entries()
    if (!entries) return
    expect(entries, 'a state of the server').to.deep.equal(numbers(1, entries.length))
    expect(entries.length, 'with all that was delivered').to.be.at.least(this.#delivered)
  }

  async expectRecovery(): Promise<void> {
    // Only a later change shows that changes before it are missing.
    this.deliver(this.make(1))
    await this.clock.advance(30_000)
    await this.settleFetch(0)
    await this.clock.advance(30_000)
    await this.settleFetch(0)
    expect(this.#rig.entries()).to.deep.equal(numbers(1, this.#number))
    this.#rig.sync.stop()
    expect(this.clock.timers).to.equal(0)
  }

  /** A gap is reported only for a ready key, and the key is ready again before the next one. */
  expectPairs(): void {
    const { events } = this.#rig
    expect(events.at(-1)).to.equal('ready a')
    for (const [index, event] of events.entries()) {
      if (event.startsWith('gap')) expect(events[index - 1]).to.equal('ready a')
    }
  }
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index))
}
