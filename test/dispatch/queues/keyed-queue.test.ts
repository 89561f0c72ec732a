import { expect } from 'chai'
import fc from 'fast-check'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import { heapInUse } from '../../support/heap.js'
import { KeyedQueue } from '#src/dispatch/queues/keyed-queue.js'
import type { KeyedQueuePort } from '#src/dispatch/queues/keyed-queue.js'

/** Lets all promise callbacks run. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

type Options = Partial<Pick<KeyedQueuePort<string>, 'limit' | 'conflate'>>

/** The key of an item is its first letter; of one that begins with a dash there is none. */
function keyOf(item: string): string | undefined {
  return item.startsWith('-') ? undefined : item[0]
}

/** A queue whose items run until the test ends them; what has begun is noted in order. */
function rig({ limit = Infinity, conflate = false }: Options = {}) {
  const begun: string[] = []
  const skipped: string[] = []
  const runs = new Map<string, Deferred<void>>()
  const run = (item: string): Promise<void> => {
    begun.push(item)
    const running: Deferred<void> = deferred()
    runs.set(item, running)
    return running.promise
  }
  const queue = new KeyedQueue<string>({
    limit,
    conflate,
    keyOf,
    run,
    onConflated: (item) => void skipped.push(item),
  })
  const push = (...items: readonly string[]): void => items.forEach((item) => queue.push(item))
  const end = async (item: string): Promise<void> => {
    runs.get(item)?.resolve()
    runs.delete(item)
    await settle()
  }
  return { begun, skipped, queue, push, end }
}

/** A queue in which each item has a key of its own, of about 400 KB. */
function withLargeKeys(run: () => void | Promise<void>): KeyedQueue<object> {
  return new KeyedQueue<object>({
    limit: Infinity,
    conflate: false,
    keyOf: () => Array.from({ length: 50_000 }, () => 0),
    run,
    onConflated: () => undefined,
  })
}

/** Expects that a step leaves next to nothing behind, however often it is done. */
async function expectNoGrowth(step: () => void | Promise<void>): Promise<void> {
  const before = heapInUse()
  for (let count = 0; count < 100; count += 1) await step()
  expect(heapInUse() - before).to.be.below(4 * 2 ** 20)
}

/** A queue whose items are over at once. */
function synchronous(run: (item: string) => void): KeyedQueue<string> {
  return new KeyedQueue<string>({
    limit: Infinity,
    conflate: false,
    keyOf,
    run,
    onConflated: () => undefined,
  })
}

