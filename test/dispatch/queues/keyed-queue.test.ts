import { expect } from 'chai'
import fc from 'fast-check'
import { deferred } from '#src/core/deferred.js'
import type { Deferred } from '#src/core/deferred.js'
import { heapInUse } from '../../support/heap.js'
import { KeyedQueue } from '#src/dispatch/queues/keyed-queue.js'
import { Slots } from '#src/dispatch/queues/slots.js'
import { ItemSession, silentWarning } from '../../support/queued-items.js'
import type { ItemHandlers } from '../../support/queued-items.js'

/** Runs all pending promise callbacks. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

interface Options {
  readonly limit?: number
  readonly conflate?: boolean
  readonly key?: (item: unknown) => unknown
}

/** The key of an item is its first letter. An item that starts with a dash has none. */
function keyOf(item: unknown): string | undefined {
  const text = item as string
  return text.startsWith('-') ? undefined : text[0]
}

function queueOf({ limit = Infinity, conflate = false, key = keyOf }: Options = {}): KeyedQueue {
  return new KeyedQueue(new Slots(limit, silentWarning()), { key, conflate })
}

function sessionOf<T = string>(handlers: ItemHandlers<T>, options?: Options): ItemSession<T> {
  return new ItemSession(queueOf(options), handlers)
}

/** Two sessions of one queue. Their items run until the test ends them, and started items are recorded in order. */
function rig(options: Options = {}) {
  const begun: string[] = []
  const skipped: string[] = []
  const runs = new Map<string, Deferred<void>>()
  const run = (item: string): Promise<void> => {
    begun.push(item)
    const running: Deferred<void> = deferred()
    runs.set(item, running)
    return running.promise
  }
  const queue = queueOf(options)
  const handlers = { run, onConflated: (item: string) => void skipped.push(item) }
  const session = new ItemSession<string>(queue, handlers)
  const other = new ItemSession<string>(queue, handlers)
  const push = (...items: readonly string[]): void => session.push(...items)
  const end = async (item: string): Promise<void> => {
    runs.get(item)?.resolve()
    runs.delete(item)
    await settle()
  }
  return { begun, skipped, session, other, push, end }
}

const NEVER = new Promise<void>(() => undefined)

/** A queue in which each item has its own key of about 400 KB. */
function withLargeKeys(run: () => void | Promise<void>): ItemSession<object> {
  return sessionOf<object>({ run }, { key: () => Array.from({ length: 50_000 }, () => 0) })
}

/** Asserts that a repeated step leaves almost no memory behind. */
async function expectNoGrowth(step: () => void | Promise<void>): Promise<void> {
  const before = heapInUse()
  for (let count = 0; count < 100; count += 1) await step()
  expect(heapInUse() - before).to.be.below(4 * 2 ** 20)
}

describe('KeyedQueue', () => {
  describe('#pushAll', () => {
    it('runs messages in order, before the messages that they push', () => {
      const run: string[] = []
      const session: ItemSession<string> = sessionOf({
        run: (item) => {
          run.push(item)
          if (item === 'a1') session.push('a3')
        },
      })
      session.pushAll(['a1', 'a2', 'b1'])
      expect(run).to.deep.equal(['a1', 'b1', 'a2', 'a3'])
    })
  })

  describe('#push', () => {
    it('runs an item immediately, in the same tick, if nothing delays it', () => {
      const { begun, push } = rig()
      push('a1')
      expect(begun).to.deep.equal(['a1'])
    })

    it('makes items with the same key wait for each other, but not for other keys', async () => {
      const { begun, push, end } = rig()
      push('a1', 'a2', 'b1', 'a3', 'b2')
      expect(begun).to.deep.equal(['a1', 'b1'])
      await end('b1')
      expect(begun).to.deep.equal(['a1', 'b1', 'b2'])
      await end('a1')
      await end('a2')
      expect(begun).to.deep.equal(['a1', 'b1', 'b2', 'a2', 'a3'])
    })

    it('makes items without a key wait for each other', async () => {
      const { begun, push, end } = rig()
      push('-1', '-2', 'a1')
      expect(begun).to.deep.equal(['-1', 'a1'])
      await end('-1')
      expect(begun).to.deep.equal(['-1', 'a1', '-2'])
    })

    it('runs as many items at once as its limit allows, and no more', async () => {
      const { begun, push, end } = rig({ limit: 2 })
      push('a1', 'b1', 'c1', 'd1')
      expect(begun).to.deep.equal(['a1', 'b1'])
      await end('b1')
      expect(begun).to.deep.equal(['a1', 'b1', 'c1'])
    })

    it('lets keys take turns, so that a key with many items does not delay the others', async () => {
      const { begun, push, end } = rig({ limit: 1 })
      push('a1', 'a2', 'a3', 'b1', 'b2', 'c1')
      for (const item of ['a1', 'b1', 'c1', 'a2', 'b2']) await end(item)
      expect(begun).to.deep.equal(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
    })

    it('runs the items that an item pushes after that item, not inside it, whatever their key', () => {
      const run: string[] = []
      const session: ItemSession<string> = sessionOf({
        run: (item) => {
          run.push(`begin ${item}`)
          if (item === 'a1') session.push('a2', 'b1')
          run.push(`end ${item}`)
        },
      })
      session.push('a1')
      expect(run).to.deep.equal(['begin a1', 'end a1', 'begin b1', 'end b1', 'begin a2', 'end a2'])
    })

    it('does not grow the stack, however many items run one after another', () => {
      let count = 0
      const session: ItemSession<string> = sessionOf({
        run: () => {
          count += 1
          if (count <= 100_000) session.push(count % 2 === 0 ? 'a' : 'b')
        },
      })
      session.push('a')
      expect(count).to.equal(100_001)
    })

    it('forgets a key without items, so that any number of keys can be used', async () => {
      const runs: Deferred<void>[] = []
      const session = withLargeKeys(() => {
        const running: Deferred<void> = deferred()
        runs.push(running)
        return running.promise
      })
      await expectNoGrowth(async () => {
        session.push({})
        runs.pop()?.resolve()
        await settle()
      })
    })

    it('forgets a key whose items complete immediately', async () => {
      const session = withLargeKeys(() => undefined)
      await expectNoGrowth(() => session.push({}))
    })
  })

  describe('if conflate is set', () => {
    it("replaces a key's waiting item with a newer one", async () => {
      const { begun, skipped, push, end } = rig({ conflate: true })
      push('a1', 'a2', 'a3', 'a4')
      expect(begun).to.deep.equal(['a1'])
      expect(skipped).to.deep.equal(['a2', 'a3'])
      await end('a1')
      expect(begun).to.deep.equal(['a1', 'a4'])
      await end('a4')
    })

    it('gives the newer item the place of the older one', async () => {
      const { begun, push, end } = rig({ conflate: true, limit: 1 })
      push('x', 'a1', 'b1', 'a2')
      await end('x')
      await end('a2')
      expect(begun).to.deep.equal(['x', 'a2', 'b1'])
    })

    it('also conflates items that are pushed together', () => {
      const { begun, skipped, session } = rig({ conflate: true })
      session.pushAll(['a1', 'b1', 'a2'])
      expect(begun).to.deep.equal(['a2', 'b1'])
      expect(skipped).to.deep.equal(['a1'])
    })

    it('never conflates items without a key', async () => {
      const { begun, skipped, push, end } = rig({ conflate: true })
      push('-1', '-2', '-3')
      await end('-1')
      await end('-2')
      expect(begun).to.deep.equal(['-1', '-2', '-3'])
      expect(skipped).to.deep.equal([])
    })

    it('accepts a push inside onConflated', async () => {
      const [begun, skipped]: [string[], string[]] = [[], []]
      const first: Deferred<void> = deferred()
      const session: ItemSession<string> = sessionOf(
        {
          run: (item) => {
            begun.push(item)
            return item === 'a1' ? first.promise : undefined
          },
          onConflated: (item) => {
            skipped.push(item)
            if (item === 'a2') session.push('a4')
          },
        },
        { limit: 1, conflate: true },
      )
      session.push('a1', 'a2', 'a3')
      expect(skipped).to.deep.equal(['a2', 'a3'])
      first.resolve()
      await settle()
      expect(begun).to.deep.equal(['a1', 'a4'])
    })
  })

  describe('with two sessions', () => {
    it("makes a message wait for the other session's messages with the same key, and for the shared limit", async () => {
      const { begun, session, other, end } = rig({ limit: 2 })
      session.push('a1')
      other.push('a2', 'b1', 'c1')
      session.push('c2')
      expect(begun).to.deep.equal(['a1', 'b1'])
      await end('a1')
      expect(begun).to.deep.equal(['a1', 'b1', 'c1'])
      for (const item of ['b1', 'a2', 'c1']) await end(item)
      expect(begun).to.deep.equal(['a1', 'b1', 'c1', 'a2', 'c2'])
    })

    it('replaces an item with a newer one from the other session, and notifies the session of the replaced item', async () => {
      const skipped: string[] = []
      const queue = queueOf({ conflate: true, limit: 1 })
      const [session, other] = ['old', 'new'].map(
        (name) =>
          new ItemSession<string>(queue, {
            run: (item) => (item === 'x' ? NEVER : undefined),
            onConflated: (item) => void skipped.push(`${name} ${item}`),
          }),
      )
      session?.push('x', 'a1')
      other?.push('a2', 'a3')
      expect(skipped).to.deep.equal(['old a1', 'new a2'])
    })
  })

  describe('if the key function throws', () => {
    it('runs the item in its turn like an item without a key, and reports the error once at that point', async () => {
      const notes: string[] = []
      const first: Deferred<void> = deferred()
      const key = (item: unknown): unknown => {
        if (item === 'bad') throw new TypeError('no key')
        return undefined
      }
      const session: ItemSession<string> = sessionOf(
        {
          run: (item) => {
            notes.push(item)
            return item === 'first' ? first.promise : undefined
          },
          onKeyError: (error, item) => void notes.push(`${error.message}: ${item}`),
        },
        { key, conflate: true },
      )
      session.push('first', 'bad', 'last')
      expect(notes).to.deep.equal(['first'])
      first.resolve()
      await settle()
      expect(notes).to.deep.equal(['first', 'no key: bad', 'bad', 'last'])
    })

    it('calls the function only for messages', () => {
      const asked: unknown[] = []
      const queue = queueOf({ key: (item) => asked.push(item) })
      const session = new ItemSession<string>(queue, { run: () => undefined })
      for (const kind of ['message', 'binary', 'undecodable'] as const)
        session.receive(session.messageOf(kind, kind))
      expect(asked).to.deep.equal(['message'])
    })
  })

  describe('#remove', () => {
    it('removes items that have not started, key by key, and lets the running ones continue', async () => {
      const { begun, session, push, end } = rig({ limit: 2 })
      push('a1', 'b1', 'a2', 'c1', 'a3', 'c2')
      expect(session.remove()).to.deep.equal(['a2', 'a3', 'c1', 'c2'])
      expect(session.remove()).to.deep.equal([])
      push('a4', 'c3')
      await end('b1')
      expect(begun).to.deep.equal(['a1', 'b1', 'c3'])
      await end('a1')
      expect(begun).to.deep.equal(['a1', 'b1', 'c3', 'a4'])
    })

    it("keeps the other session's items in place", async () => {
      const { begun, session, other, end } = rig({ limit: 1 })
      session.push('x', 'a1')
      other.push('a2')
      session.push('b1', 'c1')
      other.push('c2')
      expect(session.remove()).to.deep.equal(['a1', 'b1', 'c1'])
      for (const item of ['x', 'a2']) await end(item)
      expect(begun).to.deep.equal(['x', 'a2', 'c2'])
    })

    it('leaves no key behind, so that any number of keys can be used', async () => {
      const blocked: ItemSession<object> = sessionOf<object>(
        { run: () => NEVER },
        { limit: 1, key: () => Array.from({ length: 50_000 }, () => 0) },
      )
      blocked.push({})
      await expectNoGrowth(() => {
        blocked.push({})
        expect(blocked.remove()).to.have.length(1)
      })
    })
  })

  describe('a slot that is released from a handler', () => {
    it("lets the next item with the same key start, and ignores the handler's later results", async () => {
      const { begun, session, other, end } = rig({ limit: 1 })
      session.push('a1')
      other.push('a2', 'a3')
      expect(session.release()).to.deep.equal(['a1'])
      expect(begun).to.deep.equal(['a1', 'a2'])
      await end('a1')
      expect(begun).to.deep.equal(['a1', 'a2'])
      await end('a2')
      expect(begun).to.deep.equal(['a1', 'a2', 'a3'])
    })
  })

  describe('under random operations', () => {
    interface Item {
      readonly id: number
      readonly key: number | undefined
      readonly isAsync: boolean
    }
    type Step = 'end first' | 'end last' | 'remove' | 'release' | Omit<Item, 'id'>

    const steps = fc.array(
      fc.oneof(
        {
          weight: 6,
          arbitrary: fc.record({ key: fc.option(fc.nat(3), { nil: undefined }), isAsync: fc.boolean() }),
        },
        { weight: 3, arbitrary: fc.constantFrom('end first' as const, 'end last' as const) },
        { weight: 1, arbitrary: fc.constantFrom('remove' as const, 'release' as const) },
      ),
      { maxLength: 100 },
    )

    /** Drives a queue through the steps, checks the invariants after each, and then drains it. */
    async function drive(limit: number, conflate: boolean, all: readonly Step[]) {
      const pushed: Item[] = []
      const begun: Item[] = []
      const skipped: Item[] = []
      const cleared: Item[] = []
      let running: { item: Item; over: Deferred<void> }[] = []
      const session = sessionOf<Item>(
        {
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
          onHandled: (handled) => void (running = running.filter(({ item }) => item !== handled)),
        },
        { limit, conflate, key: (item) => (item as Item).key },
      )
      const end = async (at: 0 | -1): Promise<void> => {
        running.at(at)?.over.resolve()
        await settle()
      }
      for (const step of all) {
        if (step === 'release') session.release()
        else if (step === 'remove') cleared.push(...session.remove())
        else if (step === 'end first') await end(0)
        else if (step === 'end last') await end(-1)
        else {
          const item = { ...step, id: pushed.length }
          pushed.push(item)
          session.push(item)
        }
        const known = [...begun, ...skipped, ...cleared]
        const waiting = pushed.filter((item) => !known.includes(item))
        const busy = new Set(running.map(({ item }) => item.key))
        if (running.length < limit) expect(waiting.filter(({ key }) => !busy.has(key))).to.deep.equal([])
      }
      while (running.length > 0) await end(0)
      return { pushed, begun, skipped, cleared }
    }

    const limits = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(Infinity))
    const idsOf = (items: readonly Item[], key?: Item['key'] | 'any'): number[] =>
      items.filter((item) => key === 'any' || item.key === key).map(({ id }) => id)
    const ascending = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b)
    const KEYS = [undefined, 0, 1, 2, 3]

    it('runs each item once, items with the same key in order and one at a time, and never more items at once than the limit', async () => {
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

    it('runs or conflates each item once, in order, and always runs the last item for each key, if conflate is set', async () => {
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