describe('KeyedQueue', () => {
  describe('#start', () => {
    it('runs nothing before, and what has gathered then', () => {
      const { begun, queue, push } = rig()
      push('a1', 'b1', 'a2')
      expect(begun).to.deep.equal([])
      queue.start()
      expect(begun).to.deep.equal(['a1', 'b1'])
    })
  })

  describe('#push', () => {
    it('runs an item at once, in the same tick, where nothing is in its way', () => {
      const { begun, queue, push } = rig()
      queue.start()
      push('a1')
      expect(begun).to.deep.equal(['a1'])
    })

    it('lets items of one key wait for each other, and for no other key', async () => {
      const { begun, queue, push, end } = rig()
      queue.start()
      push('a1', 'a2', 'b1', 'a3', 'b2')
      expect(begun).to.deep.equal(['a1', 'b1'])
      await end('b1')
      expect(begun).to.deep.equal(['a1', 'b1', 'b2'])
      await end('a1')
      await end('a2')
      expect(begun).to.deep.equal(['a1', 'b1', 'b2', 'a2', 'a3'])
    })

    it('lets those without a key wait for each other', async () => {
      const { begun, queue, push, end } = rig()
      queue.start()
      push('-1', '-2', 'a1')
      expect(begun).to.deep.equal(['-1', 'a1'])
      await end('-1')
      expect(begun).to.deep.equal(['-1', 'a1', '-2'])
    })

    it('runs as many at once as its limit says, and no more', async () => {
      const { begun, queue, push, end } = rig({ limit: 2 })
      queue.start()
      push('a1', 'b1', 'c1', 'd1')
      expect(begun).to.deep.equal(['a1', 'b1'])
      await end('b1')
      expect(begun).to.deep.equal(['a1', 'b1', 'c1'])
    })

    it('lets the keys take turns: a key with many items does not keep the others waiting', async () => {
      const { begun, queue, push, end } = rig({ limit: 1 })
      queue.start()
      push('a1', 'a2', 'a3', 'b1', 'b2', 'c1')
      for (const item of ['a1', 'b1', 'c1', 'a2', 'b2']) await end(item)
      expect(begun).to.deep.equal(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
    })

    it('runs what an item pushes after that item, not inside it, whatever its key', () => {
      const run: string[] = []
      const queue: KeyedQueue<string> = synchronous((item) => {
        run.push(`begin ${item}`)
        if (item === 'a1') for (const next of ['a2', 'b1']) queue.push(next)
        run.push(`end ${item}`)
      })
      queue.start()
      queue.push('a1')
      expect(run).to.deep.equal(['begin a1', 'end a1', 'begin b1', 'end b1', 'begin a2', 'end a2'])
    })

    it('does not grow the stack however many follow each other', () => {
      let count = 0
      const queue: KeyedQueue<string> = synchronous(() => {
        count += 1
        if (count <= 100_000) queue.push(count % 2 === 0 ? 'a' : 'b')
      })
      queue.start()
      queue.push('a')
      expect(count).to.equal(100_001)
    })

    it('forgets a key of which nothing is left, so that any number of them can come', async () => {
      const runs: Deferred<void>[] = []
      const queue = withLargeKeys(() => {
        const running: Deferred<void> = deferred()
        runs.push(running)
        return running.promise
      })
      queue.start()
      await expectNoGrowth(async () => {
        queue.push({})
        runs.pop()?.resolve()
        await settle()
      })
    })

    it('forgets a key whose items are over at once', async () => {
      const queue = withLargeKeys(() => undefined)
      queue.start()
      await expectNoGrowth(() => queue.push({}))
    })
  })

  describe('with conflate', () => {
    it('puts a newer item in the place of the one of its key that waits, which is skipped', async () => {
      const { begun, skipped, queue, push, end } = rig({ conflate: true })
      queue.start()
      push('a1', 'a2', 'a3', 'a4')
      expect(begun).to.deep.equal(['a1'])
      expect(skipped).to.deep.equal(['a2', 'a3'])
      await end('a1')
      expect(begun).to.deep.equal(['a1', 'a4'])
      await end('a4')
    })

    it('lets the newer item keep the place in line', async () => {
      const { begun, queue, push, end } = rig({ conflate: true, limit: 1 })
      queue.start()
      push('x', 'a1', 'b1', 'a2')
      await end('x')
      await end('a2')
      expect(begun).to.deep.equal(['x', 'a2', 'b1'])
    })

    it('skips also what has gathered before the start', () => {
      const { begun, skipped, queue, push } = rig({ conflate: true })
      push('a1', 'b1', 'a2')
      queue.start()
      expect(begun).to.deep.equal(['a2', 'b1'])
      expect(skipped).to.deep.equal(['a1'])
    })

    it('never skips what has no key', async () => {
      const { begun, skipped, queue, push, end } = rig({ conflate: true })
      queue.start()
      push('-1', '-2', '-3')
      await end('-1')
      await end('-2')
      expect(begun).to.deep.equal(['-1', '-2', '-3'])
      expect(skipped).to.deep.equal([])
    })

    it('may be pushed to from within skipped', async () => {
      const [begun, skipped]: [string[], string[]] = [[], []]
      const first: Deferred<void> = deferred()
      const queue: KeyedQueue<string> = new KeyedQueue<string>({
        limit: 1,
        conflate: true,
        keyOf,
        run: (item) => {
          begun.push(item)
          return item === 'a1' ? first.promise : undefined
        },
        onConflated: (item) => {
          skipped.push(item)
          if (item === 'a2') queue.push('a4')
        },
      })
      queue.start()
      for (const item of ['a1', 'a2', 'a3']) queue.push(item)
      expect(skipped).to.deep.equal(['a2', 'a3'])
      first.resolve()
      await queue.idle()
      expect(begun).to.deep.equal(['a1', 'a4'])
    })
  })

  describe('#clear', () => {
    it('takes back what has not begun, and lets what runs go on', async () => {
      const { begun, queue, push, end } = rig({ limit: 2 })
      queue.start()
      push('a1', 'b1', 'a2', 'c1', 'a3', 'c2')
      expect(queue.clear()).to.deep.equal(['a2', 'a3', 'c1', 'c2'])
      expect(queue.clear()).to.deep.equal([])
      push('a4', 'c3')
      await end('b1')
      expect(begun).to.deep.equal(['a1', 'b1', 'c3'])
      await end('a1')
      expect(begun).to.deep.equal(['a1', 'b1', 'c3', 'a4'])
    })

    it('takes back everything where nothing runs', () => {
      const { queue, push } = rig()
      push('a1', 'b1')
      expect(queue.clear()).to.deep.equal(['a1', 'b1'])
    })

    it('leaves no key behind where nothing runs, so that any number of them can come', async () => {
      const queue = withLargeKeys(() => undefined)
      await expectNoGrowth(() => {
        queue.push({})
        queue.clear()
      })
    })
  })

  describe('#idle', () => {
    it('resolves at once where nothing waits and nothing runs', async () => {
      await rig().queue.idle()
    })

    it('resolves when everything of all keys has been run, and not before', async () => {
      const { queue, push, end } = rig()
      queue.start()
      push('a1', 'b1', 'a2')
      let isIdle = false
      const idle = queue.idle().then(() => (isIdle = true))
      await end('a1')
      await end('b1')
      expect(isIdle).to.equal(false)
      await end('a2')
      expect(isIdle).to.equal(true)
      await idle
    })

    it('waits for what has gathered before the start', async () => {
      const queue: KeyedQueue<string> = synchronous(() => undefined)
      queue.push('a1')
      let isIdle = false
      void queue.idle().then(() => (isIdle = true))
      await settle()
      expect(isIdle).to.equal(false)
      queue.start()
      await settle()
      expect(isIdle).to.equal(true)
    })

    it('resolves when the rest is cleared', async () => {
      const { queue, push } = rig()
      push('a1')
      const idle = queue.idle()
      queue.clear()
      await idle
    })

    it('asked from inside an item waits for that item, too', async () => {
      const order: string[] = []
      const queue: KeyedQueue<string> = synchronous(() => {
        void queue.idle().then(() => order.push('idle'))
        order.push('over')
      })
      queue.start()
      queue.push('a1')
      await settle()
      expect(order).to.deep.equal(['over', 'idle'])
    })

    it('is the same for all who ask meanwhile, and anew afterwards', async () => {
      const { queue, push, end } = rig()
      queue.start()
      push('a1')
      const both = [queue.idle(), queue.idle()]
      await end('a1')
      await Promise.all(both)
      push('a2')
      const again = queue.idle()
      await end('a2')
      await again
    })
  })

  describe('whatever happens', () => {
    interface Item {
      readonly id: number
      readonly key: number | undefined
      readonly isAsync: boolean
    }
    type Step = 'end first' | 'end last' | 'clear' | 'start' | Omit<Item, 'id'>

    const steps = fc.array(
      fc.oneof(
        {
          weight: 6,
          arbitrary: fc.record({ key: fc.option(fc.nat(3), { nil: undefined }), isAsync: fc.boolean() }),
        },
        { weight: 3, arbitrary: fc.constantFrom('end first' as const, 'end last' as const) },
        { weight: 1, arbitrary: fc.constantFrom('clear' as const, 'start' as const) },
      ),
      { maxLength: 100 },
    )

    /** Drives a queue through the steps, holding it against what must be true after each, and then to its end. */
    async function drive(limit: number, conflate: boolean, all: readonly Step[]) {
      const pushed: Item[] = []
      const begun: Item[] = []
      const skipped: Item[] = []
      const cleared: Item[] = []
      const running: { item: Item; over: Deferred<void> }[] = []
      const queue = new KeyedQueue<Item>({
        limit,
        conflate,
        keyOf: ({ key }) => key,
        run: (item) => {
          expect(
            running.map((each) => each.item.key),
            'one of a key at a time',
          ).to.not.include(item.key)
          begun.push(item)
          if (!item.isAsync) return undefined
          const over: Deferred<void> = deferred()
          running.push({ item, over })
          expect(running.length).to.be.at.most(limit)
          return over.promise
        },
        onConflated: (item) => void skipped.push(item),
      })
      const end = async (at: 'first' | 'last'): Promise<void> => {
        const ended = at === 'first' ? running.shift() : running.pop()
        ended?.over.resolve()
        await settle()
      }
      let isStarted = false
      for (const step of all) {
        if (step === 'start') {
          queue.start()
          isStarted = true
        } else if (step === 'clear') cleared.push(...queue.clear())
        else if (step === 'end first') await end('first')
        else if (step === 'end last') await end('last')
        else {
          const item = { ...step, id: pushed.length }
          pushed.push(item)
          queue.push(item)
        }
        const known = [...begun, ...skipped, ...cleared]
        const waiting = pushed.filter((item) => !known.includes(item))
        const busy = new Set(running.map(({ item }) => item.key))
        if (isStarted && running.length < limit)
          expect(waiting.filter(({ key }) => !busy.has(key))).to.deep.equal([])
      }
      queue.start()
      let isIdle = false
      const idle = queue.idle().then(() => (isIdle = true))
      while (running.length > 0) {
        expect(isIdle).to.equal(false)
        await end('first')
      }
      await idle
      return { pushed, begun, skipped, cleared }
    }

    const limits = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(Infinity))
    const idsOf = (items: readonly Item[], key?: Item['key'] | 'any'): number[] =>
      items.filter((item) => key === 'any' || item.key === key).map(({ id }) => id)
    const ascending = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b)
    const KEYS = [undefined, 0, 1, 2, 3]

    it('runs each item once and those of a key in order, one at a time, no more at once than the limit', async () => {
      await fc.assert(
        fc.asyncProperty(limits, steps, async (limit, all) => {
          const { pushed, begun, skipped, cleared } = await drive(limit, false, all)
          expect(skipped).to.deep.equal([])
          for (const key of KEYS) expect(idsOf(begun, key)).to.deep.equal(ascending(idsOf(begun, key)))
          expect(ascending(idsOf([...begun, ...cleared], 'any'))).to.deep.equal(idsOf(pushed, 'any'))
        }),
        { numRuns: 100 },
      )
    })

    it('with conflate, runs or skips each item once, in order, the last of each key always run', async () => {
      await fc.assert(
        fc.asyncProperty(limits, steps, async (limit, all) => {
          const { pushed, begun, skipped, cleared } = await drive(limit, true, all)
          expect(idsOf(skipped)).to.deep.equal([])
          for (const key of KEYS) {
            expect(idsOf(begun, key)).to.deep.equal(ascending(idsOf(begun, key)))
            const last = idsOf(pushed, key).at(-1)
            if (last !== undefined) expect(idsOf([...begun, ...cleared], key)).to.include(last)
          }
          expect(ascending(idsOf([...begun, ...skipped, ...cleared], 'any'))).to.deep.equal(
            idsOf(pushed, 'any'),
          )
        }),
        { numRuns: 100 },
      )
    })
  })
})
